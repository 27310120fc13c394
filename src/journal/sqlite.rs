//! Opens SQLite files as every one of ours is opened, brings them to this version, and says what went wrong with one.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Transaction};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// How long a write waits for another process's write. Ours take milliseconds; a slow disk takes longer.
const BUSY: Duration = Duration::from_secs(10);

/// When a commit is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// Before it returns: intents must survive the machine.
    Full,
    /// Before the next checkpoint: what can be asked again.
    Normal,
    /// Nothing is written through this connection.
    Reading,
}

/// Steps from an empty file to the present form; `user_version` counts those that were taken. Only ever added to.
pub(super) const JOURNAL: &[&str] = &[
    "
    CREATE TABLE counter (value INTEGER NOT NULL);
    INSERT INTO counter VALUES (0);
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        plan TEXT NOT NULL,
        reason TEXT,
        who TEXT NOT NULL,
        machine TEXT NOT NULL,
        pid INTEGER NOT NULL,
        owner_started INTEGER NOT NULL,
        beat INTEGER NOT NULL,
        state TEXT NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        change INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX runs_change ON runs (change);
    CREATE TABLE intents (
        run TEXT NOT NULL REFERENCES runs (id),
        step INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    CREATE TABLE outcomes (
        run TEXT NOT NULL REFERENCES runs (id),
        step INTEGER NOT NULL,
        at INTEGER NOT NULL,
        ending TEXT NOT NULL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    CREATE TABLE notices (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX notices_at ON notices (at);
",
    "
    ALTER TABLE runs ADD COLUMN stopped_by TEXT;
    ALTER TABLE runs ADD COLUMN undoes TEXT;
    CREATE INDEX runs_undoes ON runs (undoes) WHERE undoes IS NOT NULL;
",
];

/// Opens a file that is there.
pub(super) async fn open(path: &Path, sync: Sync) -> Result<SqliteConnection, sqlx::Error> {
    let synchronous = if sync == Sync::Full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // A write-ahead log is cut back to this after a burst (bytes).
        .pragma("journal_size_limit", "4194304")
        .thread_name(|number| format!("journal-{number}"));
    if sync == Sync::Reading {
        options = options.pragma("query_only", "1");
    }
    // Statements are not logged: at debug level they would be the loudest thing in the file.
    options.disable_statement_logging().connect().await
}

/// Takes the steps that the file has not taken yet, all of them or none. Call it under the lock.
pub(super) async fn migrate(conn: &mut SqliteConnection, path: &Path, steps: &'static [&'static str]) -> Result<(), Fault> {
    let said = |error: sqlx::Error| fault(path, &error);
    let (taken,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut *conn).await.map_err(said)?;
    let taken = usize::try_from(taken).unwrap_or(usize::MAX);
    if taken > steps.len() {
        return Err(Fault::new(
            shown(path),
            FaultKind::Version,
            Text::new("was written by a newer wharf", "由更新版本的 wharf 写成"),
            Text::new("use that version, or another directory with --state", "请用新版本，或用 --state 换一个目录"),
        ));
    }
    if taken == steps.len() {
        return Ok(());
    }
    let mut tx = begin(conn).await.map_err(said)?;
    for step in &steps[taken..] {
        sqlx::raw_sql(*step).execute(&mut *tx).await.map_err(said)?;
    }
    let version = format!("PRAGMA user_version = {}", steps.len());
    sqlx::raw_sql(sqlx::AssertSqlSafe(version)).execute(&mut *tx).await.map_err(said)?;
    tx.commit().await.map_err(said)
}

/// A transaction that writes. A deferred one that reads first and then writes fails at once when another
/// process wrote in between, whatever the busy timeout; an immediate one waits.
pub(super) async fn begin(conn: &mut SqliteConnection) -> Result<Transaction<'_, sqlx::Sqlite>, sqlx::Error> {
    conn.begin_with("BEGIN IMMEDIATE").await
}

/// The primary result code of SQLite, where the error is one of its own.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// True where the file itself is damaged or no database.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(11 | 26))
}

/// An error of SQLite as a fault of the file.
pub(super) fn fault(path: &Path, error: &sqlx::Error) -> Fault {
    let said = clean(&error.to_string()).into_owned();
    let make = |kind, cause, hint| Fault::new(shown(path), kind, cause, hint);
    match code(error) {
        Some(11 | 26) => broken(path, &said),
        Some(13) => make(
            FaultKind::Limit,
            Text::new("the disk is full", "磁盘已满"),
            Text::made(format!("free some space where {} is", shown(path)), format!("在 {} 所在的磁盘上腾出空间", shown(path))),
        ),
        Some(5 | 6) => make(
            FaultKind::Storage,
            Text::new("another process holds the journal and does not let go", "另一个进程一直占用着日志库"),
            Text::made(format!("see who it is: fuser -v {}", shown(path)), format!("查看占用者：fuser -v {}", shown(path))),
        ),
        Some(3 | 8 | 14 | 23) => make(
            FaultKind::Storage,
            Text::made(format!("cannot be opened or written: {said}"), format!("无法打开或写入：{said}")),
            Text::new(
                "give this user the right to write there, or name another directory with --state",
                "让当前用户可写，或用 --state 换一个目录",
            ),
        ),
        Some(10) => make(
            FaultKind::Storage,
            Text::made(format!("the disk fails: {said}"), format!("磁盘出错：{said}")),
            Text::new("see dmesg; name a directory on a sound disk with --state", "查看 dmesg；用 --state 换到完好的磁盘"),
        ),
        _ => make(
            FaultKind::Storage,
            Text::made(said.clone(), said),
            Text::new("try again; wharf doctor checks the file", "重试；wharf doctor 可检查该文件"),
        ),
    }
}

/// The file is damaged.
pub(super) fn broken(path: &Path, said: &str) -> Fault {
    let (path, said) = (shown(path), clean(said));
    Fault::new(
        path.clone(),
        FaultKind::Storage,
        Text::made(format!("is damaged: {said}"), format!("已损坏：{said}")),
        Text::made(
            format!("keep it for a look and start anew: mv {path} {path}.broken"),
            format!("留作分析并重新开始：mv {path} {path}.broken"),
        ),
    )
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}
