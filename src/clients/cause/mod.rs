//! Reads the chain of an error of the network into a Fault: what happened and what to do next.

mod tls;

use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean, cut_middle};

/// Where it happened, for the words of a Fault.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// The endpoint's name in the config.
    pub(crate) endpoint: &'a str,
    /// `host:port`, a socket file, a URL without secrets.
    pub(crate) address: &'a str,
    /// The CA that it is judged by, where it is an own one.
    pub(crate) ca: Option<PathBuf>,
    /// True where we show a certificate of our own.
    pub(crate) identity: bool,
}

impl Place<'_> {
    pub(crate) fn fault(&self, kind: FaultKind, cause: Text, hint: Text) -> Fault {
        Fault::new(self.endpoint, kind, cause, hint)
    }

    /// Whatever an error's chain tells. Falls back to the error's own words.
    pub(crate) fn explain(&self, error: &(dyn Error + 'static)) -> Fault {
        let mut words = String::new();
        for cause in chain(error) {
            if let Some(tls) = find_tls(cause) {
                return self.tls(tls);
            }
            if let Some(io) = cause.downcast_ref::<std::io::Error>()
                && let Some(fault) = self.io(io)
            {
                return fault;
            }
            if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
                if hyper.is_incomplete_message() || hyper.is_body_write_aborted() {
                    return self.cut();
                }
                if hyper.is_parse() || hyper.is_parse_too_large() {
                    return self.not_http(&hyper.to_string());
                }
            }
            words = cause.to_string();
            if is_name_failure(&words) {
                return self.no_such_name();
            }
        }
        let (address, words) = (self.address, short(&words));
        self.fault(
            FaultKind::Unreachable,
            Text::made(format!("{address}: {words}"), format!("{address}:{words}")),
            Text::new("see whether the network and the service there are up", "请检查网络和对端服务是否正常"),
        )
    }

    fn io(&self, io: &std::io::Error) -> Option<Fault> {
        let address = self.address;
        Some(match io.kind() {
            ErrorKind::ConnectionRefused => self.fault(
                FaultKind::Refused,
                Text::made(format!("nothing listens on {address}"), format!("{address} 没有服务在监听")),
                Text::new("see whether the service runs there and whether the port is right", "请检查那里的服务是否在运行、端口是否正确"),
            ),
            ErrorKind::NotFound => self.fault(
                FaultKind::Refused,
                Text::made(format!("{address} does not exist"), format!("{address} 不存在")),
                Text::new(
                    "see whether the engine runs here and where its socket is (`docker context ls`)",
                    "请检查本机引擎是否在运行、套接字在哪里(`docker context ls`)",
                ),
            ),
            ErrorKind::PermissionDenied => self.fault(
                FaultKind::Forbidden,
                Text::made(format!("you may not open {address}"), format!("当前用户无权打开 {address}")),
                Text::new(
                    "join the group that owns the socket (usually docker) and log in again",
                    "请加入套接字所属的用户组(通常是 docker)后重新登录",
                ),
            ),
            ErrorKind::TimedOut => self.timeout(None),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => self
                .fault(
                    FaultKind::Unreachable,
                    Text::made(format!("no route to {address}"), format!("到 {address} 没有路由")),
                    Text::new("check the network, the VPN and the address", "请检查网络、VPN 和地址"),
                ),
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => self.cut(),
            _ if io.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => self.no_more_files(),
            _ if is_name_failure(&io.to_string()) => self.no_such_name(),
            _ => return None,
        })
    }

    /// This machine's limit, not the host's.
    pub(crate) fn no_more_files(&self) -> Fault {
        self.fault(
            FaultKind::Limit,
            Text::new("this process may open no more files", "本进程打开的文件数已到上限"),
            Text::new("raise the hard limit (`ulimit -Hn`) and start again", "请提高硬限制(`ulimit -Hn`)后重新启动"),
        )
    }

    pub(crate) fn no_such_name(&self) -> Fault {
        let address = self.address;
        self.fault(
            FaultKind::Unreachable,
            Text::made(format!("the name in {address} is not known here"), format!("无法解析 {address} 中的名字")),
            Text::new("check the spelling, /etc/hosts and this machine's DNS", "请检查拼写、/etc/hosts 和本机 DNS"),
        )
    }

    /// No answer within `limit`.
    pub(crate) fn timeout(&self, limit: Option<Duration>) -> Fault {
        let address = self.address;
        let (en, zh) = limit.map_or((String::new(), String::new()), |d| {
            (format!(" within {:.1} s", d.as_secs_f32()), format!("({:.1} 秒内)", d.as_secs_f32()))
        });
        self.fault(
            FaultKind::Timeout,
            Text::made(format!("no answer from {address}{en}"), format!("{address} 没有应答{zh}")),
            Text::new("the machine may be down, or a firewall drops the packets", "机器可能已停机,或者防火墙丢弃了报文"),
        )
    }

    /// The connection ended in the middle of an answer.
    pub(crate) fn cut(&self) -> Fault {
        let address = self.address;
        self.fault(
            FaultKind::Unreachable,
            Text::made(format!("{address} closed the connection in mid-answer"), format!("{address} 在应答途中断开了连接")),
            Text::new("the service there restarts or a proxy cuts it; it is tried again", "对端服务可能在重启,或被代理切断;会自动重试"),
        )
    }

    /// Something answers that does not speak HTTP.
    pub(crate) fn not_http(&self, words: &str) -> Fault {
        let (address, words) = (self.address, short(words));
        self.fault(
            FaultKind::Protocol,
            Text::made(format!("{address} does not speak HTTP as expected ({words})"), format!("{address} 的应答不是预期的 HTTP({words})")),
            Text::new(
                "another service may sit on that port; check the address, and whether it wants TLS",
                "该端口可能是别的服务;请检查地址,以及是否需要 TLS",
            ),
        )
    }

    /// An answer over our bounds.
    pub(crate) fn too_large(&self, limit: usize) -> Fault {
        let address = self.address;
        let limit = limit.div_ceil(1024);
        self.fault(
            FaultKind::TooLarge,
            Text::made(format!("{address} sent over {limit} KiB and was cut off"), format!("{address} 的应答超过 {limit} KiB,已中止")),
            Text::new("this is not what the service usually answers; look at it with curl", "这不是正常大小的应答,请用 curl 查看"),
        )
    }

    /// What came back is not the JSON that we asked for; `head` is its beginning.
    pub(crate) fn garbage(&self, head: &[u8], why: &str) -> Fault {
        let address = self.address;
        let text = String::from_utf8_lossy(&head[..head.len().min(600)]).into_owned();
        let html = text.trim_start().starts_with('<');
        let shown = short(if html { strip_tags(&text) } else { text }.trim());
        let (en, zh) = if html {
            (format!("{address} answered with a web page: \"{shown}\""), format!("{address} 返回的是网页:“{shown}”"))
        } else {
            let why = short(why);
            (
                format!("{address} answered with something else than JSON ({why}): \"{shown}\""),
                format!("{address} 返回的不是 JSON({why}):“{shown}”"),
            )
        };
        self.fault(
            FaultKind::Protocol,
            Text::made(en, zh),
            Text::new(
                "a proxy or another service answers there; check the address and its path",
                "应答的可能是代理或别的服务;请检查地址和路径",
            ),
        )
    }
}

/// An error and all that is behind it, what `io::Error` hides included.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            return Some(inner as &(dyn Error + 'static));
        }
        error.source()
    })
}

fn find_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>()
}

fn is_name_failure(words: &str) -> bool {
    words.contains("failed to lookup address information") || words.contains("invalid dnsname") || words.contains("no record found")
}

/// Washed and at most about one line long.
pub(crate) fn short(words: &str) -> String {
    let one: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    cut_middle(&clean(&one), 160).into_owned()
}

fn strip_tags(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place { endpoint: "web-1", address: "10.0.0.1:2376", ca: Some("ca.pem".into()), identity: false }
    }

    #[test]
    fn io_errors_are_told_apart() {
        for (kind, wanted) in [
            (ErrorKind::ConnectionRefused, FaultKind::Refused),
            (ErrorKind::TimedOut, FaultKind::Timeout),
            (ErrorKind::HostUnreachable, FaultKind::Unreachable),
            (ErrorKind::PermissionDenied, FaultKind::Forbidden),
            (ErrorKind::ConnectionReset, FaultKind::Unreachable),
        ] {
            assert_eq!(place().explain(&std::io::Error::from(kind)).kind, wanted);
        }
        let full = std::io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert_eq!(place().explain(&full).kind, FaultKind::Limit);
    }

    #[test]
    fn a_web_page_shows_its_first_words_and_no_escape() {
        let fault = place().garbage(b"<html><title>502 Bad\x1b[2J Gateway</title></html>", "");
        assert!(fault.cause.en.contains("web page") && fault.cause.en.contains("502 Bad"), "{fault}");
        assert!(!fault.cause.en.contains('\x1b'));
    }
}
