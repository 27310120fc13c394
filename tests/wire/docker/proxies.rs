//! The proxies of the environment: asked for what is elsewhere, never for this machine.

use std::path::Path;

use wharf::clients::gate::Client;
use wharf::clients::http::{Ask, Http, HttpEndpoint, Url};
use wharf::clients::{Mode, Proxies, TlsFiles, Verify, Wire};
use wharf::model::fault::FaultKind;

use crate::docker_client::{docker, options, whole, wire};
use crate::far::{Act, Far, engine};
use crate::own_process::{own_process, passed};

const WHERE: &str = "WHARF_TEST_BEHIND_A_PROXY";

fn http(base: &str) -> Http {
    let base = Url::parse(base).expect("a url");
    let endpoint = HttpEndpoint { name: "web-1".into(), base, ca: None, client: Client::Harbor, credentials: None };
    Http::new(&wire(Mode::Writing), endpoint).expect("a client")
}

/// Runs in a process of its own, whose environment names a proxy that is not there.
#[tokio::test]
async fn proxy_in_front_of_an_engine() {
    let Ok(here) = std::env::var(WHERE) else { return };
    http(&here).send(Ask::get("/api/v2.0/ping", "/api/v2.0/ping")).await.expect("this machine is reached past the proxy");
    let fault =
        http("http://registry.invalid").send(Ask::get("/api/v2.0/ping", "/api/v2.0/ping")).await.expect_err("the proxy is not there");
    whole(&fault);
    assert!(fault.kind == FaultKind::Refused && fault.hint.en.contains("NO_PROXY"), "{fault}");
}

#[test]
fn this_machine_is_reached_past_every_proxy() {
    let far = Far::serve(|_| Act::json("{}"));
    let ended = own_process(module_path!(), "proxy_in_front_of_an_engine")
        .env(WHERE, format!("http://{}", far.address))
        .envs(["HTTP_PROXY", "http_proxy"].map(|name| (name, "http://127.0.0.1:9")))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .expect("it runs");
    passed(&ended);
    assert_eq!(far.accepted(), 1);
}

/// A wire whose engines over TCP are behind this proxy.
fn behind(http: &str, https: &str, no: &str) -> Wire {
    let mut options = options(Mode::ReadOnly, Path::new("/tmp/wharf-none"));
    options.proxies = Proxies::named(http, https, no);
    Wire::new(options).expect("a wire")
}

#[tokio::test]
async fn an_engine_over_plain_tcp_is_asked_through_the_proxy_by_its_whole_address() {
    let proxy = Far::serve(|asked| match asked.target.strip_prefix("http://engine.invalid:2375") {
        Some("/_ping") => crate::far::ping("1.41"),
        Some("/v1.41/containers/json?all=1") => Act::json("[]"),
        other => panic!("{other:?}"),
    });
    let wire = behind(&format!("http://me:s3cret@{}", proxy.address), "", "");
    docker(&wire, "tcp://engine.invalid:2375", None).list_containers(&[]).await.expect("a list");
    let head = proxy.asked()[0].head.to_ascii_lowercase();
    assert!(head.contains("host: engine.invalid:2375") && head.contains("proxy-authorization: basic bwu6cznjcmv0"), "{head}");
}

#[tokio::test]
async fn what_goes_on_comes_through_the_proxy_too() {
    let proxy = Far::serve(|asked| match asked.target.strip_prefix("http://engine.invalid:2375") {
        Some("/_ping") => crate::far::ping("1.41"),
        Some(target) if target.starts_with("/v1.41/events") => Act::Pieces(Vec::new(), Vec::new()),
        other => panic!("{other:?}"),
    });
    let wire = behind(&format!("http://{}", proxy.address), "", "");
    let mut events = docker(&wire, "tcp://engine.invalid:2375", None).watch_events(None).await.expect("a stream");
    assert!(events.next().await.is_none(), "it has ended");
}

#[tokio::test]
async fn an_engine_over_tls_is_reached_by_a_tunnel_and_a_refusal_names_the_proxy() {
    let proxy = Far::serve(|_| Act::Answer(403, Vec::new(), b"no".to_vec()));
    let wire = behind("", &format!("http://{}", proxy.address), "");
    let tls = TlsFiles { verify: Verify::No, ..TlsFiles::default() };
    let fault = docker(&wire, "tcp://engine.invalid:2376", Some(tls)).ping().await.expect_err("refused");
    whole(&fault);
    assert!(fault.kind == FaultKind::Unreachable && fault.cause.en.contains("HTTPS_PROXY) answered 403"), "{fault}");
    assert_eq!(proxy.lines(), ["CONNECT engine.invalid:2376"]);
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_says_so_and_the_hint_helps() {
    let proxy = Far::serve(|asked| {
        if asked.head.contains("Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==") {
            return Act::Answer(502, Vec::new(), Vec::new());
        }
        Act::Answer(407, vec![("Proxy-Authenticate".into(), "Basic realm=x".into())], Vec::new())
    });
    let tls = TlsFiles { verify: Verify::No, ..TlsFiles::default() };
    let ask = async |https: String| {
        docker(&behind("", &https, ""), "tcp://engine.invalid:2376", Some(tls.clone())).ping().await.expect_err("no way through")
    };
    let fault = ask(format!("http://{}", proxy.address)).await;
    assert_eq!(fault.kind, FaultKind::Config);
    let hint = fault.hint.en.split_once("HTTPS_PROXY: ").expect("a line to copy").1.to_owned();
    assert_eq!(hint, format!("http://user:password@{}", proxy.address));
    assert!(ask(hint).await.cause.en.contains("answered 502"), "the password is taken");
}

#[tokio::test]
async fn a_proxy_that_is_away_is_told_from_the_engine_and_no_proxy_goes_past_it() {
    let fault = docker(&behind("http://127.0.0.1:9", "", ""), "tcp://engine.invalid:2375", None).ping().await.expect_err("away");
    whole(&fault);
    assert!(fault.kind == FaultKind::Refused && fault.cause.en.contains("the proxy 127.0.0.1:9 (HTTP_PROXY)"), "{fault}");
    assert!(fault.hint.en.contains("NO_PROXY"));
    let past =
        docker(&behind("http://127.0.0.1:9", "", "engine.invalid"), "tcp://engine.invalid:2375", None).ping().await.expect_err("no name");
    assert!(past.cause.en.contains("engine.invalid") && !past.cause.en.contains("proxy"), "{past}");
}

#[tokio::test]
async fn this_machine_is_reached_past_the_proxy_of_engines() {
    let far = Far::serve(engine("1.41", |_| Act::json("[]")));
    docker(&behind("http://127.0.0.1:9", "", ""), &far.tcp(), None).list_containers(&[]).await.expect("a list");
}
