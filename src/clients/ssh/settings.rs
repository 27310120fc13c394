//! What the user's own ssh settings say of a host: through which jump host it goes.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::Login;
use crate::clients::Wire;
use crate::clients::program::Program;
use crate::model::fault::Fault;

/// Arguments that say where: another config file, the port, the destination.
pub(super) fn destination(login: &Login, config: Option<&Path>) -> (Vec<OsString>, OsString) {
    let mut args = Vec::new();
    if let Some(config) = config {
        args.extend(["-F".into(), config.into()]);
    }
    if let Some(port) = login.port {
        args.extend(["-p".into(), port.to_string().into()]);
    }
    (args, login.destination().into())
}

/// The first jump host on the way, or its `ProxyCommand`; `None` where the way is direct.
pub(super) async fn fetch_jump(wire: &Wire, endpoint: &str, login: &Login) -> Result<Option<String>, Fault> {
    let (mut args, to) = destination(login, wire.shared().options.ssh_config.as_deref());
    args.extend(["-G".into(), "--".into(), to]);
    let program =
        Program { endpoint, template: "ssh -G", path: "ssh", args, stdin: None, timeout: Duration::from_secs(10), max_output: 256 << 10 };
    let ended = wire.run_program(program).await?;
    if !ended.status.success() {
        return Err(super::faults::explain(endpoint, login, None, &String::from_utf8_lossy(&ended.stderr)));
    }
    Ok(jump(&String::from_utf8_lossy(&ended.stdout)))
}

fn jump(settings: &str) -> Option<String> {
    let value =
        |key: &str| settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).filter(|v| *v != "none" && !v.is_empty());
    value("proxyjump").map(|hops| hops.split(',').next().unwrap_or(hops).to_owned()).or_else(|| value("proxycommand").map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hop_is_the_jump_host() {
        assert_eq!(jump("host a\nproxyjump ops@jump:2222,second\nport 22\n").as_deref(), Some("ops@jump:2222"));
        assert_eq!(jump("proxycommand nc -X 5 %h %p\n").as_deref(), Some("nc -X 5 %h %p"));
        assert_eq!(jump("proxyjump none\nproxycommand none\n"), None);
        assert_eq!(jump("host proxyjump\n"), None);
    }

    #[test]
    fn a_port_and_another_config_are_arguments_of_their_own() {
        let login = Login { user: Some("ops".into()), host: "h".into(), port: Some(2222) };
        let (args, to) = destination(&login, Some(Path::new("/x y")));
        assert_eq!((args, to), (vec!["-F".into(), "/x y".into(), "-p".into(), "2222".into()], "ops@h".into()));
    }
}
