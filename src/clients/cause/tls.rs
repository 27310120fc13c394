//! What is wrong with the certificates, and with whose.

use rustls::{AlertDescription, CertificateError};

use super::{Place, short};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

impl Place<'_> {
    /// What is wrong with the certificates, and with whose.
    pub(crate) fn tls(&self, error: &rustls::Error) -> Fault {
        let address = self.address;
        let judge = self.ca.as_ref().map_or_else(
            || ("a CA of this system".to_owned(), "本机信任的 CA".to_owned()),
            |ca| {
                let ca = clean(&ca.to_string_lossy()).into_owned();
                (format!("the CA in {ca}"), format!("{ca} 里的 CA"))
            },
        );
        let say = |en: String, zh: String, hint: Text| self.fault(FaultKind::Tls, Text::made(en, zh), hint);
        match error {
            rustls::Error::InvalidCertificate(why) => match why {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => say(
                    format!("the certificate of {address} has expired"),
                    format!("{address} 的证书已过期"),
                    Text::new("renew it there; if it is new, check this machine's clock", "请在对端更新证书;若刚更新过,请检查本机时钟"),
                ),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => say(
                    format!("the certificate of {address} is not valid yet"),
                    format!("{address} 的证书尚未生效"),
                    Text::new("check the clocks of both machines", "请检查两边机器的时钟"),
                ),
                CertificateError::NotValidForName => say(
                    format!("the certificate of {address} is for another name"),
                    format!("{address} 的证书不是签给这个名字的"),
                    Text::new(
                        "use the name in the certificate, or add this one to its subjectAltName",
                        "请使用证书里的名字,或把该地址加入 subjectAltName",
                    ),
                ),
                CertificateError::NotValidForNameContext { presented, .. } => {
                    let names = short(&presented.join(", "));
                    let (en, zh) = if names.is_empty() {
                        ("no name at all (subjectAltName is missing)".to_owned(), "没有任何名字(缺少 subjectAltName)".to_owned())
                    } else {
                        (names.clone(), names)
                    };
                    say(
                        format!("the certificate of {address} is for another name: {en}"),
                        format!("{address} 的证书签给了别的名字:{zh}"),
                        Text::new(
                            "use the name in the certificate, or add this one to its subjectAltName",
                            "请使用证书里的名字,或把该地址加入 subjectAltName",
                        ),
                    )
                }
                CertificateError::UnknownIssuer | CertificateError::BadSignature => say(
                    format!("the certificate of {address} is not signed by {}", judge.0),
                    format!("{address} 的证书不是由{}签发的", judge.1),
                    Text::new(
                        "give the right CA file in the config (`ca`); if you have, somebody may sit in between",
                        "请在配置里给出正确的 CA 文件(`ca`);若无误,可能有中间人",
                    ),
                ),
                CertificateError::Revoked => say(
                    format!("the certificate of {address} was revoked"),
                    format!("{address} 的证书已被吊销"),
                    Text::new("have a new one made", "请重新签发证书"),
                ),
                other => {
                    let words = short(&format!("{other:?}"));
                    say(
                        format!("the certificate of {address} cannot be accepted: {words}"),
                        format!("{address} 的证书无法接受:{words}"),
                        Text::new(
                            "have it made again as an X.509 v3 end-entity certificate with a subjectAltName",
                            "请重新签发带 subjectAltName 的 X.509 v3 终端证书",
                        ),
                    )
                }
            },
            rustls::Error::AlertReceived(alert) => self.alert(*alert),
            rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => say(
                format!("{address} does not speak TLS"),
                format!("{address} 不使用 TLS"),
                Text::new(
                    "take tls out of the config for it, or turn TLS on there (the usual ports: 2376 with TLS, 2375 without)",
                    "请去掉它的 tls 配置,或在对端启用 TLS(习惯端口:TLS 为 2376,明文为 2375)",
                ),
            ),
            other => {
                let words = short(&other.to_string());
                say(
                    format!("TLS with {address} failed: {words}"),
                    format!("与 {address} 的 TLS 握手失败:{words}"),
                    Text::new("see the log of the service there", "请查看对端服务的日志"),
                )
            }
        }
    }

    fn alert(&self, alert: AlertDescription) -> Fault {
        let address = self.address;
        let name = short(&format!("{alert:?}"));
        match alert {
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate | AlertDescription::HandshakeFailure
                if !self.identity =>
            {
                self.fault(
                    FaultKind::Tls,
                    Text::made(
                        format!("{address} asks for a client certificate and none is configured"),
                        format!("{address} 要求客户端证书,但没有配置"),
                    ),
                    Text::new("give ca, cert and key under tls in the config", "请在配置的 tls 里给出 ca、cert 和 key"),
                )
            }
            AlertDescription::CertificateExpired => self.fault(
                FaultKind::Tls,
                Text::made(format!("{address} says that our own certificate has expired"), format!("{address} 认为我们的客户端证书已过期")),
                Text::new("renew the certificate named under tls.cert", "请更新 tls.cert 指定的证书"),
            ),
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError => self.fault(
                FaultKind::Tls,
                Text::made(
                    format!("{address} does not accept our own certificate ({name})"),
                    format!("{address} 不接受我们的客户端证书({name})"),
                ),
                Text::new(
                    "use a certificate signed by the CA that the service trusts (its --tlscacert)",
                    "请使用对端信任的 CA(其 --tlscacert)签发的客户端证书",
                ),
            ),
            _ => self.fault(
                FaultKind::Tls,
                Text::made(format!("{address} ended the TLS handshake ({name})"), format!("{address} 中止了 TLS 握手({name})")),
                Text::new("see the log of the service there", "请查看对端服务的日志"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place { endpoint: "web-1", address: "10.0.0.1:2376", ca: Some("ca.pem".into()), identity: false }
    }

    #[test]
    fn a_tls_error_is_found_however_deep_it_is() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let io = std::io::Error::new(std::io::ErrorKind::InvalidData, tls);
        let outer = std::io::Error::other(io);
        let fault = place().explain(&outer);
        assert_eq!(fault.kind, FaultKind::Tls);
        assert!(fault.cause.en.contains("ca.pem") && fault.cause.zh.contains("ca.pem"), "{fault}");
    }

    #[test]
    fn a_missing_certificate_is_told_from_a_refused_one() {
        let required = place().tls(&rustls::Error::AlertReceived(AlertDescription::CertificateRequired));
        assert!(required.cause.en.contains("none is configured"), "{required}");
        let mut ours = place();
        ours.identity = true;
        let refused = ours.tls(&rustls::Error::AlertReceived(AlertDescription::UnknownCA));
        assert!(refused.cause.en.contains("does not accept our own certificate"), "{refused}");
    }
}
