//! `wharf watch --until`: waits until a condition is so, beside the console or with lines alone.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::Exit;
use super::arguments::Watch;
use super::out::Out;
use crate::engine::Engine;
use crate::model::condition::{Awaited, Condition, Short, Verdict};
use crate::model::endpoint::EndpointKind;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::text::Text;

/// How long something may stand still with nobody at work on it: a runner takes a run over within a moment, and the
/// journal shows what it has.
const STUCK_FOR: Duration = Duration::from_secs(10);
/// Between two lines about how it stands.
const LINE_EVERY: Duration = Duration::from_secs(1);
/// How long the journal may take to show what is in it; an empty one shows nothing.
const JOURNAL_WITHIN: Duration = Duration::from_secs(1);
/// Longer than anybody waits.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// What is waited for, and for how long.
#[derive(Clone, Debug)]
pub struct Until {
    pub condition: Condition,
    deadline: Option<Duration>,
}

impl Until {
    /// What the command line asks for; `None` where it waits for nothing.
    ///
    /// # Errors
    /// Usage: a condition that does not read, or a deadline for nothing.
    pub fn read(ask: &Watch) -> Result<Option<Self>, Fault> {
        let condition = ask.until.as_deref().map(Condition::parse).transpose()?;
        Ok(condition.map(|condition| Self { condition, deadline: ask.deadline }))
    }

    /// As people read it on the screen.
    #[must_use]
    pub fn words(&self) -> &str {
        self.condition.words()
    }

    /// Which endpoints have to be asked; where it is about none, nobody is: no Dragonfly has a poller.
    #[must_use]
    pub fn kinds(&self) -> Vec<EndpointKind> {
        let kinds = self.condition.kinds();
        if kinds.is_empty() { vec![EndpointKind::Dragonfly] } else { kinds }
    }

    /// Waits on the engine's facts until it is so or can no longer become so.
    ///
    /// # Errors
    /// Usage: a name in it that is not declared.
    pub async fn wait(&self, engine: &Engine, tell: &watch::Sender<Awaited>) -> Result<Exit, Fault> {
        let mut fleet = engine.fleet();
        let end = Instant::now() + self.deadline.unwrap_or(NEVER);
        let mut stuck_since: Option<Instant> = None;
        let declared = fleet.wait_for(|fleet| fleet.is_declared).await;
        self.condition.check(&*declared.map_err(|_| gone())?)?;
        if self.condition.is_about_runs() {
            // The journal is read beside the endpoints; before it was, no run is there and none is missing.
            let _ = timeout(JOURNAL_WITHIN, fleet.wait_for(|fleet| !fleet.runs.is_empty())).await;
        }
        loop {
            let now = Arc::clone(&fleet.borrow_and_update());
            let verdict = self.condition.judge(&now);
            stuck_since = matches!(verdict, Verdict::Stuck(..)).then(|| stuck_since.unwrap_or_else(Instant::now));
            let is_stuck = stuck_since.is_some_and(|since| since.elapsed() >= STUCK_FOR);
            match verdict {
                Verdict::Met => {
                    tell.send_replace(Awaited::Over(Text::made(
                        format!("{}: so it is", self.words()),
                        format!("{}：已满足", self.words()),
                    )));
                    return Ok(Exit::Ok);
                }
                Verdict::Over(short, why) => return Ok(self.missed(short, &why, tell)),
                Verdict::Stuck(short, why) if is_stuck => return Ok(self.missed(short, &why, tell)),
                Verdict::Waiting(why) | Verdict::Stuck(_, why) => {
                    if Instant::now() >= end {
                        return Ok(self.too_late(&now, &why, tell));
                    }
                    tell.send_if_modified(|told| {
                        let new = Awaited::Waiting(why);
                        let differs = *told != new;
                        *told = new;
                        differs
                    });
                }
            }
            let wake = stuck_since.map_or(end, |since| end.min(since + STUCK_FOR));
            tokio::select! {
                changed = fleet.changed() => changed.map_err(|_| gone())?,
                () = sleep_until(wake) => {}
            }
        }
    }

    fn missed(&self, short: Short, why: &Text, tell: &watch::Sender<Awaited>) -> Exit {
        let words = self.words();
        tell.send_replace(Awaited::Over(Text::made(format!("{words}: {}", why.en), format!("{words}：{}", why.zh))));
        match short {
            Short::Partly => Exit::Partial,
            Short::Wholly => Exit::Failed,
        }
    }

    /// The time is over: degraded where somebody could say how it stands, failed where nobody could.
    fn too_late(&self, fleet: &Fleet, why: &Text, tell: &watch::Sender<Awaited>) -> Exit {
        let seconds = self.deadline.unwrap_or_default().as_secs_f64();
        let late = Text::made(format!("not within {seconds} s: {}", why.en), format!("{seconds} 秒内未满足：{}", why.zh));
        let short = if self.condition.is_answered(fleet) { Short::Partly } else { Short::Wholly };
        self.missed(short, &late, tell)
    }
}

/// The place where it is told how it stands.
#[must_use]
pub fn board() -> watch::Sender<Awaited> {
    watch::Sender::new(Awaited::Waiting(Text::raw("")))
}

/// Waits without a screen: how it stands is a line on standard error, how it ended the document.
pub async fn lines(engine: &Engine, until: &Until, out: &mut Out<'_>) -> Exit {
    let tell = board();
    let mut told = tell.subscribe();
    let mut waiting = pin!(until.wait(engine, &tell));
    let mut next_line = Instant::now();
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut waiting => break ended,
            Ok(()) = async { sleep_until(next_line).await; told.changed().await } => {
                next_line = Instant::now() + LINE_EVERY;
                if let Awaited::Waiting(text) = told.borrow_and_update().clone() {
                    out.line(&format!("wharf: {}", text.get(out.lang)));
                }
            }
        }
    };
    finish(ended, &tell, out)
}

/// Waits beside a screen, which is told to go when it is over. Leaving the screen before that is leaving it undone.
pub async fn beside(
    engine: &Engine,
    until: &Until,
    tell: &watch::Sender<Awaited>,
    screen: impl Future<Output = Result<(), Fault>>,
    out: &mut Out<'_>,
) -> Exit {
    let mut screen = pin!(screen);
    let mut waiting = pin!(until.wait(engine, tell));
    let ended = tokio::select! {
        ended = &mut waiting => {
            if ended.is_err() {
                tell.send_replace(Awaited::Over(Text::raw("")));
            }
            // The terminal is given back before anything is said on it.
            screen.await.and(ended)
        }
        left = &mut screen => match left {
            Ok(()) => {
                out.say(&format!("wharf: left before {}", until.words()), &format!("wharf: 未等到 {} 就已离开", until.words()));
                return Exit::Partial;
            }
            Err(fault) => Err(fault),
        },
    };
    finish(ended, tell, out)
}

fn finish(ended: Result<Exit, Fault>, tell: &watch::Sender<Awaited>, out: &mut Out<'_>) -> Exit {
    match ended {
        Ok(exit) => {
            if let Awaited::Over(text) = tell.borrow().clone() {
                out.document(&format!("{}\n", text.get(out.lang)));
            }
            exit
        }
        Err(fault) => {
            out.complain(&fault);
            Exit::of(&fault)
        }
    }
}

fn gone() -> Fault {
    let cause = Text::new("the engine has stopped", "引擎已停止");
    Fault::new("watch", FaultKind::Cancelled, cause, Text::new("start it again", "请重新启动"))
}
