//! A registry's credential, read where the config says it is kept.

use std::time::Duration;

use secrecy::SecretString;

use crate::clients::Wire;
use crate::clients::http::Credentials;
use crate::clients::program::Program;
use crate::config::{Access, Credential, Resolved, SecretRef, User};
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
    let Some((program, args)) = asking.argv.split_first() else { return Err(no_user(endpoint)) };
    let template = if asking.input.is_some() { "docker-credential get" } else { "secret command" };
    let run = Program {
        endpoint,
        template,
        path: program,
        args: args.iter().map(Into::into).collect(),
        stdin: asking.input.clone().map(String::into_bytes),
        timeout: ASKING,
        max_output: PRINTED,
    };
    let ended = wire.run_program(run).await?;
    if !ended.status.success() {
        let code = ended.status.code().map_or_else(|| "?".to_owned(), |c| c.to_string());
        return Err(Fault::new(
            endpoint,
            FaultKind::Config,
            Text::made(format!("the program for its secret ended with code {code}"), format!("取密文的程序以 {code} 退出")),
            Text::new("run it by hand to see why", "请手工运行看看原因"),
        ));
    }
    asking.answer(&ended.stdout)
}

fn known(secret: SecretString) -> Credential {
    Credential { user: None, secret }
}

fn no_user(endpoint: &str) -> Fault {
    Fault::new(
        endpoint,
        FaultKind::Config,
        Text::new("a password is configured, but no user", "配置了密码，但没有用户"),
        Text::new("add user = \"..\" to this [[registry]]", "请在该 [[registry]] 中加上 user = \"..\""),
    )
}
