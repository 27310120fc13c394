//! The last known hosts in a file of their own: written where they changed, read in pieces, thrown away when broken.

mod row;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Weak};

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::MutexGuard;

use super::{Journal, disposable, place, sqlite};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::host::Host;

/// Hosts written or read at a time; between the pieces others may run.
const PIECE: usize = 200;

/// While nothing else changes, when each host last answered is written this seldom (milliseconds).
const SEEN_EVERY_MS: u64 = 600_000;

const STEPS: &[&str] = &["
    CREATE TABLE hosts (name TEXT PRIMARY KEY, sum INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE seen (name TEXT PRIMARY KEY, good_at INTEGER NOT NULL) WITHOUT ROWID;
"];

/// The open cache, and what is known to be in it.
#[derive(Debug)]
pub(super) struct Cache {
    conn: SqliteConnection,
    saved: HashMap<Arc<str>, Saved>,
    seen: HashMap<Arc<str>, Stamp>,
    seen_written: Stamp,
}

#[derive(Debug)]
struct Saved {
    /// The row's sum. The same sum is the same row.
    sum: i64,
    /// The host it was written from: the same pointer needs no look. Weak, so that no old Fleet is held; and as long
    /// as it is there, no other host can come to stand at that address.
    from: Weak<Host>,
}

impl Journal {
    /// Keeps the hosts as they are now. Only what changed is written, in pieces; hosts that are no longer among them go.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn save_hosts(&self, hosts: &[Arc<Host>]) -> Result<(), Fault> {
        let mut guard = self.cache().await?;
        let Some(cache) = guard.as_mut() else { return Ok(()) };
        let saved = save(cache, hosts, self.now()).await;
        self.said(guard, saved).await
    }

    /// The hosts as they were last kept, with [`crate::model::endpoint::Freshness::cached`] set. A broken cache is empty.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn load_hosts(&self) -> Result<Vec<Host>, Fault> {
        let mut guard = self.cache().await?;
        let Some(cache) = guard.as_mut() else { return Ok(Vec::new()) };
        match load(cache).await {
            Ok(hosts) => Ok(hosts),
            Err(error) => self.said(guard, Err(error)).await.map(|()| Vec::new()),
        }
    }

    /// Writes when each host last answered.
    pub(super) async fn finish_cache(&self) {
        if let Some(cache) = self.inner.cache.lock().await.as_mut() {
            // At the end there is nobody to tell, and the ages of a cache are no loss.
            let _ = write_seen(cache, self.now()).await;
        }
    }

    /// The cache, opened when it is first asked for.
    async fn cache(&self) -> Result<MutexGuard<'_, Option<Cache>>, Fault> {
        let mut guard = self.inner.cache.lock().await;
        if guard.is_none() {
            let dir = &self.inner.dir;
            let lock = place::lock(dir).await?;
            let opened = disposable::open(dir, "cache.db", STEPS).await;
            drop(lock);
            let seen_written = self.now();
            *guard = Some(Cache { conn: opened?, saved: HashMap::new(), seen: HashMap::new(), seen_written });
        }
        Ok(guard)
    }

    /// A cache that is broken is thrown away and begun anew the next time; everything else is a fault.
    async fn said(&self, mut guard: MutexGuard<'_, Option<Cache>>, what: Result<(), sqlx::Error>) -> Result<(), Fault> {
        match what {
            Ok(()) => Ok(()),
            Err(error) if sqlite::is_broken(&error) => {
                *guard = None;
                let _lock = place::lock(&self.inner.dir).await?;
                disposable::throw_away(&self.inner.dir, "cache.db");
                Ok(())
            }
            Err(error) => Err(sqlite::fault(&self.inner.dir.join("cache.db"), &error)),
        }
    }
}

async fn save(cache: &mut Cache, hosts: &[Arc<Host>], now: Stamp) -> Result<(), sqlx::Error> {
    if cache.saved.is_empty() {
        let rows = sqlx::query("SELECT name, sum FROM hosts").fetch_all(&mut cache.conn).await?;
        cache.saved.extend(rows.iter().map(|row| (row.get::<&str, _>(0).into(), Saved { sum: row.get(1), from: Weak::new() })));
    }
    let mut wrote = false;
    for piece in hosts.chunks(PIECE) {
        let mut changed = Vec::new();
        for host in piece {
            if let Some(at) = host.freshness.good_at {
                cache.seen.insert(Arc::clone(host.name()), at);
            }
            // What this console never heard itself must not take the place of what another one knows.
            if host.freshness.cached || host.freshness.good_at.is_none() {
                continue;
            }
            let saved = cache.saved.get_mut(&**host.name());
            if saved.as_ref().is_some_and(|s| s.from.as_ptr() == Arc::as_ptr(host)) {
                continue;
            }
            let Ok(body) = row::write(host) else { continue };
            let sum = sum_of(&body);
            match saved {
                Some(saved) if saved.sum == sum => saved.from = Arc::downgrade(host),
                _ => changed.push((host, sum, body)),
            }
        }
        if !changed.is_empty() {
            wrote = true;
            let mut tx = sqlite::begin(&mut cache.conn).await?;
            for (host, sum, body) in &changed {
                let put = sqlx::query("INSERT OR REPLACE INTO hosts (name, sum, body) VALUES (?, ?, ?)");
                put.bind(&**host.name()).bind(sum).bind(body.as_slice()).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            for (host, sum, _) in changed {
                cache.saved.insert(Arc::clone(host.name()), Saved { sum, from: Arc::downgrade(host) });
            }
        }
        tokio::task::yield_now().await;
    }
    let gone = forget_gone(cache, hosts).await?;
    let long_ago = now.since(cache.seen_written) >= SEEN_EVERY_MS;
    if long_ago || ((wrote || gone) && now.since(cache.seen_written) >= SEEN_EVERY_MS / 10) {
        write_seen(cache, now).await?;
    }
    Ok(())
}

/// Removes hosts that are no longer declared; true where there were any.
async fn forget_gone(cache: &mut Cache, hosts: &[Arc<Host>]) -> Result<bool, sqlx::Error> {
    if cache.saved.len() <= hosts.len() && hosts.iter().filter(|h| cache.saved.contains_key(&**h.name())).count() == cache.saved.len() {
        return Ok(false);
    }
    let declared: std::collections::HashSet<&str> = hosts.iter().map(|h| &**h.name()).collect();
    let gone: Vec<Arc<str>> = cache.saved.keys().filter(|name| !declared.contains(&***name)).cloned().collect();
    let mut tx = sqlite::begin(&mut cache.conn).await?;
    for name in &gone {
        sqlx::query("DELETE FROM hosts WHERE name = ?").bind(&**name).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM seen WHERE name = ?").bind(&**name).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    for name in &gone {
        cache.saved.remove(name);
        cache.seen.remove(name);
    }
    Ok(!gone.is_empty())
}

async fn write_seen(cache: &mut Cache, now: Stamp) -> Result<(), sqlx::Error> {
    if cache.seen.is_empty() {
        return Ok(());
    }
    let seen = std::mem::take(&mut cache.seen);
    let mut tx = sqlite::begin(&mut cache.conn).await?;
    for (name, at) in &seen {
        let put = sqlx::query("INSERT INTO seen (name, good_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET good_at = max(good_at, ?2)");
        put.bind(&**name).bind(at.0).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    cache.seen_written = now;
    Ok(())
}

async fn load(cache: &mut Cache) -> Result<Vec<Host>, sqlx::Error> {
    let mut hosts = Vec::new();
    let mut shared = row::Shared::default();
    let mut last = String::new();
    let piece = i64::try_from(PIECE).unwrap_or(i64::MAX);
    loop {
        let rows = sqlx::query(
            "SELECT h.name, h.sum, h.body, s.good_at FROM hosts h LEFT JOIN seen s ON s.name = h.name
             WHERE h.name > ? ORDER BY h.name LIMIT ?",
        );
        let rows = rows.bind(last.as_str()).bind(piece).fetch_all(&mut cache.conn).await?;
        let Some(newest) = rows.last() else { return Ok(hosts) };
        newest.get::<&str, _>(0).clone_into(&mut last);
        for row in &rows {
            let good_at = row.get::<Option<i64>, _>(3).map(Stamp);
            let host = row::read(row.get(2), good_at, &mut shared);
            // A row that cannot be read has a sum that no row has, and is written anew.
            let sum = if host.is_some() { row.get(1) } else { 0 };
            cache.saved.insert(row.get::<&str, _>(0).into(), Saved { sum, from: Weak::new() });
            hosts.extend(host);
        }
        tokio::task::yield_now().await;
    }
}

/// Never 0. Stable only within one version of the standard library: after an upgrade rows are written once more.
fn sum_of(body: &[u8]) -> i64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    hasher.finish().cast_signed().saturating_abs().max(1)
}

#[cfg(test)]
mod tests;
