//! The timeline: what changed and what anyone did, kept over restarts.

use sqlx::Row;

use super::{Journal, sqlite};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::run::Notice;

/// Lines kept over restarts.
const KEPT: i64 = 50_000;

impl Journal {
    /// Keeps lines of the timeline, in one write.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn note_all(&self, notices: &[Notice]) -> Result<(), Fault> {
        if notices.is_empty() {
            return Ok(());
        }
        let mut writer = self.writer().await;
        let said = |error: sqlx::Error| self.fault(&error);
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        for notice in notices {
            let body = serde_json::to_string(notice).map_err(|e| self.unreadable(&e))?;
            let put = sqlx::query("INSERT INTO notices (at, body) VALUES (?, ?)").bind(notice.at.0).bind(body);
            put.execute(&mut *tx).await.map_err(said)?;
        }
        tx.commit().await.map_err(said)
    }

    /// Keeps one line of the timeline.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn note(&self, notice: &Notice) -> Result<(), Fault> {
        self.note_all(std::slice::from_ref(notice)).await
    }

    /// The newest `limit` lines since a time, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn notices(&self, since: Stamp, limit: u32) -> Result<Vec<Notice>, Fault> {
        let mut reader = self.reader().await;
        let rows = sqlx::query("SELECT body FROM notices WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?")
            .bind(since.0)
            .bind(limit)
            .fetch_all(&mut *reader)
            .await
            .map_err(|e| self.fault(&e))?;
        // A line that a newer wharf wrote in another form is left out, not an error.
        let read = rows.iter().rev().filter_map(|row| serde_json::from_str(row.get::<&str, _>(0)).ok());
        Ok(read.collect())
    }

    /// Lets go of lines beyond [`KEPT`]. Writes nothing where there are none.
    pub(super) async fn forget_old_notices(&self) -> Result<(), Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let ends = sqlx::query("SELECT min(id), max(id) FROM notices").fetch_one(&mut *writer).await.map_err(said)?;
        let (Some(first), Some(last)) = (ends.get::<Option<i64>, _>(0), ends.get::<Option<i64>, _>(1)) else { return Ok(()) };
        if last - first >= KEPT {
            let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
            sqlx::query("DELETE FROM notices WHERE id <= ?").bind(last - KEPT).execute(&mut *tx).await.map_err(said)?;
            tx.commit().await.map_err(said)?;
        }
        Ok(())
    }
}
