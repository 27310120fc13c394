//! A run whose console is gone with steps open: go on, leave it, or decide later. Later has the focus.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;
use tokio::time::Instant;

use super::super::canvas::{Canvas, centred};
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::super::widgets::describe::{Said, moment};
use super::super::widgets::pager::{self, Scroll};
use super::{Layer, LayerContext, LayerEffect};
use crate::engine::Command;
use crate::model::plan::Ending;
use crate::model::run::Run;
use crate::model::text::{Lang, Text, width};
use crate::tables::{Context, Tone};

/// As in the dialog of a plan: what comes sooner is held, not pressed.
const HELD: Duration = Duration::from_millis(400);

const CHOICES: [Text; 4] =
    [Text::new("Later", "稍后"), Text::new("Go on", "继续执行"), Text::new("Undo", "撤销"), Text::new("Leave it", "放弃剩余步骤")];

/// The question about one run.
#[derive(Debug)]
pub(in crate::tui) struct Abandoned {
    task: Arc<Run>,
    choice: usize,
    last_decision: Instant,
    scroll: Scroll,
}

impl Abandoned {
    pub(in crate::tui) fn new(task: Arc<Run>, now: Instant) -> Self {
        Self { task, choice: 0, last_decision: now, scroll: Scroll::default() }
    }

    fn lines(&self, cx: &LayerContext<'_>) -> Vec<Said> {
        let lang = cx.moment.lang;
        let cx = Context { fleet: &cx.moment.fleet, live: &cx.moment.live, now: cx.moment.now, lang, zone: &cx.moment.zone };
        let (ended, all) = self.task.progress();
        let owner = &self.task.owner;
        let head = match lang {
            Lang::En => format!(
                "{} of {}@{} began {} and its console is gone: {ended} of {all} steps have ended.",
                self.task.id,
                owner.who,
                owner.machine,
                moment(self.task.started, &cx)
            ),
            Lang::Zh => format!(
                "{}（{}@{}，{} 开始）的控制台已不在：{all} 步中 {ended} 步已有结果。",
                self.task.id,
                owner.who,
                owner.machine,
                moment(self.task.started, &cx)
            ),
        };
        let mut lines = vec![Said::new("", head, Tone::Plain), Said::blank()];
        for step in self.task.steps.iter() {
            let (word, tone) = match &step.ending {
                Some(ending) => (ending.words(), tone_of(ending)),
                None if step.under_way => (Text::new("was under way", "当时正在进行"), Tone::Warn),
                None => (Text::new("not begun", "未开始"), Tone::Dim),
            };
            lines.push(Said::new(step.step.target(), word.get(lang), tone));
        }
        lines
    }
}

fn tone_of(ending: &Ending) -> Tone {
    match ending {
        Ending::Done | Ending::Already | Ending::FoundDone => Tone::Good,
        Ending::Failed(_) | Ending::FoundNotDone => Tone::Bad,
        Ending::Unknown(_) => Tone::Unknown,
        Ending::Cancelled => Tone::Dim,
    }
}

impl Layer for Abandoned {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        match key.code {
            Code::Esc => cx.effects.push(LayerEffect::Close),
            Code::Tab | Code::Right => self.choice = (self.choice + 1) % CHOICES.len(),
            Code::BackTab | Code::Left => self.choice = (self.choice + CHOICES.len() - 1) % CHOICES.len(),
            Code::Enter => {
                let settled = cx.now.duration_since(self.last_decision) >= HELD;
                self.last_decision = cx.now;
                if settled {
                    let run = self.task.id.clone();
                    cx.effects.push(LayerEffect::Close);
                    match self.choice {
                        1 => cx.effects.push(LayerEffect::Send(Command::Resume { run })),
                        // Its plan is shown first, like any other.
                        2 => cx.effects.push(LayerEffect::Line(format!("undo {run}"))),
                        3 => cx.effects.push(LayerEffect::Send(Command::Abandon { run })),
                        _ => {}
                    }
                }
            }
            _ => {
                self.last_decision = cx.now;
                let _ = self.scroll.key(key);
            }
        }
    }

    fn paste(&mut self, _: &str, cx: &mut LayerContext<'_>) {
        self.last_decision = cx.now;
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let lines = self.lines(cx);
        let high = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(6).min(body.height);
        let area = centred(body, body.width.saturating_sub(4).min(100), high);
        let title = canvas.word(&self.task.title).to_owned();
        let inner = canvas.frame(area, &title, None);
        if inner.height < 3 {
            return None;
        }
        pager::draw(canvas, Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height - 2), &lines, &self.scroll);
        let mut right = inner.right().saturating_sub(2);
        for (at, choice) in CHOICES.iter().enumerate().rev() {
            let word = canvas.word(choice).to_owned();
            let here = at == self.choice;
            let word = if here { format!("[ {word} ]") } else { format!("  {word}  ") };
            let style = canvas.style(if here { Role::Selected } else { Role::Text });
            let columns = u16::try_from(width(&word)).unwrap_or(0);
            right = canvas.put_right(right, inner.bottom() - 1, columns, &word, style).saturating_sub(1);
        }
        None
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![("Tab", Text::new("choose", "选择")), ("Enter", Text::new("decide", "确定")), ("Esc", Text::new("later", "稍后"))]
    }
}
