//! Runs: who carries what out, each step's intent before its call and its outcome after it.

mod ending;
mod reading;

pub use ending::Stopping;

use std::sync::PoisonError;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{HEART_GONE_MS, Journal, owner, sqlite};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::{Ending, Intent, Outcome, Plan, RunId};
use crate::model::run::{Owner, RunState};
use crate::model::text::{Text, clean};

/// What came of asking for somebody else's run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOver {
    /// It is ours now; the former owner can write no further intent.
    Taken,
    /// Its owner lives.
    StillOwned(Owner),
}

/// What came of writing an intent down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intended {
    /// The call may be made.
    Written,
    /// Somebody has asked for the end of the run: nothing is written, and the call must not be made.
    Stopped,
}

/// What the owner of a run hears with its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    GoOn,
    /// Somebody has asked for the end of the run.
    Stop,
}

const COLUMNS: &str = "SELECT id, plan, reason, who, machine, pid, owner_started, beat, state, started, ended, stopped_by FROM runs";

impl Journal {
    /// Writes a run down, owned by `owner`, before its first step. It is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written, or the run that this one takes back goes on or is being taken back already.
    pub async fn begin(&self, plan: &Plan, owner: &Owner, reason: Option<&str>) -> Result<RunId, Fault> {
        let body = serde_json::to_string(plan).map_err(|e| self.unreadable(&e))?;
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        if let Some(undone) = &plan.undoes {
            self.may_be_undone(&mut tx, undone).await?;
        }
        let now = self.now();
        let id = loop {
            let id = new_id(now);
            let put = sqlx::query(
                "INSERT INTO runs (id, plan, reason, who, machine, pid, owner_started, beat, state, started, change, undoes)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, 0, ?) ON CONFLICT DO NOTHING",
            );
            let put = put.bind(&*id.0).bind(&body).bind(reason);
            let put = put.bind(&*owner.who).bind(&*owner.machine).bind(owner.pid).bind(owner.started.0).bind(now.0).bind(now.0);
            let put = put.bind(plan.undoes.as_ref().map(|run| &*run.0));
            if put.execute(&mut *tx).await.map_err(said)?.rows_affected() == 1 {
                break id;
            }
        };
        touch(&mut tx, &id).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        self.remember(&id, owner);
        Ok(id)
    }

    /// Writes an intent down before its call. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`FaultKind::Conflict`] where the run is not ours, no longer ours, ended, or the step was already intended (and not found undone since):
    /// then the call must not be made. Or the file cannot be written.
    pub async fn intend(&self, intent: &Intent) -> Result<Intended, Fault> {
        let body = serde_json::to_string(intent).map_err(|e| self.unreadable(&e))?;
        let said = |error: sqlx::Error| self.fault(&error);
        let ours = self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).get(&intent.run).cloned();
        let Some(ours) = ours else {
            return Err(conflict(&intent.run, Text::new("this process does not own the run", "本进程不是该任务的属主")));
        };
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        self.still_ours(&mut tx, &intent.run, &ours).await?;
        let stopped = sqlx::query("SELECT 1 FROM runs WHERE id = ? AND stopped_by IS NOT NULL").bind(&*intent.run.0);
        if stopped.fetch_optional(&mut *tx).await.map_err(said)?.is_some() {
            return Ok(Intended::Stopped);
        }
        // A step that was found not to have taken effect may be begun once more; its first intent gives way.
        let again = serde_json::to_string(&Ending::FoundNotDone).map_err(|e| self.unreadable(&e))?;
        let freed = sqlx::query("DELETE FROM outcomes WHERE run = ? AND step = ? AND ending = ?");
        let freed = freed.bind(&*intent.run.0).bind(intent.step).bind(again).execute(&mut *tx).await.map_err(said)?;
        if freed.rows_affected() == 1 {
            let former = sqlx::query("DELETE FROM intents WHERE run = ? AND step = ?").bind(&*intent.run.0).bind(intent.step);
            former.execute(&mut *tx).await.map_err(said)?;
        }
        let put = sqlx::query("INSERT INTO intents (run, step, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        let put = put.bind(&*intent.run.0).bind(intent.step).bind(body).execute(&mut *tx).await.map_err(said)?;
        if put.rows_affected() == 0 {
            return Err(conflict(
                &intent.run,
                Text::made(format!("step {} was already begun", intent.step), format!("第 {} 步已经开始过", intent.step)),
            ));
        }
        touch(&mut tx, &intent.run).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        Ok(Intended::Written)
    }

    /// Writes down what became of a step. An ending that is certain stays; one that was only found out or unknown
    /// gives way to a certain one, so a late word of the one who made the call still counts.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn conclude(&self, outcome: &Outcome) -> Result<(), Fault> {
        let ending = serde_json::to_string(&outcome.ending).map_err(|e| self.unreadable(&e))?;
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        let run = &*outcome.run.0;
        let there = sqlx::query("SELECT ending FROM outcomes WHERE run = ? AND step = ?").bind(run).bind(outcome.step);
        let there = there.fetch_optional(&mut *tx).await.map_err(said)?;
        let certain = match there.and_then(|row| serde_json::from_str(row.get::<&str, _>(0)).ok()) {
            None | Some(Ending::Unknown(_)) => false,
            Some(Ending::FoundNotDone) => outcome.ending != Ending::Done,
            Some(_) => true,
        };
        if certain {
            return Ok(());
        }
        let put = sqlx::query("INSERT OR REPLACE INTO outcomes (run, step, at, ending) VALUES (?, ?, ?, ?)");
        put.bind(run).bind(outcome.step).bind(outcome.at.0).bind(ending).execute(&mut *tx).await.map_err(said)?;
        touch(&mut tx, &outcome.run).await.map_err(said)?;
        tx.commit().await.map_err(said)
    }

    /// Says that the owner of a run lives, and hears whether somebody wants its end.
    ///
    /// # Errors
    /// [`FaultKind::Conflict`] where the run was taken over or has ended: then nothing more may be done for it.
    pub async fn beat(&self, run: &RunId, owner: &Owner) -> Result<Heard, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let put = sqlx::query(
            "UPDATE runs SET beat = ? WHERE id = ? AND state = 'running' AND machine = ? AND pid = ? AND owner_started = ?
             RETURNING stopped_by IS NOT NULL",
        );
        let put = put.bind(self.now().0).bind(&*run.0).bind(&*owner.machine).bind(owner.pid).bind(owner.started.0);
        if let Some(row) = put.fetch_optional(&mut *writer).await.map_err(said)? {
            return Ok(if row.get::<bool, _>(0) { Heard::Stop } else { Heard::GoOn });
        }
        self.still_ours(&mut writer, run, owner).await?;
        Ok(Heard::GoOn)
    }

    /// Ends a run. A state that is not an end is refused.
    ///
    /// # Errors
    /// The run was taken over or has ended, or the file cannot be written.
    pub async fn finish(&self, run: &RunId, state: RunState) -> Result<(), Fault> {
        let word = match state {
            RunState::Done => "done",
            RunState::Partial => "partial",
            RunState::Failed => "failed",
            RunState::Cancelled => "cancelled",
            RunState::Running | RunState::Waiting | RunState::Abandoned => {
                return Err(conflict(run, Text::new("a run that goes on cannot be ended so", "未结束的状态不能作为结局")));
            }
        };
        let said = |error: sqlx::Error| self.fault(&error);
        let ours = self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).get(run).cloned();
        let Some(ours) = ours else {
            return Err(conflict(run, Text::new("this process does not own the run", "本进程不是该任务的属主")));
        };
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        self.still_ours(&mut tx, run, &ours).await?;
        let put = sqlx::query("UPDATE runs SET state = ?, ended = ? WHERE id = ?").bind(word).bind(self.now().0).bind(&*run.0);
        put.execute(&mut *tx).await.map_err(said)?;
        touch(&mut tx, run).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        drop(writer);
        self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
        Ok(())
    }

    /// Makes somebody else's run ours, if its owner is gone: one of several who ask at once gets it.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the file cannot be written.
    pub async fn take_over(&self, run: &RunId, owner: &Owner) -> Result<TakeOver, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        let (now_owned_by, beat) = self.owner_of(&mut tx, run).await?;
        let now = self.now();
        if now_owned_by != *owner && !is_gone(&now_owned_by, beat, now) {
            return Ok(TakeOver::StillOwned(now_owned_by));
        }
        let put = sqlx::query("UPDATE runs SET who = ?, machine = ?, pid = ?, owner_started = ?, beat = ? WHERE id = ?");
        let put = put.bind(&*owner.who).bind(&*owner.machine).bind(owner.pid).bind(owner.started.0).bind(now.0).bind(&*run.0);
        put.execute(&mut *tx).await.map_err(said)?;
        touch(&mut tx, run).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        drop(writer);
        self.remember(run, owner);
        Ok(TakeOver::Taken)
    }

    /// Lets go of a run of ours that has not ended: whoever asks next takes it over at once.
    ///
    /// # Errors
    /// The run was taken over or has ended, or the file cannot be written.
    pub async fn hand_over(&self, run: &RunId, owner: &Owner) -> Result<(), Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        self.still_ours(&mut tx, run, owner).await?;
        sqlx::query("UPDATE runs SET beat = 0 WHERE id = ?").bind(&*run.0).execute(&mut *tx).await.map_err(said)?;
        touch(&mut tx, run).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
        drop(writer);
        self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
        Ok(())
    }

    async fn owner_of(&self, tx: &mut SqliteConnection, run: &RunId) -> Result<(Owner, Stamp), Fault> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?"))).bind(&*run.0);
        let row = row.fetch_optional(tx).await.map_err(|e| self.fault(&e))?.ok_or_else(|| no_such(&run.0))?;
        if row.get::<&str, _>("state") != "running" {
            return Err(conflict(run, Text::new("the run has ended", "该任务已经结束")));
        }
        Ok((read_owner(&row), Stamp(row.get("beat"))))
    }

    async fn still_ours(&self, tx: &mut SqliteConnection, run: &RunId, ours: &Owner) -> Result<(), Fault> {
        let (owner, _) = self.owner_of(tx, run).await?;
        if owner == *ours {
            return Ok(());
        }
        let by = format!("{}@{} ({})", owner.who, owner.machine, owner.pid);
        Err(conflict(run, Text::made(format!("it was taken over by {by}"), format!("已由 {by} 接管"))))
    }

    /// Whether a run of ours may go on: it was not taken over, has not ended, and nobody has asked for its end.
    /// To be asked right before each request.
    ///
    /// # Errors
    /// [`FaultKind::Conflict`] where it is no longer ours, [`FaultKind::Cancelled`] where somebody asked for its end, or the
    /// file cannot be read.
    pub async fn still_holds(&self, run: &RunId) -> Result<(), Fault> {
        let ours = self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).get(run).cloned();
        let Some(ours) = ours else {
            return Err(conflict(run, Text::new("this process does not own the run", "本进程不是该任务的属主")));
        };
        let mut reader = self.reader().await;
        self.still_ours(&mut reader, run, &ours).await?;
        let stopped = sqlx::query("SELECT stopped_by FROM runs WHERE id = ? AND stopped_by IS NOT NULL").bind(&*run.0);
        match stopped.fetch_optional(&mut *reader).await.map_err(|e| self.fault(&e))? {
            None => Ok(()),
            Some(row) => {
                let who = clean(row.get::<&str, _>(0)).into_owned();
                let cause = Text::made(format!("{who} has stopped the run"), format!("{who} 已停止该任务"));
                Err(Fault::new(format!("run {run}"), FaultKind::Cancelled, cause, Text::new("nothing more is sent", "不再发出任何请求")))
            }
        }
    }

    fn remember(&self, run: &RunId, owner: &Owner) {
        self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).insert(run.clone(), owner.clone());
    }
}

/// Raises the counter that every console looks at, and stamps the run with it.
async fn touch(tx: &mut SqliteConnection, run: &RunId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE counter SET value = value + 1").execute(&mut *tx).await?;
    sqlx::query("UPDATE runs SET change = (SELECT value FROM counter) WHERE id = ?").bind(&*run.0).execute(&mut *tx).await?;
    Ok(())
}

fn read_owner(row: &SqliteRow) -> Owner {
    Owner {
        who: row.get::<&str, _>("who").into(),
        machine: row.get::<&str, _>("machine").into(),
        pid: row.get("pid"),
        started: Stamp(row.get("owner_started")),
    }
}

fn is_gone(owner: &Owner, beat: Stamp, now: Stamp) -> bool {
    now.since(beat) > HEART_GONE_MS || owner::is_gone(owner)
}

/// Eleven digits of milliseconds and five of chance: in the order of time, and the last eight differ from run to run.
fn new_id(now: Stamp) -> RunId {
    let millis = now.0.cast_unsigned() & 0xFFF_FFFF_FFFF;
    RunId(format!("{millis:011x}{:05x}", fastrand::u32(0..1 << 20)).into())
}

fn no_such(id: &str) -> Fault {
    Fault::new(
        clean(id).into_owned(),
        FaultKind::NotFound,
        Text::new("there is no such run in this journal", "日志库中没有这个任务"),
        Text::new("list them: wharf get tasks", "查看全部：wharf get tasks"),
    )
}

fn conflict(run: &RunId, cause: Text) -> Fault {
    let hint = Text::new("look at it in Activity; nothing more is sent from here", "到“动态”中查看；此处不再发出任何请求");
    Fault::new(format!("run {run}"), FaultKind::Conflict, cause, hint)
}
