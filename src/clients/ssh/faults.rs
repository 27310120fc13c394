//! What ssh says on its standard error, read into a Fault: each trouble with its own next step.

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStdout;

use super::Login;
use crate::clients::cause::short;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// One trouble: what stands in ssh's words, its kind, and the words of ours.
struct Known {
    marks: &'static [&'static str],
    kind: FaultKind,
    cause: (&'static str, &'static str),
    /// `{to}` is what one would type after `ssh`.
    hint: (&'static str, &'static str),
}

/// In this order: the first that fits tells most.
const KNOWN: &[Known] = &[
    Known {
        marks: &["REMOTE HOST IDENTIFICATION HAS CHANGED", "host key for", "differs from the key"],
        kind: FaultKind::HostKey,
        cause: ("its host key has changed", "主机密钥已改变"),
        hint: (
            "was it reinstalled? then `ssh-keygen -R HOST` and `ssh {to}` once by hand, comparing the fingerprint; if not, somebody may sit in between",
            "机器是否重装过?若是,请先 `ssh-keygen -R HOST`,再手工 `ssh {to}` 一次并核对指纹;若否,可能有中间人",
        ),
    },
    Known {
        marks: &["Host key verification failed", "host key is known for"],
        kind: FaultKind::HostKey,
        cause: ("its host key is not known here", "本机尚不认识它的主机密钥"),
        hint: ("run `ssh {to}` once by hand and compare the fingerprint", "请手工执行一次 `ssh {to}` 并核对指纹"),
    },
    Known {
        marks: &["Permission denied (", "Too many authentication failures", "No supported authentication methods"],
        kind: FaultKind::Unauthorized,
        cause: ("no key of yours is accepted", "没有被接受的密钥"),
        hint: (
            "load your key (`ssh-add`; keys with a passphrase only work from an agent), or put it into authorized_keys there; then try again",
            "请加载密钥(`ssh-add`;带口令的密钥只能经 agent 使用),或把公钥加入对端 authorized_keys,然后重试",
        ),
    },
    Known {
        marks: &["Could not resolve hostname"],
        kind: FaultKind::Unreachable,
        cause: ("the name is not known here", "无法解析主机名"),
        hint: ("check the spelling, ~/.ssh/config and this machine's DNS", "请检查拼写、~/.ssh/config 和本机 DNS"),
    },
    Known {
        marks: &["stdio forwarding failed", "channel 0: open failed", "UNKNOWN port 65535"],
        kind: FaultKind::Ssh,
        cause: ("the jump host dropped the connection or cannot reach the host", "跳板机断开了连接,或无法到达目标主机"),
        hint: (
            "try `ssh {to}` by hand; see whether the jump host is up and may reach it (its MaxStartups limits logins)",
            "请手工试 `ssh {to}`;检查跳板机是否正常、能否到达目标(其 MaxStartups 会限制登录数)",
        ),
    },
    Known {
        marks: &["Connection refused"],
        kind: FaultKind::Refused,
        cause: ("no ssh server listens there", "那里没有 ssh 服务在监听"),
        hint: ("see whether sshd runs there and whether the port is right", "请检查 sshd 是否在运行、端口是否正确"),
    },
    Known {
        marks: &["timed out", "Timeout, server"],
        kind: FaultKind::Timeout,
        cause: ("no answer", "没有应答"),
        hint: ("the machine may be down, or a firewall drops the packets", "机器可能已停机,或者防火墙丢弃了报文"),
    },
    Known {
        marks: &["No route to host", "Network is unreachable"],
        kind: FaultKind::Unreachable,
        cause: ("no route to it", "没有路由"),
        hint: ("check the network, the VPN and the address", "请检查网络、VPN 和地址"),
    },
    Known {
        marks: &[
            "Bad configuration option",
            "Bad owner or permissions",
            "terminating, ",
            "Can't open user config file",
            "keyword ",
            "unknown option",
        ],
        kind: FaultKind::Config,
        cause: ("ssh does not accept its settings", "ssh 不接受其配置"),
        hint: ("correct the file that it names", "请改正它指出的文件"),
    },
    Known {
        marks: &["Connection closed by", "Connection reset by", "kex_exchange_identification", "Broken pipe", "closed by remote host"],
        kind: FaultKind::Ssh,
        cause: ("the other side closed the connection", "对端断开了连接"),
        hint: (
            "try `ssh {to}` by hand; too many logins at once (MaxStartups) or an access rule there may be the reason",
            "请手工试 `ssh {to}`;可能是同时登录过多(MaxStartups)或对端访问限制",
        ),
    },
];

/// What was said before ssh ended.
pub(super) struct Said<'a> {
    pub(super) ssh: &'a str,
    /// By the login shell on the other side, on its standard output.
    pub(super) shell: &'a str,
}

/// The first words of a shell that has ended.
pub(super) async fn words_of(stdout: Option<ChildStdout>) -> String {
    const MOST: usize = 2048;
    let mut words = vec![0u8; MOST];
    let mut length = 0;
    let Some(mut stdout) = stdout else { return String::new() };
    let reading = async {
        while let Ok(n @ 1..) = stdout.read(&mut words[length..]).await {
            length += n;
        }
    };
    // A child of its own may hold the pipe open: half of the words will do.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(200), reading).await;
    short(&String::from_utf8_lossy(&words[..length]))
}

/// ssh was let in or not, and ended: a login shell that runs no commands ends at once and says so in its own words.
pub(super) fn ended(endpoint: &str, login: &Login, jump: Option<&str>, said: &Said<'_>) -> Fault {
    if said.shell.is_empty() || known(said.ssh).is_some() {
        return explain(endpoint, login, jump, said.ssh);
    }
    let shell = said.shell;
    Fault::new(
        endpoint,
        FaultKind::Ssh,
        Text::made(
            format!("ssh to {login} is let in, and its login shell ends at once, saying: {shell}"),
            format!("ssh 到 {login} 已登录，但其登录 shell 立即结束，并输出：{shell}"),
        ),
        Text::made(
            format!("give that user a shell that runs commands (`ssh {} true` must print nothing), or name another user", to(login)),
            format!("请给该用户一个能执行命令的 shell（`ssh {} true` 应无输出），或换一个用户", to(login)),
        ),
    )
}

/// What one would type after `ssh`.
pub(super) fn to(login: &Login) -> String {
    match login.port {
        Some(port) => format!("-p {port} {}", login.destination()),
        None => login.destination(),
    }
}

/// The trouble that these words name. Only lines that ssh itself begins so count: a banner may hold any words.
fn known(said: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| said.lines().any(|line| is_of_ssh(line) && known.marks.iter().any(|mark| line.contains(mark))))
}

/// How lines of ssh begin (and those of the ssh to a jump host, which go to the same place).
fn is_of_ssh(line: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "ssh: ",
        "ssh_",
        "kex_",
        "client_loop",
        "channel ",
        "mux_",
        "packet_write",
        "stdio forwarding",
        "Connection ",
        "Timeout, ",
        "Received disconnect",
        "Disconnected ",
        "Host key ",
        "No ",
        "@ ",
        "Unable to negotiate",
        "Bad ",
        "Can't open",
        "Could not ",
        "Cannot ",
        "command-line",
        "unknown option",
        "setsid: ",
    ];
    let line = line.trim_end();
    // `user@host: Permission denied (publickey).`, `/root/.ssh/config: line 3: Bad ..`, `/x/config: terminating, 1 bad ..`
    let named = line.split_once(": ").is_some_and(|(who, _)| !who.contains(' ') && (who.contains('@') || who.starts_with(['/', '~'])));
    named || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}

/// Reads what ssh wrote. `jump` is the first hop where there is one.
pub(super) fn explain(endpoint: &str, login: &Login, jump: Option<&str>, said: &str) -> Fault {
    let known = known(said);
    let to = to(login);
    let line = known
        .and_then(|k| said.lines().find(|line| is_of_ssh(line) && k.marks.iter().any(|mark| line.contains(mark))))
        .or_else(|| said.lines().rfind(|l| !l.trim().is_empty()));
    // The banner of a changed key is all capitals and at-signs: our own words say it better.
    let line = line.filter(|l| !l.starts_with('@')).map(short).filter(|l| !l.is_empty());
    let (en, zh) = line.map_or((String::new(), String::new()), |l| (format!(" ({l})"), format!("({l})")));
    let (via_en, via_zh) = jump.map_or((String::new(), String::new()), |j| {
        let j = short(j);
        (format!(" through {j}"), format!("(经 {j})"))
    });
    let (kind, cause, hint) = known
        .map_or((FaultKind::Ssh, ("it could not be set up", "无法建立"), ("try `ssh {to}` by hand", "请手工试 `ssh {to}`")), |k| {
            (k.kind, k.cause, k.hint)
        });
    Fault::new(
        endpoint,
        kind,
        Text::made(format!("ssh to {login}{via_en}: {}{en}", cause.0), format!("ssh 到 {login}{via_zh}:{}{zh}", cause.1)),
        Text::made(hint.0.replace("{to}", &to).replace("HOST", &login.host), hint.1.replace("{to}", &to).replace("HOST", &login.host)),
    )
}

/// ssh did not say anything in time.
pub(super) fn timeout(endpoint: &str, login: &Login, jump: Option<&str>, said: &str) -> Fault {
    if said.trim().is_empty() {
        return explain(endpoint, login, jump, "Connection timed out");
    }
    let mut fault = explain(endpoint, login, jump, said);
    if fault.kind == FaultKind::Ssh {
        fault.kind = FaultKind::Timeout;
    }
    fault
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_banner_is_not_taken_for_what_went_wrong() {
        let login = Login { user: None, host: "h1".into(), port: None, arguments: Arc::default() };
        let denied = "ops@h1: Permission denied (publickey).\r\n";
        let refused = "ssh: connect to host h1 port 22: Connection refused\r\n";
        for banner in [
            "Idle sessions are timed out after 10 minutes.",
            "    Connection refused to all but staff.",
            "Unauthorised users: your login is closed by remote host policy, Connection reset by the guard.",
            "*** No route to host for visitors: Permission denied (visitors) ***",
            "Welcome to h1. Host key verification failed? Ask operations.",
            "keyword of the day: terminating, as ever",
        ] {
            for (line, kind) in [(denied, FaultKind::Unauthorized), (refused, FaultKind::Refused), ("exit 255\r\n", FaultKind::Ssh)] {
                let fault = explain("web", &login, None, &format!("{banner}\n{line}"));
                assert_eq!(fault.kind, kind, "{banner}: {fault}");
            }
        }
    }

    #[test]
    fn a_shell_that_runs_no_commands_is_told_in_its_own_words() {
        let login = Login { user: Some("ops".into()), host: "h1".into(), port: None, arguments: Arc::default() };
        for shell in ["This account is currently not available.", "Welcome! Only git is served here.", "sorry, no shell"] {
            let fault = ended("web", &login, None, &Said { ssh: "Authorised use only\n", shell });
            assert!(
                fault.kind == FaultKind::Ssh && fault.cause.en.ends_with(shell) && fault.hint.en.contains("ssh ops@h1 true"),
                "{fault}"
            );
        }
        let denied = ended("web", &login, None, &Said { ssh: "ops@h1: Permission denied (publickey).", shell: "noise" });
        assert_eq!(denied.kind, FaultKind::Unauthorized, "what ssh says goes first");
    }

    #[test]
    fn words_of_openssh_are_told_apart() {
        let login = Login { user: Some("ops".into()), host: "h1".into(), port: Some(2222), arguments: Arc::default() };
        for (said, kind, part) in [
            (
                "@@@@@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n",
                FaultKind::HostKey,
                "has changed",
            ),
            (
                "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                FaultKind::HostKey,
                "not known",
            ),
            ("ops@h1: Permission denied (publickey,password).\r\n", FaultKind::Unauthorized, "no key of yours"),
            ("ssh: Could not resolve hostname h1: Name or service not known\r\n", FaultKind::Unreachable, "name"),
            ("ssh: connect to host h1 port 2222: Connection refused\r\n", FaultKind::Refused, "port 2222"),
            ("ssh: connect to host h1 port 2222: Connection timed out\r\n", FaultKind::Timeout, "no answer"),
            ("ssh: connect to host h1 port 2222: No route to host\r\n", FaultKind::Unreachable, "no route"),
            (
                "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN port 65535\r\n",
                FaultKind::Ssh,
                "jump host",
            ),
            ("kex_exchange_identification: Connection closed by remote host\r\n", FaultKind::Ssh, "closed the connection"),
            ("/root/.ssh/config: line 3: Bad configuration option: nonsense\r\n", FaultKind::Config, "line 3"),
            ("something new \x1b[2J", FaultKind::Ssh, "something new"),
            ("", FaultKind::Ssh, "could not be set up"),
        ] {
            let fault = explain("web", &login, None, said);
            assert_eq!(fault.kind, kind, "{said}");
            assert!(fault.cause.en.contains(part) && !fault.cause.en.contains('\x1b'), "{}", fault.cause.en);
            assert!(!fault.hint.zh.is_empty() && !fault.hint.en.contains("{to}"));
        }
        let changed = explain("web", &login, Some("jump"), "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @");
        assert!(changed.hint.en.contains("ssh-keygen -R h1") && changed.hint.en.contains("ssh -p 2222 ops@h1"), "{changed}");
        assert!(changed.cause.en.contains("through jump"));
        assert_eq!(timeout("web", &login, None, "").kind, FaultKind::Timeout);
    }
}
