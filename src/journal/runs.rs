//! Runs: who carries what out, each step's intent before its call and its outcome after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use super::{HEART_GONE_MS, Journal, owner, sqlite};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::{Ending, Intent, Outcome, Plan, RunId};
use crate::model::task::{Owner, Task, TaskState};
use crate::model::text::{Text, clean};

/// What came of asking for somebody else's run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOver {
    /// It is ours now; the former owner can write no further intent.
    Taken,
    /// Its owner lives.
    StillOwned(Owner),
}

const COLUMNS: &str = "SELECT id, plan, reason, who, machine, pid, owner_started, beat, state, started, ended FROM runs";

impl Journal {
    /// Writes a run down, owned by `owner`, before its first step. It is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn begin(&self, plan: &Plan, owner: &Owner, reason: Option<&str>) -> Result<RunId, Fault> {
        let body = serde_json::to_string(plan).map_err(|e| self.unreadable(&e))?;
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        let now = self.now();
        let id = loop {
            let id = new_id(now);
            let put = sqlx::query(
                "INSERT INTO runs (id, plan, reason, who, machine, pid, owner_started, beat, state, started, change)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, 0) ON CONFLICT DO NOTHING",
            );
            let put = put.bind(&*id.0).bind(&body).bind(reason);
            let put = put.bind(&*owner.who).bind(&*owner.machine).bind(owner.pid).bind(owner.started.0).bind(now.0).bind(now.0);
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
    pub async fn intend(&self, intent: &Intent) -> Result<(), Fault> {
        let body = serde_json::to_string(intent).map_err(|e| self.unreadable(&e))?;
        let said = |error: sqlx::Error| self.fault(&error);
        let ours = self.inner.owned.lock().unwrap_or_else(PoisonError::into_inner).get(&intent.run).cloned();
        let Some(ours) = ours else {
            return Err(conflict(&intent.run, Text::new("this process does not own the run", "本进程不是该任务的属主")));
        };
        let mut writer = self.writer().await;
        let mut tx = sqlite::begin(&mut writer).await.map_err(said)?;
        self.still_ours(&mut tx, &intent.run, &ours).await?;
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
        tx.commit().await.map_err(said)
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

    /// Says that the owner of a run lives.
    ///
    /// # Errors
    /// [`FaultKind::Conflict`] where the run was taken over or has ended: then nothing more may be done for it.
    pub async fn beat(&self, run: &RunId, owner: &Owner) -> Result<(), Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut writer = self.writer().await;
        let put =
            sqlx::query("UPDATE runs SET beat = ? WHERE id = ? AND state = 'running' AND machine = ? AND pid = ? AND owner_started = ?");
        let put = put.bind(self.now().0).bind(&*run.0).bind(&*owner.machine).bind(owner.pid).bind(owner.started.0);
        let put = put.execute(&mut *writer).await.map_err(said)?;
        if put.rows_affected() == 1 {
            return Ok(());
        }
        self.still_ours(&mut writer, run, owner).await
    }

    /// Ends a run. A state that is not an end is refused.
    ///
    /// # Errors
    /// The run was taken over or has ended, or the file cannot be written.
    pub async fn finish(&self, run: &RunId, state: TaskState) -> Result<(), Fault> {
        let word = match state {
            TaskState::Done => "done",
            TaskState::Partial => "partial",
            TaskState::Failed => "failed",
            TaskState::Cancelled => "cancelled",
            TaskState::Running | TaskState::Abandoned => {
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

    /// The newest `limit` runs, newest first. A run whose owner is gone is [`TaskState::Abandoned`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn tasks(&self, limit: u32) -> Result<Vec<Task>, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.reader().await;
        // One moment for all three questions.
        let mut tx = reader.begin().await.map_err(said)?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY id DESC LIMIT ?"))).bind(limit);
        let rows = rows.fetch_all(&mut *tx).await.map_err(said)?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            tasks.push(self.read_task(&mut tx, &row).await?);
        }
        Ok(tasks)
    }

    /// One run as it is now.
    ///
    /// # Errors
    /// There is no such run, or the file cannot be read.
    pub async fn task(&self, run: &RunId) -> Result<Task, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let mut reader = self.reader().await;
        let mut tx = reader.begin().await.map_err(said)?;
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?"))).bind(&*run.0);
        match row.fetch_optional(&mut *tx).await.map_err(said)? {
            Some(row) => self.read_task(&mut tx, &row).await,
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

    async fn read_task(&self, tx: &mut SqliteConnection, row: &SqliteRow) -> Result<Task, Fault> {
        let said = |error: sqlx::Error| self.fault(&error);
        let id: &str = row.get("id");
        let plan: Plan = serde_json::from_str(row.get("plan")).map_err(|e| self.unreadable(&e))?;
        let ended = sqlx::query("SELECT step, ending FROM outcomes WHERE run = ?").bind(id).fetch_all(&mut *tx).await.map_err(said)?;
        let begun = sqlx::query("SELECT step FROM intents WHERE run = ? ORDER BY step").bind(id).fetch_all(&mut *tx).await.map_err(said)?;
        let mut known: BTreeMap<u32, Ending> = BTreeMap::new();
        for outcome in &ended {
            let ending = serde_json::from_str(outcome.get::<&str, _>(1)).map_err(|e| self.unreadable(&e))?;
            known.insert(outcome.get(0), ending);
        }
        let begun: BTreeSet<u32> = begun.iter().map(|intent| intent.get(0)).collect();
        let owner = read_owner(row);
        let state = match row.get::<&str, _>("state") {
            "done" => TaskState::Done,
            "partial" => TaskState::Partial,
            "failed" => TaskState::Failed,
            "cancelled" => TaskState::Cancelled,
            _ if is_gone(&owner, Stamp(row.get("beat")), self.now()) => TaskState::Abandoned,
            _ => TaskState::Running,
        };
        let steps = u32::try_from(plan.steps.len()).unwrap_or(u32::MAX);
        Ok(Task {
            id: RunId(id.into()),
            title: plan.title.clone(),
            owner,
            state,
            started: Stamp(row.get("started")),
            ended: row.get::<Option<i64>, _>("ended").map(Stamp),
            reason: row.get::<Option<&str>, _>("reason").map(Arc::from),
            under_way: begun.into_iter().filter(|step| !known.contains_key(step)).collect(),
            endings: (0..steps).map(|step| known.remove(&step)).collect(),
            plan: Arc::new(plan),
        })
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
