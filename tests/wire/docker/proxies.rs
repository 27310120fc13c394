//! The proxies of the environment: asked for what is elsewhere, never for this machine.

use wharf::clients::Mode;
use wharf::clients::gate::Client;
use wharf::clients::http::{Ask, Http, HttpEndpoint, Url};
use wharf::model::fault::FaultKind;

use crate::docker_client::{whole, wire};
use crate::far::{Act, Far};
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
    http(&here).send(Ask::get("/x", "/x")).await.expect("this machine is reached past the proxy");
    let fault = http("http://registry.invalid").send(Ask::get("/x", "/x")).await.expect_err("the proxy is not there");
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
