//! MEMORY: what was intended and what became of it, told to every console; the cache of the last known Fleet.

mod cache;
mod disposable;
mod notices;
mod owner;
mod place;
mod registries;
mod runs;
mod screen;
mod sqlite;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard};

use crate::model::clock::{Clock, Stamp};
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::RunId;
use crate::model::run::Owner;
use crate::model::text::Text;

pub use owner::owner_here;
pub use registries::{Remembered, Saved};
pub use runs::{Heard, Intended, Stopping, TakeOver};
pub use screen::{Leaving, leave_blocking, left_blocking};

/// How often the owner of a run says that it lives (milliseconds).
pub const HEART_BEAT_MS: u64 = 3_000;

/// A run whose owner was silent for this long may be taken over (milliseconds).
pub const HEART_GONE_MS: u64 = 15_000;

/// The journal of one config on this machine, open. Clones share it; several processes may have it open.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    clock: Clock,
    /// Two connections: a read never waits for a write that is being synced to the disk.
    writer: Mutex<SqliteConnection>,
    reader: Mutex<SqliteConnection>,
    cache: Mutex<Option<cache::Cache>>,
    registries: Mutex<Option<SqliteConnection>>,
    /// Runs that this process owns. An intent of any other run is refused.
    owned: std::sync::Mutex<HashMap<RunId, Owner>>,
}

impl Journal {
    /// Opens the journal in a directory, which is made (mode 0700) when it is not there, as are its files (0600).
    /// Any number of consoles may do so at once.
    ///
    /// # Errors
    /// The directory is on a network file system, belongs to another user, or others may write there; the file is
    /// broken, or written by a newer wharf.
    pub async fn open(dir: &Path, clock: &Clock) -> Result<Self, Fault> {
        place::prepare(dir)?;
        let lock = place::lock(dir).await?;
        let path = place::create(dir, "journal.db")?;
        let said = |error: sqlx::Error| sqlite::fault(&path, &error);
        let mut writer = sqlite::open(&path, sqlite::Sync::Full).await.map_err(said)?;
        sqlite::migrate(&mut writer, &path, sqlite::JOURNAL).await?;
        drop(lock);
        let reader = sqlite::open(&path, sqlite::Sync::Reading).await.map_err(said)?;
        let journal = Self {
            inner: Arc::new(Inner {
                dir: dir.to_owned(),
                clock: clock.clone(),
                writer: Mutex::new(writer),
                reader: Mutex::new(reader),
                cache: Mutex::new(None),
                registries: Mutex::new(None),
                owned: std::sync::Mutex::default(),
            }),
        };
        journal.forget_old_notices().await?;
        Ok(journal)
    }

    /// The place for a journal that a team shares.
    ///
    /// # Errors
    /// Always, as yet: it is not built in.
    pub fn open_shared() -> Result<Self, Fault> {
        Err(Fault::new(
            "journal",
            FaultKind::Config,
            Text::new("a journal in PostgreSQL is not built into this version", "这个版本尚不支持 PostgreSQL 日志库"),
            Text::new("write journal = \"sqlite\", or leave the key out", "应写 journal = \"sqlite\"，或删去该键"),
        ))
    }

    /// Reads the whole file and says whether it is sound. For `wharf doctor`.
    ///
    /// # Errors
    /// What SQLite finds wrong with it.
    pub async fn check(&self) -> Result<(), Fault> {
        let mut reader = self.reader().await;
        let found: Vec<(String,)> =
            sqlx::query_as("PRAGMA integrity_check(5)").fetch_all(&mut *reader).await.map_err(|e| self.fault(&e))?;
        if found.first().is_some_and(|(word,)| word == "ok") {
            return Ok(());
        }
        let first = found.into_iter().next().map(|(word,)| word).unwrap_or_default();
        Err(sqlite::broken(&self.inner.dir.join("journal.db"), &first))
    }

    /// Writes what is still to be written of the cache and lets go of the files. Not calling it loses nothing of the journal.
    pub async fn close(self) {
        self.finish_cache().await;
        // Other clones may still be used: their connections end with the last of them.
        if let Ok(inner) = Arc::try_unwrap(self.inner) {
            if let Some(registries) = inner.registries.into_inner() {
                let _ = registries.close().await;
            }
            let _ = inner.reader.into_inner().close().await;
            let _ = inner.writer.into_inner().close().await;
        }
    }

    async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        self.inner.writer.lock().await
    }

    async fn reader(&self) -> MutexGuard<'_, SqliteConnection> {
        self.inner.reader.lock().await
    }

    fn now(&self) -> Stamp {
        self.inner.clock.now()
    }

    fn fault(&self, error: &sqlx::Error) -> Fault {
        sqlite::fault(&self.inner.dir.join("journal.db"), error)
    }

    /// Something in a row that cannot be read or written as JSON.
    fn unreadable(&self, error: &serde_json::Error) -> Fault {
        sqlite::broken(&self.inner.dir.join("journal.db"), &error.to_string())
    }
}
