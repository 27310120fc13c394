//! What the journal says of runs: to show them, to find them, to follow what changes.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use super::{COLUMNS, is_gone, no_such, read_owner};
use crate::journal::Journal;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::{Ending, Intent, Plan, RunId};
use crate::model::run::{Run, RunState};
use crate::model::text::{Text, clean};

impl Journal {
    /// The newest `limit` runs, newest first. A run whose owner is gone is [`RunState::Abandoned`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.reader().await;
        // One moment for all three questions.
        let mut tx = reader.begin().await.map_err(said)?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY id DESC LIMIT ?"))).bind(limit);
        let rows = rows.fetch_all(&mut *tx).await.map_err(said)?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            tasks.push(self.read_run(&mut tx, &row).await?);
        }
        Ok(tasks)
    }

    /// One run as it is now.
    ///
    /// # Errors
    /// There is no such run, or the file cannot be read.
    pub async fn run(&self, run: &RunId) -> Result<Run, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.reader().await;
        let mut tx = reader.begin().await.map_err(said)?;
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?"))).bind(&*run.0);
        match row.fetch_optional(&mut *tx).await.map_err(said)? {
            Some(row) => self.read_run(&mut tx, &row).await,
            None => Err(no_such(&run.0)),
        }
    }

    /// Steps whose intent is written and whose outcome is not, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn open_intents(&self, run: &RunId) -> Result<Vec<Intent>, Fault> {
        let mut reader = self.reader().await;
        let rows = sqlx::query(
            "SELECT body FROM intents i WHERE run = ?
             AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.run = i.run AND o.step = i.step) ORDER BY step",
        );
        let rows = rows.bind(&*run.0).fetch_all(&mut *reader).await.map_err(|e| self.fault(&e))?;
        let read = rows.iter().map(|row| serde_json::from_str(row.get::<&str, _>(0)));
        read.collect::<Result<_, _>>().map_err(|e| self.unreadable(&e))
    }

    /// The runs that have changed since a mark, and the mark to ask with next time; 0 asks for all.
    /// Heartbeats are no change. Cheap: one row is read where nothing has changed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn changed_since(&self, mark: i64) -> Result<(i64, Vec<RunId>), Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.reader().await;
        let mut tx = reader.begin().await.map_err(said)?;
        let newest: i64 = sqlx::query("SELECT value FROM counter").fetch_one(&mut *tx).await.map_err(said)?.get(0);
        if newest == mark {
            return Ok((newest, Vec::new()));
        }
        let rows = sqlx::query("SELECT id FROM runs WHERE change > ? ORDER BY id").bind(mark).fetch_all(&mut *tx).await.map_err(said)?;
        Ok((newest, rows.iter().map(|row| RunId(row.get::<&str, _>(0).into())).collect()))
    }

    /// The one run that these digits begin, counted from its first or from the last eight, which people see and say.
    ///
    /// # Errors
    /// [`FaultKind::Usage`] where they are no digits or begin several, [`FaultKind::NotFound`] where they begin none.
    pub async fn find_run(&self, prefix: &str) -> Result<RunId, Fault> {
        let prefix = prefix.trim().to_ascii_lowercase();
        let usage = |cause| {
            let hint = Text::new("write more digits of the run's id, as in 7f3c", "多写几位任务编号，如 7f3c");
            Fault::new(clean(&prefix).into_owned(), FaultKind::Usage, cause, hint)
        };
        if prefix.is_empty() || prefix.len() > 16 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(usage(Text::new("is not the id of a run", "不是任务编号")));
        }
        let mut reader = self.reader().await;
        let rows = sqlx::query("SELECT id FROM runs WHERE id GLOB ?1 OR substr(id, 9) GLOB ?1 ORDER BY id DESC LIMIT 4");
        let rows = rows.bind(format!("{prefix}*")).fetch_all(&mut *reader).await.map_err(|e| self.fault(&e))?;
        let found: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        match found.as_slice() {
            [] => Err(no_such(&prefix)),
            [one] => Ok(RunId((*one).into())),
            several => {
                let list = several.join(", ");
                Err(usage(Text::made(format!("begins several runs: {list}"), format!("匹配多个任务：{list}"))))
            }
        }
    }

    async fn read_run(&self, tx: &mut SqliteConnection, row: &SqliteRow) -> Result<Run, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let id: &str = row.get("id");
        let plan: Plan = serde_json::from_str(row.get("plan")).map_err(|e| self.unreadable(&e))?;
        let owner = read_owner(row);
        let mut run = Run::of(&plan, RunId(id.into()), owner, Stamp(row.get("started")));
        let begun = sqlx::query("SELECT step, body FROM intents WHERE run = ? ORDER BY step").bind(id);
        for intent in &begun.fetch_all(&mut *tx).await.map_err(said)? {
            let read: Intent = serde_json::from_str(intent.get::<&str, _>(1)).map_err(|e| self.unreadable(&e))?;
            run.change(intent.get(0), |step| {
                (step.under_way, step.attempts, step.began, step.observed) = (true, 1, Some(read.at), Some(read.observed));
            });
        }
        let ended = sqlx::query("SELECT step, at, ending FROM outcomes WHERE run = ?").bind(id);
        for outcome in &ended.fetch_all(&mut *tx).await.map_err(said)? {
            let ending: Ending = serde_json::from_str(outcome.get::<&str, _>(2)).map_err(|e| self.unreadable(&e))?;
            run.change(outcome.get(0), |step| {
                (step.under_way, step.ended, step.ending) = (false, Some(Stamp(outcome.get(1))), Some(ending));
            });
        }
        run.state = match row.get::<&str, _>("state") {
            "done" => RunState::Done,
            "partial" => RunState::Partial,
            "failed" => RunState::Failed,
            "cancelled" => RunState::Cancelled,
            _ if is_gone(&run.owner, Stamp(row.get("beat")), self.now()) => RunState::Abandoned,
            _ => run.alive_state(),
        };
        run.ended = row.get::<Option<i64>, _>("ended").map(Stamp);
        run.reason = row.get::<Option<&str>, _>("reason").map(Arc::from);
        run.stopped_by = row.get::<Option<&str>, _>("stopped_by").map(Arc::from);
        Ok(run)
    }
}
