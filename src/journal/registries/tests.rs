//! What registries held comes back as it was; only what changed is written; what is broken is left out.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::model::artifact::{Artifact, ArtifactType, Digest, PackedArtifacts, Repository, Tag};
use crate::model::audit::AuditLog;
use crate::model::clock::Clock;
use crate::model::member::Members;
use crate::model::project::Project;
use crate::model::registry::SweepCursor;

const URL: &str = "https://yf.example";

fn project(id: i64, name: &str, repositories: Vec<Arc<RepositoryHoldings>>) -> Arc<ProjectHoldings> {
    let project = Project {
        id,
        name: name.into(),
        owner: Some("admin".into()),
        metadata: Arc::default(),
        repositories: Some(repositories.len() as u64),
        proxy_of: None,
        my_roles: Vec::new(),
        created: Some(Stamp(5)),
        updated: None,
    };
    let members = Some(Arc::new(Members { total: Some(3), listed: Vec::new() }));
    Arc::new(ProjectHoldings { members, repositories: Some(repositories), ..ProjectHoldings::named(project) })
}

fn repository(name: &str, tags: &[&str]) -> Arc<RepositoryHoldings> {
    let artifact = |tag: &&str| Artifact {
        repository: name.into(),
        digest: Digest::of(tag.as_bytes()),
        kind: ArtifactType::Image,
        media_type: "application/vnd.oci.image.config.v1+json".into(),
        manifest_media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        size: 7,
        pushed: Some(Stamp(9)),
        pulled: None,
        tags: vec![Tag { name: (*tag).into(), pushed: None, pulled: None, immutable: None }],
        platform: None,
        children: Vec::new(),
        accessories: Vec::new(),
        labels: Vec::new(),
    };
    let repository = Repository {
        id: 4,
        project_id: 1,
        name: name.into(),
        description: None,
        artifacts: Some(tags.len() as u64),
        pulls: Some(1),
        created: None,
        updated: Some(Stamp(11)),
    };
    let artifacts = PackedArtifacts::pack(&name.into(), tags.iter().map(artifact).collect(), &mut Kinds::default());
    Arc::new(RepositoryHoldings { repository, artifacts: Some(Arc::new(artifacts)), as_of: Some(Stamp(11)) })
}

fn cursor(audit_id: i64) -> Arc<SweepCursor> {
    Arc::new(SweepCursor { log: Some(AuditLog::Ext), audit_id, seen: BTreeSet::from([audit_id]), updated: Some(Stamp(11)) })
}

fn world(audit_id: i64) -> Arc<Holdings> {
    let payment = project(1, "payment", vec![repository("payment/api", &["v1"]), repository("payment/web", &["v1", "v2"])]);
    Arc::new(Holdings {
        projects: Some(vec![payment, project(2, "search", Vec::new())]),
        cursor: Some(cursor(audit_id)),
        ..Holdings::default()
    })
}

async fn journal(dir: &Path) -> Journal {
    Journal::open(dir, &Clock::system()).await.expect("a journal")
}

async fn save(journal: &Journal, holdings: &Arc<Holdings>, saved: &mut Saved) {
    journal.save_registry("yf", URL, (holdings, Some(Stamp(99))), saved).await.expect("saved");
}

async fn load(journal: &Journal) -> Option<Remembered> {
    journal.load_registry("yf", URL).await.expect("read")
}

/// Project and repository names with their tags, as they come back.
fn shape(found: &Remembered) -> Vec<String> {
    let projects = found.holdings.projects.iter().flatten();
    let of = |p: &Arc<ProjectHoldings>| {
        let repositories = p.repositories.iter().flatten().map(|r| {
            let tags = r.artifacts.as_ref().map_or(0, |a| a.tag_count());
            format!("{} {tags}", r.repository.name)
        });
        std::iter::once(p.project.name.to_string()).chain(repositories).collect::<Vec<_>>()
    };
    projects.flat_map(of).collect()
}

async fn written(journal: &Journal) -> i64 {
    let mut guard = journal.registries().await.expect("the file");
    sqlx::query("SELECT total_changes()").fetch_one(guard.as_mut().expect("open")).await.expect("a number").get(0)
}

#[tokio::test]
async fn a_registry_comes_back_as_it_was_and_one_at_another_address_does_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let holdings = world(40);
    save(&journal(dir.path()).await, &holdings, &mut Saved::default()).await;
    let journal = journal(dir.path()).await;
    let found = load(&journal).await.expect("remembered");
    assert_eq!(shape(&found), ["payment", "payment/api 1", "payment/web 2", "search"]);
    assert_eq!((found.good_at, &found.holdings.cursor), (Some(Stamp(99)), &holdings.cursor));
    let (was, is) = (holdings.project("payment").expect("payment"), found.holdings.project("payment").expect("payment"));
    assert_eq!((&was.members, &was.project), (&is.members, &is.project));
    let (was, is) = (was.repository("payment/web").expect("web"), is.repository("payment/web").expect("web"));
    assert_eq!((&was.artifacts, &was.repository, was.as_of), (&is.artifacts, &is.repository, is.as_of));
    assert!(journal.load_registry("yf", "https://other.example").await.expect("read").is_none());
    assert!(journal.load_registry("tc", URL).await.expect("read").is_none());
}

#[tokio::test]
async fn only_what_changed_is_written_and_nothing_where_nothing_did() {
    let dir = tempfile::tempdir().expect("a directory");
    let journal = journal(dir.path()).await;
    let (mut saved, first) = (Saved::default(), world(40));
    save(&journal, &first, &mut saved).await;
    let before = written(&journal).await;
    // The same, read anew: other pointers, and a pull counted up.
    let mut again = Holdings::clone(&world(40));
    let payment = Arc::make_mut(&mut again.projects.as_mut().expect("projects")[0]);
    let kept = first.project("payment").expect("payment").repositories.clone();
    payment.repositories = kept.clone();
    Arc::make_mut(&mut payment.repositories.as_mut().expect("repositories")[0]).repository.pulls = Some(800);
    save(&journal, &Arc::new(again), &mut saved).await;
    assert_eq!(written(&journal).await, before, "nothing changed");

    let mut pushed = Holdings::clone(&first);
    pushed.cursor = Some(cursor(41));
    let projects = pushed.projects.as_mut().expect("projects");
    Arc::make_mut(&mut projects[0]).repositories.as_mut().expect("repositories")[1] = repository("payment/web", &["v1", "v2", "v3"]);
    projects.pop();
    save(&journal, &Arc::new(pushed), &mut saved).await;
    assert_eq!(written(&journal).await - before, 3, "one repository, one project gone, one cursor");
    let found = load(&journal).await.expect("remembered");
    assert_eq!(shape(&found), ["payment", "payment/api 1", "payment/web 3"]);
    assert_eq!(found.holdings.cursor, Some(cursor(41)));
}

#[tokio::test]
async fn a_console_that_lags_behind_does_not_undo_what_another_wrote() {
    let dir = tempfile::tempdir().expect("a directory");
    let (slow, quick) = (journal(dir.path()).await, journal(dir.path()).await);
    let (mut of_slow, mut of_quick) = (Saved::default(), Saved::default());
    save(&slow, &world(40), &mut of_slow).await;
    let mut newer = Holdings::clone(&world(60));
    let projects = newer.projects.as_mut().expect("projects");
    Arc::make_mut(&mut projects[0]).repositories.as_mut().expect("repositories")[1] = repository("payment/web", &["v9"]);
    save(&quick, &Arc::new(newer), &mut of_quick).await;
    let mut older = Holdings::clone(&world(50));
    let projects = older.projects.as_mut().expect("projects");
    Arc::make_mut(&mut projects[0]).repositories.as_mut().expect("repositories")[1] = repository("payment/web", &["v3", "v4"]);
    save(&slow, &Arc::new(older), &mut of_slow).await;
    let found = load(&journal(dir.path()).await).await.expect("remembered");
    assert_eq!(shape(&found)[2], "payment/web 1");
    assert_eq!(found.holdings.cursor, Some(cursor(60)));
}

#[tokio::test]
async fn another_harbor_under_the_old_name_leaves_nothing_of_the_old_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let journal = journal(dir.path()).await;
    let mut saved = Saved::default();
    save(&journal, &world(4_000), &mut saved).await;
    let only = Holdings { projects: Some(vec![project(1, "new", Vec::new())]), cursor: Some(cursor(3)), ..Holdings::default() };
    save(&journal, &Arc::new(only), &mut saved).await;
    let found = load(&journal).await.expect("remembered");
    assert_eq!(shape(&found), ["new"]);
    assert_eq!(found.holdings.cursor, Some(cursor(3)));
}

#[tokio::test]
async fn broken_rows_are_left_out_and_a_broken_file_is_begun_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = journal(dir.path()).await;
    save(&first, &world(40), &mut Saved::default()).await;
    {
        let mut guard = first.registries().await.expect("the file");
        let conn = guard.as_mut().expect("open");
        sqlx::query("UPDATE repositories SET body = X'0102FF' WHERE name = 'payment/api'").execute(&mut *conn).await.expect("broken");
        sqlx::query("UPDATE projects SET body = X'7B' WHERE name = 'search'").execute(&mut *conn).await.expect("broken");
    }
    let found = load(&first).await.expect("remembered");
    assert_eq!(shape(&found), ["payment", "payment/web 2"]);
    assert_eq!(found.holdings.cursor, None, "everything is read anew");
    first.close().await;
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path().join(format!("{FILE}{end}")));
    }
    std::fs::write(dir.path().join(FILE), vec![b'x'; 9_000]).expect("garbage");
    let second = journal(dir.path()).await;
    assert!(load(&second).await.is_none());
    save(&second, &world(41), &mut Saved::default()).await;
    assert_eq!(shape(&load(&second).await.expect("remembered")).len(), 4);
}
