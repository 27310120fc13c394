//! The recorded `/v2` of a Harbor: the token dance, tags, manifests with their digests, blobs, referrers, refusals.

use wharf::clients::oci::{Oci, ReferrersBy, Source};
use wharf::model::artifact::Digest;
use wharf::model::fault::FaultKind;

use super::playback::{Exchange, Playback, number};

/// The exchanges that the tests of this file play.
pub(crate) const COVERED: &[u32] = &[135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 152, 156, 188];

const V2: &str = "sha256:d641ca64d1d57bce5e5ab9e7ffaf92bf9dd6faefe9142e242477a4c1550c6ea7";
const LAYER: &str = "sha256:154c07cdaeeaae2a77d7013f23c54b75690692c0d1f460d4d16e30afa15ad19d";

/// Plays the challenge, the token service and these exchanges of a file, to bob.
fn dance(playback: &Playback, file: &str, numbers: &[u32]) -> Oci {
    let dance = [135, 136].map(|n| number("registry_v2", n));
    playback.play(dance.into_iter().chain(numbers.iter().map(|n| number(file, *n))));
    playback.oci(Some("bob"))
}

fn bearer_of(playback: &Playback, path: &str) -> Vec<Option<String>> {
    let seen = playback.seen().into_iter().filter(|seen| seen.path == path);
    seen.map(|seen| seen.headers.get("authorization").map(|value| value.to_str().expect("text").to_owned())).collect()
}

#[tokio::test]
async fn the_token_dance_sends_the_password_to_the_token_service_only() {
    let playback = Playback::start().await;
    let oci = dance(&playback, "registry_v2", &[144]);
    assert_eq!(oci.list_tags("payment/web").await.expect("tags"), ["latest".into(), "v1".into(), "v2".into()] as [std::sync::Arc<str>; 3]);
    let seen = playback.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/v2/", "/service/token", "/v2/payment/web/tags/list"]);
    assert_eq!(bearer_of(&playback, "/v2/"), [None]);
    assert!(bearer_of(&playback, "/service/token")[0].as_deref().expect("a password").starts_with("Basic "));
    assert_eq!(bearer_of(&playback, "/v2/payment/web/tags/list"), [Some("Bearer eyJhbGciOiJSUzI1NiIs...".to_owned())]);
    assert_eq!(seen[1].query, "service=harbor-registry&scope=repository%3Apayment%2Fweb%3Apull");
    // The token is kept: the second question takes one request.
    oci.list_tags("payment/web").await.expect("tags");
    assert_eq!(playback.seen().len(), 4);
    // Another repository wants a token of its own.
    let _ = oci.list_tags("payment/multi").await;
    assert!(playback.seen()[4].query.ends_with("scope=repository%3Apayment%2Fmulti%3Apull"));
}

#[tokio::test]
async fn manifests_are_checked_against_their_digests() {
    let playback = Playback::start().await;
    for n in [138, 139, 152] {
        let oci = dance(&playback, "registry_v2", &[n]);
        let reference = if n == 139 { "latest" } else { "v2" };
        let manifest = oci.fetch_manifest("payment/web", reference).await.expect("a manifest");
        assert_eq!(manifest.digest.to_string(), V2);
        assert_eq!((manifest.size, manifest.layers.len(), manifest.total()), (417, 1, 417 + 326 + 95));
        assert_eq!(manifest.layers[0].digest.to_string(), LAYER);
        assert!(!manifest.is_index());
    }
    let oci = dance(&playback, "registry_v2", &[137]);
    let head = oci.fetch_head("payment/web", "v2").await.expect("a head");
    assert_eq!((head.digest.to_string().as_str(), &*head.media_type), (V2, "application/vnd.oci.image.manifest.v1+json"));
    assert!(playback.seen()[2].headers["accept"].to_str().expect("text").contains("vnd.oci.image.index.v1+json"));

    // One byte more, and the digest in the header is a lie.
    let mut changed = number("registry_v2", 138);
    let body = String::from_utf8(changed.bytes()).expect("text") + " ";
    changed.response.body = Exchange::made("GET", "/", 200, &body).response.body;
    changed.response.text = true;
    playback.play([number("registry_v2", 135), number("registry_v2", 136), changed]);
    let fault = playback.oci(Some("bob")).fetch_manifest("payment/web", "v2").await.expect_err("a lie");
    assert_eq!(fault.kind, FaultKind::Protocol);
    assert!(fault.cause.en.contains("not what its digest says") && fault.cause.zh.contains("摘要不符"), "{fault}");

    let oci = dance(&playback, "registry_v2", &[140]);
    assert_eq!(oci.fetch_manifest("payment/web", "v9").await.expect_err("none").kind, FaultKind::NotFound);
}

#[tokio::test]
async fn tags_blobs_and_referrers_are_read() {
    let playback = Playback::start().await;
    let oci = dance(&playback, "registry_v2", &[141, 142]);
    let tags = oci.list_tags("payment/web").await.expect("tags");
    assert_eq!(tags, ["latest".into(), "v1".into()] as [std::sync::Arc<str>; 2]);
    assert_eq!(playback.seen()[3].query, "last=latest&n=1");

    let oci = dance(&playback, "robots", &[188]);
    assert_eq!(oci.list_tags("payment/web").await.expect("tags").len(), 3);

    let oci = dance(&playback, "registry_v2", &[147]);
    assert!(oci.fetch_blob_size("payment/web", &Digest::parse(LAYER)).await.expect("a blob").is_some());
    let oci = dance(&playback, "registry_v2", &[148]);
    let missing = Digest::parse(&format!("sha256:{}", "0".repeat(64)));
    assert_eq!(oci.fetch_blob_size("payment/web", &missing).await.expect("an answer"), None);

    let oci = dance(&playback, "registry_v2", &[156]);
    let referrers = oci.list_referrers("payment/web", &Digest::parse(V2)).await.expect("referrers");
    assert_eq!(referrers.by, ReferrersBy::Api);
    assert_eq!(referrers.list[0].artifact_type.as_deref(), Some("application/vnd.example.signature"));
    assert_eq!(referrers.list[0].digest.to_string(), "sha256:97961e665eff406617c168b182b1901c2ccb99d79e1da580599319fe958d1101");
}

#[tokio::test]
async fn older_registries_keep_referrers_under_a_tag() {
    let playback = Playback::start().await;
    let index = r#"{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"sha256:aa","size":3}]}"#;
    let tag = format!("/v2/a/manifests/{}", V2.replacen(':', "-", 1));
    playback.play([
        Exchange::made("GET", "/v2/", 200, "{}"),
        Exchange::made("GET", &format!("/v2/a/referrers/{V2}"), 404, "404 page not found"),
        Exchange::made("GET", &tag, 200, index),
    ]);
    let referrers = playback.oci(None).list_referrers("a", &Digest::parse(V2)).await.expect("referrers");
    assert_eq!((referrers.by, referrers.list.len()), (ReferrersBy::Tag, 1));
    playback.play([
        Exchange::made("GET", "/v2/", 200, "{}"),
        Exchange::made("GET", &format!("/v2/a/referrers/{V2}"), 404, ""),
        Exchange::made("GET", &tag, 404, ""),
    ]);
    assert!(playback.oci(None).list_referrers("a", &Digest::parse(V2)).await.expect("none").list.is_empty());
}

#[tokio::test]
async fn a_right_that_is_missing_is_told_from_a_refused_password() {
    let playback = Playback::start().await;
    // Both answer 401 with a good token: what is missing is the right.
    let oci = dance(&playback, "registry_v2", &[143]);
    assert_eq!(oci.list_tags("search/web").await.expect_err("refused").kind, FaultKind::Forbidden);
    let oci = dance(&playback, "registry_v2", &[146]);
    let fault = oci.list_repositories().await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Forbidden);
    assert!(fault.hint.en.contains("repositories = [..]"), "{fault}");
    let oci = dance(&playback, "registry_v2", &[145]);
    let all = oci.list_repositories().await.expect("all");
    assert_eq!((all.names.len(), all.source), (6, Source::Catalogue));
    assert_eq!(&*all.names[1], "payment/core/api");

    // Harbor's catalogue refuses every token and asks for the password, in that answer only.
    playback.play([135, 136, 146, 146, 145].map(|n| number("registry_v2", n)));
    assert_eq!(playback.oci(Some("admin")).list_repositories().await.expect("all").names.len(), 6);
    let last = playback.seen().pop().expect("a request");
    assert!(last.headers["authorization"].to_str().expect("text").starts_with("Basic "));

    // The token service refuses the password itself.
    playback.play([number("registry_v2", 135), Exchange::made("GET", "/service/token", 401, r#"{"errors":[]}"#)]);
    assert_eq!(playback.oci(Some("bob")).fetch_ping().await.expect_err("refused").kind, FaultKind::Unauthorized);

    // A token that is refused is asked for once more, and not for ever.
    let oci = dance(&playback, "registry_v2", &[]);
    assert_eq!(oci.fetch_ping().await.expect_err("refused").kind, FaultKind::Forbidden);
    assert_eq!(playback.seen().iter().filter(|seen| seen.path == "/service/token").count(), 2);
}

#[tokio::test]
async fn what_is_no_registry_says_so() {
    let playback = Playback::start().await;
    playback.play([Exchange::made("GET", "/v2/", 404, "<html>nothing</html>")]);
    let fault = playback.oci(None).fetch_ping().await.expect_err("no registry");
    assert_eq!(fault.kind, FaultKind::Protocol);
    assert!(fault.cause.en.contains("no registry"), "{fault}");
    playback.play([Exchange::made("GET", "/v2/", 401, "").with("Www-Authenticate", r#"Bearer realm="http://192.0.2.1/token""#)]);
    let fault = playback.oci(Some("bob")).fetch_ping().await.expect_err("in the clear");
    assert_eq!(fault.kind, FaultKind::Config, "{fault}");
    assert!(fault.cause.en.contains("in the clear"), "{fault}");
}
