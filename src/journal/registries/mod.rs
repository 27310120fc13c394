//! What registries were last known to hold, in a file of its own: written where it changed, read in pieces, thrown away when broken.

mod row;
mod saving;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::MutexGuard;

pub use saving::Saved;

use super::{Journal, disposable, place, sqlite};
use crate::model::artifact::Kinds;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::registry::{Holdings, ProjectHoldings, RepositoryHoldings};

const FILE: &str = "registries.db";

/// Rows read at a time; they are taken apart beside the tasks that answer people.
const PIECE: i64 = 2_000;

/// `seq` is how far the writer had followed the registry's log: a row is never replaced by one that knew less.
const STEPS: &[&str] = &["
    CREATE TABLE registries (name TEXT PRIMARY KEY, url TEXT NOT NULL, seq INTEGER NOT NULL, good_at INTEGER, cursor TEXT, body BLOB NOT NULL);
    CREATE TABLE projects (registry TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (registry, name));
    CREATE TABLE repositories (
        registry TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (registry, name)
    );
"];

/// What an earlier run knew of a registry, and when that was last confirmed.
#[derive(Debug)]
pub struct Remembered {
    pub holdings: Holdings,
    pub good_at: Option<Stamp>,
}

impl Journal {
    /// Keeps what a registry holds now. Only what changed since `saved` is written, in pieces.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn save_registry(&self, name: &str, url: &str, now: (&Arc<Holdings>, Option<Stamp>), saved: &mut Saved) -> Result<(), Fault> {
        let written = saving::save(self, name, url, now, saved).await;
        self.said_of_registries(written).await
    }

    /// What was last kept of the registry at this address; of another address nothing. Broken rows are left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn load_registry(&self, name: &str, url: &str) -> Result<Option<Remembered>, Fault> {
        match self.read_registry(name, url).await {
            Ok(found) => Ok(found),
            Err(error) => self.said_of_registries(Err(error)).await.map(|()| None),
        }
    }

    async fn read_registry(&self, name: &str, url: &str) -> Result<Option<Remembered>, Error> {
        let found = {
            let mut guard = self.registries().await?;
            let Some(conn) = guard.as_mut() else { return Ok(None) };
            sqlx::query("SELECT body, good_at, cursor FROM registries WHERE name = ? AND url = ?")
                .bind(name)
                .bind(url)
                .fetch_optional(&mut *conn)
                .await?
        };
        let Some(found) = found else { return Ok(None) };
        let Some(mut holdings) = row::read_registry(found.get(0)) else { return Ok(None) };
        let good_at = found.get::<Option<i64>, _>(1).map(Stamp);
        holdings.cursor = found.get::<Option<&str>, _>(2).and_then(|cursor| serde_json::from_str(cursor).ok()).map(Arc::new);
        if holdings.projects.is_none() {
            return Ok(Some(Remembered { holdings, good_at }));
        }
        let read = |rows: Vec<(String, Vec<u8>)>, (mut broken, mut all): (usize, Vec<ProjectHoldings>)| {
            for (_, body) in &rows {
                row::read_project(body).map_or_else(|| broken += 1, |project| all.push(project));
            }
            (broken, all)
        };
        let sql = "SELECT name, body FROM projects WHERE registry = ? AND name > ? ORDER BY name LIMIT ?";
        let (mut broken, mut projects) = self.pieces(sql, name, read).await?;
        projects.sort_unstable_by(|a, b| a.project.name.cmp(&b.project.name));
        let read = |rows: Vec<(String, Vec<u8>)>, (mut kinds, mut broken, mut all): (Kinds, usize, Vec<RepositoryHoldings>)| {
            for (name, body) in &rows {
                row::read_repository(name, body, &mut kinds).map_or_else(|| broken += 1, |repository| all.push(repository));
            }
            (kinds, broken, all)
        };
        // Names come in the order of their bytes, as the lists are sorted.
        let sql = "SELECT name, body FROM repositories WHERE registry = ? AND name > ? ORDER BY name LIMIT ?";
        let (_, lost, repositories) = self.pieces(sql, name, read).await?;
        broken += lost;
        if broken > 0 {
            // What is left is painted; that it is not all is mended by reading everything anew.
            holdings.cursor = None;
        }
        for repository in repositories {
            let Ok(at) = projects.binary_search_by(|p| (*p.project.name).cmp(repository.repository.split().0)) else { continue };
            if let Some(all) = &mut projects[at].repositories {
                all.push(Arc::new(repository));
            }
        }
        holdings.projects = Some(projects.into_iter().map(Arc::new).collect());
        Ok(Some(Remembered { holdings, good_at }))
    }

    /// Reads rows of a registry piece by piece; each piece is taken apart on a thread where nobody waits.
    async fn pieces<T: Default + Send + 'static>(
        &self,
        sql: &'static str,
        registry: &str,
        read: impl Fn(Vec<(String, Vec<u8>)>, T) -> T + Send + Copy + 'static,
    ) -> Result<T, Error> {
        let (mut last, mut all) = (String::new(), T::default());
        loop {
            let rows = {
                let mut guard = self.registries().await?;
                let Some(conn) = guard.as_mut() else { return Ok(all) };
                sqlx::query(sql).bind(registry).bind(last.as_str()).bind(PIECE).fetch_all(&mut *conn).await?
            };
            let Some(newest) = rows.last() else { return Ok(all) };
            newest.get::<&str, _>(0).clone_into(&mut last);
            let taken = tokio::task::spawn_blocking(move || {
                let rows = rows.iter().map(|row| (row.get::<String, _>(0), row.get::<Vec<u8>, _>(1))).collect();
                read(rows, all)
            });
            // A row that breaks its reader is no memory at all.
            let Ok(taken) = taken.await else { return Ok(T::default()) };
            all = taken;
        }
    }

    /// The file, opened when it is first asked for.
    async fn registries(&self) -> Result<MutexGuard<'_, Option<SqliteConnection>>, Error> {
        let mut guard = self.inner.registries.lock().await;
        if guard.is_none() {
            let lock = place::lock(&self.inner.dir).await.map_err(Error::Said)?;
            let opened = disposable::open(&self.inner.dir, FILE, STEPS).await;
            drop(lock);
            *guard = Some(opened.map_err(Error::Said)?);
        }
        Ok(guard)
    }

    /// A file that is broken is thrown away and begun anew the next time; everything else is a fault.
    async fn said_of_registries(&self, what: Result<(), Error>) -> Result<(), Fault> {
        match what {
            Ok(()) => Ok(()),
            Err(Error::Said(fault)) => Err(fault),
            Err(Error::Sql(error)) if sqlite::is_broken(&error) => {
                let mut guard = self.inner.registries.lock().await;
                *guard = None;
                let _lock = place::lock(&self.inner.dir).await?;
                disposable::throw_away(&self.inner.dir, FILE);
                // Who saves must know that nothing of it is kept any more.
                Err(sqlite::fault(&self.inner.dir.join(FILE), &error))
            }
            Err(Error::Sql(error)) => Err(sqlite::fault(&self.inner.dir.join(FILE), &error)),
        }
    }
}

/// What stops a reading or a writing.
#[derive(Debug)]
enum Error {
    Sql(sqlx::Error),
    /// Already in words.
    Said(Fault),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}
