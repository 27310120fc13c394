//! The clients against the lab's Harbors over the wire: read whole, by both APIs, and then only what changed.

use std::collections::BTreeSet;

use wharf::clients::gate::Client;
use wharf::clients::harbor::{Harbor, Which};
use wharf::clients::http::{Credentials, HttpEndpoint, Url};
use wharf::clients::oci::{Oci, Source};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::lab::{Lab, LabOptions, RegistryHand, World};
use wharf::model::artifact::{Kinds, PackedArtifacts};
use wharf::model::clock::Clock;
use wharf::model::fault::FaultKind;
use wharf::model::registry::{Identity, SweepCursor, WholeBecause};

/// Repositories that are read tag by tag, of each Harbor.
const CLOSELY: usize = 5;

fn endpoint(registry: &RegistryHand, client: Client, password: &str) -> HttpEndpoint {
    HttpEndpoint {
        name: registry.name.clone(),
        base: Url::parse(&registry.url).expect("a url"),
        ca: None,
        client,
        credentials: Some(Credentials::Basic { user: registry.user.clone(), password: password.to_owned().into() }),
    }
}

#[tokio::test]
async fn every_harbor_of_the_default_world_is_read_whole_and_then_only_what_changed() {
    let lab = Lab::start(World::load("default").expect("a world"), LabOptions::default()).await.expect("a lab");
    let wire = Wire::new(WireOptions::new(Mode::ReadOnly, Clock::system(), std::env::temp_dir())).expect("a wire");
    let (mut closely, mut pushed) = (0, 0);
    for registry in lab.registries() {
        let harbor = Harbor::new(&wire, endpoint(registry, Client::Harbor, &registry.password)).expect("a client");
        let identity = harbor.fetch_identity().await.expect("who we are");
        assert_ne!(identity, Identity::Anonymous);
        let before = harbor.list_changes(&SweepCursor::default()).await.expect("a sweep");
        assert_eq!(before.whole, Some(WholeBecause::FirstTime));

        let projects = harbor.list_projects().await.expect("projects");
        assert_eq!(Some(projects.rows.len() as u64), projects.total);
        let mut names = BTreeSet::new();
        for project in &projects.rows {
            let members = harbor.list_members(&project.name).await.expect("members");
            assert!(members.listed.len() as u64 + members.ghosts() >= 1, "{}", project.name);
            let repositories = harbor.list_repositories_of(&project.name).await.expect("repositories").rows;
            assert_eq!(Some(repositories.len() as u64), project.repositories, "{}", project.name);
            names.extend(repositories.into_iter().map(|repository| repository.name));
        }
        // The same by the other API. A robot may not read the catalogue; it is told apart from a refused credential.
        let oci = Oci::new(&wire, endpoint(registry, Client::Oci, &registry.password), Vec::new()).expect("a client");
        match (&identity, oci.list_repositories().await) {
            (Identity::Robot(_), refused) => assert_eq!(refused.expect_err("refused").kind, FaultKind::Forbidden),
            (_, all) => {
                let all = all.expect("a catalogue");
                assert_eq!((all.names.into_iter().collect::<BTreeSet<_>>(), all.source), (names.clone(), Source::Catalogue));
            }
        }
        for name in names.iter().take(CLOSELY) {
            let artifacts = harbor.list_artifacts(name, &Which::Usual).await.expect("artifacts").rows;
            let packed = PackedArtifacts::pack(name, artifacts, &mut Kinds::default());
            let tags: BTreeSet<_> = oci.list_tags(name).await.expect("tags").into_iter().collect();
            assert_eq!(packed.tags().map(|tag| tag.name().into()).collect::<BTreeSet<_>>(), tags, "{name}");
            for tag in packed.tags().take(2) {
                let head = oci.fetch_head(name, tag.name()).await.expect("a head");
                assert_eq!(&head.digest, tag.artifact().digest(), "{name}:{}", tag.name());
                closely += 1;
            }
        }
        // What the console does not grant to a wrong password.
        let wrong = Harbor::new(&wire, endpoint(registry, Client::Harbor, "not-it")).expect("a client");
        assert_eq!(wrong.fetch_identity().await.expect_err("refused").kind, FaultKind::Unauthorized);

        let quiet = harbor.list_changes(&before.cursor).await.expect("a sweep");
        assert!(quiet.whole.is_none(), "{quiet:?}");
        let name = names.first().expect("a repository");
        // A Harbor in read-only mode, or a name that is immutable there, refuses it.
        if registry.push(name, "swept-1", &registry.user).is_ok() {
            let changes = harbor.list_changes(&quiet.cursor).await.expect("a sweep");
            assert!(changes.whole.is_none() && changes.repositories.contains(name), "{name}: {changes:?}");
            pushed += 1;
        }
    }
    assert!(!lab.registries().is_empty());
    println!("{closely} tags held against their digests");
    assert!(closely >= lab.registries().len() && pushed > 0);
}
