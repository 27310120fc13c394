//! Writing members: the request is the one that a real Harbor took, and each of its answers is understood.

use wharf::clients::gate::Client;
use wharf::clients::harbor::{Harbor, NewMember};
use wharf::clients::http::{Credentials, HttpEndpoint, Url};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::lab::{Lab, LabOptions, RegistryHand, World};
use wharf::model::clock::Clock;
use wharf::model::fault::{Fault, FaultKind};
use wharf::model::member::{MemberKind, Role};

use super::playback::{Exchange, Playback, number, recorded};

/// Sends the write that an exchange recorded, with this client's own functions.
async fn write(harbor: &Harbor, exchange: &Exchange) -> Result<Option<i64>, Fault> {
    let place = exchange.place();
    let parts: Vec<&str> = place.trim_start_matches("/api/v2.0/projects/").split('/').collect();
    let body = exchange.request.body.clone().unwrap_or_default();
    let role = Role::from_id(body["role_id"].as_i64().unwrap_or_default());
    match (exchange.request.method.as_str(), parts.as_slice()) {
        ("POST", [project, "members"]) => {
            let name = body["member_user"]["username"].as_str().expect("a user");
            harbor.create_member(project, NewMember::User(name), role).await
        }
        ("PUT", [project, "members", id]) => harbor.change_member(project, id.parse().expect("an id"), role).await.map(|()| None),
        ("DELETE", [project, "members", id]) => harbor.remove_member(project, id.parse().expect("an id")).await.map(|()| None),
        other => panic!("{}: {other:?}", exchange.n),
    }
}

#[tokio::test]
async fn each_recorded_write_is_sent_as_it_was_and_its_answer_is_understood() {
    let playback = Playback::start_in(Mode::Writing).await;
    let mut sent = 0;
    for exchange in recorded("members") {
        // 76 names nobody, and 75 and 84 a role that Harbor does not have: this client can send none of them.
        if exchange.request.method == "GET" || matches!(exchange.n, 75 | 76 | 84) {
            continue;
        }
        let harbor = playback.harbor(exchange.user.as_deref());
        playback.play([exchange.clone()]);
        let answer = write(&harbor, &exchange).await;
        let seen = playback.seen();
        assert_eq!(seen.len(), 1, "{}: a write is sent once", exchange.n);
        assert_eq!((&*seen[0].method, &*seen[0].path), (&*exchange.request.method, &*exchange.request.path));
        assert_eq!(serde_json::from_slice(&seen[0].body).ok(), exchange.request.body, "{}", exchange.n);
        assert_eq!(seen[0].headers["x-is-resource-name"], "true");
        assert!(!seen[0].headers.contains_key("cookie"), "a session would want a CSRF token");
        let location = exchange.response.headers.iter().find(|(name, _)| name == "Location");
        let id = location.map(|(_, place)| place.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id"));
        match (exchange.response.status, answer.map_err(|fault| fault.kind)) {
            (200 | 201, Ok(made)) => assert_eq!(made, id, "{}", exchange.n),
            (403, Err(FaultKind::Forbidden)) | (404, Err(FaultKind::NotFound)) | (409, Err(FaultKind::Conflict)) => {}
            (status, answer) => panic!("{}: {status} gave {answer:?}", exchange.n),
        }
        sent += 1;
    }
    assert_eq!(sent, 13);
}

#[tokio::test]
async fn a_role_that_harbor_does_not_have_is_never_sent() {
    let playback = Playback::start_in(Mode::Writing).await;
    playback.play([number("members", 84)]);
    let harbor = playback.harbor(Some("admin"));
    let changed = harbor.change_member("payment", 9, Role::Other(99)).await.map(|()| None);
    let made = harbor.create_member("payment", NewMember::User("dave"), Role::Other(99)).await;
    for answer in [changed, made] {
        assert_eq!(answer.expect_err("refused").kind, FaultKind::Usage);
    }
    assert!(playback.seen().is_empty());
}

#[tokio::test]
async fn a_read_only_process_sends_no_write() {
    let playback = Playback::start_in(Mode::ReadOnly).await;
    let exchanges = recorded("members").into_iter().filter(|e| e.request.method != "GET" && !matches!(e.n, 75 | 76 | 84));
    for exchange in exchanges {
        let fault = write(&playback.harbor(Some("admin")), &exchange).await.expect_err("refused");
        assert_eq!(fault.kind, FaultKind::ReadOnly, "{}", exchange.n);
    }
    assert!(playback.seen().is_empty());
}

fn client(registry: &RegistryHand) -> Harbor {
    let wire = Wire::new(WireOptions::new(Mode::Writing, Clock::system(), std::env::temp_dir())).expect("a wire");
    let credentials = Some(Credentials::Basic { user: registry.user.clone(), password: registry.password.clone().into() });
    let base = Url::parse(&registry.url).expect("a url");
    Harbor::new(&wire, HttpEndpoint { name: registry.name.clone(), base, ca: None, client: Client::Harbor, credentials }).expect("a client")
}

#[tokio::test]
async fn members_of_a_twin_come_change_and_go_and_what_was_not_written_is_seen() {
    let lab = Lab::start(World::load("default").expect("a world"), LabOptions::default()).await.expect("a lab");
    let [yongfeng, tucheng] = ["yongfeng", "tucheng"].map(|name| lab.registry(name).expect("a registry"));
    let harbor = client(yongfeng);
    let named = async |name: &str| harbor.list_members_named("bi", name).await.expect("members").pop();
    yongfeng
        .with(|harbors, at| harbors.harbor_mut(at).map(|harbor| harbor.add_user("newcomer", "新人", "Passw0rd-n", Clock::system().now())));
    assert_eq!(named("newcomer").await, None);
    let id = harbor.create_member("bi", NewMember::User("newcomer"), Role::Guest).await.expect("made").expect("its id");
    let made = named("newcomer").await.expect("a member");
    assert_eq!((made.id, made.role, made.kind), (id, Role::Guest, MemberKind::User));
    harbor.change_member("bi", id, Role::Maintainer).await.expect("changed");
    assert_eq!(named("newcomer").await.expect("a member").role, Role::Maintainer);
    // Harbor says yes to what is not there.
    harbor.change_member("bi", 99_999, Role::Guest).await.expect("200");
    harbor.remove_member("bi", 99_999).await.expect("200");
    assert_eq!(named("newcomer").await.expect("a member").role, Role::Maintainer);
    harbor.remove_member("bi", id).await.expect("removed");
    assert_eq!(named("newcomer").await, None);

    let groups = harbor.list_groups().await.expect("groups").rows;
    let sre = groups.iter().find(|group| &*group.name == "dba").expect("a group");
    harbor.create_member("bi", NewMember::Group(sre.id), Role::Developer).await.expect("made");
    assert_eq!(named("dba").await.expect("a member").kind, MemberKind::Group);
    let unknown = harbor.create_member("bi", NewMember::Group(99_999), Role::Developer).await;
    assert!(unknown.is_err());

    // One that Harbor counts and does not list is a member all the same.
    let ghost = client(tucheng).create_member("payment", NewMember::User("zhaomin"), Role::Guest).await;
    assert_eq!(ghost.expect_err("409").kind, FaultKind::Conflict);
    let unknown = harbor.create_member("bi", NewMember::User("nobody-at-all"), Role::Guest).await.expect_err("404");
    assert!(unknown.kind == FaultKind::NotFound && unknown.cause.en.contains("nobody-at-all"), "{unknown}");
    let read_only = client(lab.registry("aws-sh").expect("a registry"));
    let fault = read_only.create_member("bi", NewMember::User("zhangli"), Role::Guest).await.expect_err("403");
    assert!(fault.kind == FaultKind::Forbidden && fault.hint.en.contains("read-only mode"), "{fault}");
}
