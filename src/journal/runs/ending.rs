//! Ending what another process carries out, and keeping two from taking one run back.

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::{conflict, is_gone, no_such, touch};
use crate::journal::{Journal, sqlite};
use crate::model::fault::Fault;
use crate::model::plan::RunId;
use crate::model::run::Owner;
use crate::model::text::Text;

/// Who will heed that a run is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// Its owner lives: it begins no step any more, and hears of it with its next heartbeat.
    Asked,
    /// Its owner is gone: nobody is at work on it.
    OwnerGone,
}

impl Journal {
    /// Marks a run so that no step of it is begun from now on, whoever carries it out. It is on the disk when this
    /// returns, and it stays: whoever takes the run over ends it.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the file cannot be written.
    pub async fn ask_to_stop(&self, run: &RunId, who: &Owner) -> Result<Stopping, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        let (owner, beat) = self.owner_of(&mut tx, run).await?;
        let put = sqlx::query("UPDATE runs SET stopped_by = COALESCE(stopped_by, ?) WHERE id = ?");
        put.bind(format!("{}@{}", who.who, who.machine)).bind(&*run.0).execute(&mut *tx).await.map_err(said)?;
        touch(&mut tx, run).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        Ok(if is_gone(&owner, beat, self.now()) { Stopping::OwnerGone } else { Stopping::Asked })
    }

    /// A run is taken back when it has ended, and by one run at a time.
    pub(super) async fn may_be_undone(&self, tx: &mut SqliteConnection, run: &RunId) -> Result<(), Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let state = sqlx::query("SELECT state FROM runs WHERE id = ?").bind(&*run.0);
        let state = state.fetch_optional(&mut *tx).await.map_err(said)?.ok_or_else(|| no_such(&run.0))?;
        if state.get::<&str, _>(0) == "running" {
            return Err(conflict(run, Text::new("the run has not ended: cancel it first", "该任务尚未结束：请先取消")));
        }
        let other = sqlx::query("SELECT id FROM runs WHERE undoes = ? AND state = 'running'").bind(&*run.0);
        match other.fetch_optional(&mut *tx).await.map_err(said)? {
            None => Ok(()),
            Some(row) => {
                let by: &str = row.get(0);
                Err(conflict(run, Text::made(format!("run {by} is taking it back"), format!("任务 {by} 正在撤销它"))))
            }
        }
    }
}
