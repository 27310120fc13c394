//! Writes what changed of a registry since it was written last, in pieces with rests between them.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::{Error, Journal, row};
use crate::journal::sqlite;
use crate::model::clock::Stamp;
use crate::model::registry::{Holdings, ProjectHoldings, RepositoryHoldings};

/// Rows written at a time, and the rest after each: a first saving of a large registry must not fill the disk's queue.
const PIECE: usize = 500;
const REST: Duration = Duration::from_millis(20);

/// What is known to be in the file of one registry: the same pointers need no look.
#[derive(Debug, Default)]
pub struct Saved {
    pub(super) holdings: Option<Arc<Holdings>>,
    registry: Vec<u8>,
}

impl Saved {
    /// As it was loaded: only what becomes different is written.
    #[must_use]
    pub fn loaded(holdings: Arc<Holdings>) -> Self {
        Self { registry: row::write_registry(&holdings).unwrap_or_default(), holdings: Some(holdings) }
    }
}

/// One row to be put or taken away.
enum Change<'a> {
    Project(&'a Arc<ProjectHoldings>),
    Repository(&'a Arc<RepositoryHoldings>),
    ProjectGone(&'a str),
    RepositoryGone(&'a str),
}

pub(super) async fn save(
    journal: &Journal,
    name: &str,
    url: &str,
    (now, good_at): (&Arc<Holdings>, Option<Stamp>),
    saved: &mut Saved,
) -> Result<(), Error> {
    let before = saved.holdings.clone();
    if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, now)) {
        return Ok(());
    }
    let seq = seq_of(now);
    let is_another = before.as_ref().is_some_and(|before| seq_of(before) > seq);
    let before = if is_another { None } else { before };
    let theirs = if is_another { Theirs::Go } else { Theirs::StayAtThisAddress };
    if before.is_none() && !keep(journal, name, url, theirs).await? {
        saved.registry = Vec::new();
    }
    let changes = changes(before.as_deref(), now);
    for piece in changes.chunks(PIECE) {
        let mut guard = journal.registries().await?;
        let Some(conn) = guard.as_mut() else { return Ok(()) };
        write(conn, name, seq, piece).await?;
        drop(guard);
        tokio::time::sleep(REST).await;
    }
    // Last, because it says how far the rest is true.
    let Some(body) = row::write_registry(now) else { return Ok(()) };
    let is_same = body == saved.registry;
    if !is_same || !changes.is_empty() || before.is_none_or(|before| before.cursor != now.cursor) {
        let mut guard = journal.registries().await?;
        let Some(conn) = guard.as_mut() else { return Ok(()) };
        // The cursor moves with each change anywhere; what stands beside it is written when it is another.
        let sql = if is_same {
            "UPDATE registries SET seq = ?3, good_at = ?4, cursor = ?5 WHERE name = ?1 AND url = ?2 AND seq <= ?3"
        } else {
            "INSERT INTO registries (name, url, seq, good_at, cursor, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE
             SET url = ?2, seq = ?3, good_at = ?4, cursor = ?5, body = ?6 WHERE url <> ?2 OR seq <= ?3"
        };
        let cursor = now.cursor.as_deref().and_then(|cursor| serde_json::to_string(cursor).ok());
        let query = sqlx::query(sql).bind(name).bind(url).bind(seq).bind(good_at.map(|at| at.0)).bind(cursor);
        let query = if is_same { query } else { query.bind(body.as_slice()) };
        query.execute(&mut *conn).await?;
        saved.registry = body;
    }
    saved.holdings = Some(Arc::clone(now));
    Ok(())
}

/// What becomes of the rows that are there under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theirs {
    StayAtThisAddress,
    /// They are of another Harbor at the same address.
    Go,
}

/// Rows of another registry under this name go; true where those that are there are of this one.
async fn keep(journal: &Journal, name: &str, url: &str, theirs: Theirs) -> Result<bool, Error> {
    let mut guard = journal.registries().await?;
    let Some(conn) = guard.as_mut() else { return Ok(false) };
    let kept = sqlx::query("SELECT url FROM registries WHERE name = ?").bind(name).fetch_optional(&mut *conn).await?;
    if theirs == Theirs::StayAtThisAddress && kept.is_some_and(|kept| kept.get::<&str, _>(0) == url) {
        return Ok(true);
    }
    let mut tx = sqlite::begin(conn).await?;
    for sql in
        ["DELETE FROM registries WHERE name = ?", "DELETE FROM projects WHERE registry = ?", "DELETE FROM repositories WHERE registry = ?"]
    {
        sqlx::query(sql).bind(name).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(false)
}

async fn write(conn: &mut SqliteConnection, registry: &str, seq: i64, changes: &[Change<'_>]) -> Result<(), sqlx::Error> {
    let put_project = "INSERT INTO projects (registry, name, seq, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (registry, name) DO UPDATE SET seq = ?3, body = ?4 WHERE seq <= ?3";
    let put_repository = "INSERT INTO repositories (registry, name, seq, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (registry, name) DO UPDATE SET seq = ?3, body = ?4 WHERE seq <= ?3";
    let mut tx = sqlite::begin(conn).await?;
    for change in changes {
        let (sql, name, body): (&'static str, &str, Option<Vec<u8>>) = match change {
            Change::Project(project) => (put_project, &project.project.name, row::write_project(project)),
            Change::Repository(known) => (put_repository, &known.repository.name, Some(row::write_repository(known))),
            Change::ProjectGone(name) => ("DELETE FROM projects WHERE registry = ?1 AND name = ?2 AND seq <= ?3", name, None),
            Change::RepositoryGone(name) => ("DELETE FROM repositories WHERE registry = ?1 AND name = ?2 AND seq <= ?3", name, None),
        };
        let query = sqlx::query(sql).bind(registry).bind(name).bind(seq);
        let query = match body {
            Some(body) => query.bind(body),
            None => query,
        };
        query.execute(&mut *tx).await?;
    }
    tx.commit().await
}

fn seq_of(holdings: &Holdings) -> i64 {
    holdings.cursor.as_ref().map_or(0, |cursor| cursor.audit_id)
}

/// What is otherwise now than it was.
fn changes<'a>(before: Option<&'a Holdings>, now: &'a Holdings) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let old = before.and_then(|before| before.projects.as_deref()).unwrap_or_default();
    let new = now.projects.as_deref().unwrap_or_default();
    for project in new {
        let was = old.binary_search_by(|p| p.project.name.cmp(&project.project.name)).ok().map(|at| &old[at]);
        if was.is_some_and(|was| Arc::ptr_eq(was, project)) {
            continue;
        }
        if was.is_none_or(|was| !has_same_people(was, project)) {
            changes.push(Change::Project(project));
        }
        let (old, new) = (was.map(repositories).unwrap_or_default(), repositories(project));
        let find = |all: &'a [Arc<RepositoryHoldings>], name: &str| {
            all.binary_search_by(|r| (*r.repository.name).cmp(name)).ok().map(|at| &all[at])
        };
        let differs = |known: &&Arc<RepositoryHoldings>| {
            find(old, &known.repository.name).is_none_or(|was| !Arc::ptr_eq(was, known) && !row::is_same(was, known))
        };
        changes.extend(new.iter().filter(differs).map(Change::Repository));
        let gone = old.iter().filter(|was| find(new, &was.repository.name).is_none());
        changes.extend(gone.map(|was| Change::RepositoryGone(&was.repository.name)));
    }
    for was in old.iter().filter(|was| new.binary_search_by(|p| p.project.name.cmp(&was.project.name)).is_err()) {
        changes.push(Change::ProjectGone(&was.project.name));
        changes.extend(repositories(was).iter().map(|r| Change::RepositoryGone(&r.repository.name)));
    }
    changes
}

fn repositories(project: &Arc<ProjectHoldings>) -> &[Arc<RepositoryHoldings>] {
    project.repositories.as_deref().unwrap_or_default()
}

fn has_same_people(a: &ProjectHoldings, b: &ProjectHoldings) -> bool {
    a.project == b.project
        && a.summary == b.summary
        && a.members == b.members
        && a.robots == b.robots
        && a.preheat == b.preheat
        && a.preheat_executions == b.preheat_executions
        && a.repositories.is_some() == b.repositories.is_some()
}
