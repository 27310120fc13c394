//! A registry's credential, read where the config says it is kept.

use std::time::Duration;

use secrecy::SecretString;

use crate::clients::Wire;
use crate::clients::http::Credentials;
use crate::clients::program::Program;
use crate::config::{Access, Asking, Credential, Resolved, SecretForm, SecretRef, User};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// How long a program may take to print a secret.
const ASKING: Duration = Duration::from_secs(10);
/// Bytes that it may print.
const PRINTED: usize = 64 << 10;

/// What to log in with; `None` where the config gives no credential. `server` is what a credential helper is asked for.
pub(super) async fn credentials(wire: &Wire, endpoint: &str, access: &Access, server: &str) -> Result<Option<Credentials>, Fault> {
    let Some(password) = &access.password else { return Ok(None) };
    let kept = fetch(wire, endpoint, password, server).await?;
    if kept.form == SecretForm::IdentityToken {
        return Ok(Some(Credentials::IdentityToken(kept.secret)));
    }
    let user = match &access.user {
        Some(User::Plain(name)) => Some(name.to_string()),
        Some(User::Kept(place)) => {
            use secrecy::ExposeSecret as _;
            Some(fetch(wire, endpoint, place, server).await?.secret.expose_secret().to_owned())
        }
        None => kept.user,
    };
    match user {
        Some(user) => Ok(Some(Credentials::Basic { user, password: kept.secret })),
        None => Err(no_user(endpoint)),
    }
}

async fn fetch(wire: &Wire, endpoint: &str, place: &SecretRef, server: &str) -> Result<Credential, Fault> {
    let asking = match place.resolve(server)? {
        Resolved::Known(secret) => return Ok(known(secret)),
        Resolved::Run(asking) => asking,
    };
    if asking.inputs.is_empty() {
        return run(wire, endpoint, &asking, None).await?.ok_or_else(|| asking.unknown());
    }
    for key in &asking.inputs {
        if let Some(credential) = run(wire, endpoint, &asking, Some(key)).await? {
            return Ok(credential);
        }
    }
    Err(asking.unknown())
}

/// Runs the program once; `None` where it does not know this key.
async fn run(wire: &Wire, endpoint: &str, asking: &Asking, key: Option<&String>) -> Result<Option<Credential>, Fault> {
    let Some((program, args)) = asking.argv.split_first() else { return Err(no_user(endpoint)) };
    let run = Program {
        endpoint,
        template: if key.is_some() { "docker-credential get" } else { "secret command" },
        path: program,
        args: args.iter().map(Into::into).collect(),
        stdin: key.map(|key| key.clone().into_bytes()),
        timeout: ASKING,
        max_output: PRINTED,
    };
    let ended = wire.run_program(run).await?;
    if ended.status.success() {
        return asking.answer(&ended.stdout).map(Some);
    }
    match asking.refusal(ended.status.code(), &ended.stdout) {
        Some(fault) => Err(Fault { endpoint: endpoint.to_owned(), ..fault }),
        None => Ok(None),
    }
}

fn known(secret: SecretString) -> Credential {
    Credential { user: None, secret, form: SecretForm::Password }
}

fn no_user(endpoint: &str) -> Fault {
    Fault::new(
        endpoint,
        FaultKind::Config,
        Text::new("a password is configured, but no user", "配置了密码，但没有用户"),
        Text::new("add user = \"..\" to this [[registry]]", "请在该 [[registry]] 中加上 user = \"..\""),
    )
}

pub(super) fn no_identity_token(endpoint: &str) -> Fault {
    Fault::new(
        endpoint,
        FaultKind::Config,
        Text::new(
            "docker keeps an identity token for it, which Harbor's API does not take",
            "docker 为它保存的是身份令牌，Harbor 的 API 不接受",
        ),
        Text::new(
            "give a user and its password (or a robot's secret) to this [[registry]]",
            "请在该 [[registry]] 中写明用户与密码（或机器人账户的密文）",
        ),
    )
}
