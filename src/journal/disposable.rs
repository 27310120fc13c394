//! Files of what can be asked again: one that is broken or of a newer wharf is thrown away and begun anew.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;

use super::{place, sqlite};
use crate::model::fault::{Fault, FaultKind};

/// Opens the file, or begins it anew where it cannot be read. Call it under the directory's lock.
pub(super) async fn open(dir: &Path, file: &str, steps: &'static [&'static str]) -> Result<SqliteConnection, Fault> {
    let path = place::create(dir, file)?;
    match sqlite::open(&path, sqlite::Sync::Normal).await {
        Ok(mut conn) => match sqlite::migrate(&mut conn, &path, steps).await {
            Ok(()) => return Ok(conn),
            Err(fault) if fault.kind == FaultKind::Version => {}
            Err(fault) => return Err(fault),
        },
        Err(error) if sqlite::is_broken(&error) => {}
        Err(error) => return Err(sqlite::fault(&path, &error)),
    }
    throw_away(dir, file);
    place::create(dir, file)?;
    let mut conn = sqlite::open(&path, sqlite::Sync::Normal).await.map_err(|error| sqlite::fault(&path, &error))?;
    sqlite::migrate(&mut conn, &path, steps).await?;
    Ok(conn)
}

/// Removes the file with what SQLite keeps beside it.
pub(super) fn throw_away(dir: &Path, file: &str) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.join(format!("{file}{end}")));
    }
}
