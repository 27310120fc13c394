//! What is being carried out and what was: progress, outcome, cancel, and the steps of each. What `t` shows.

use std::cell::Cell;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::super::widgets::table::coarse_age;
use super::log::{Follow, LogBox};
use super::{Cover, Layer, LayerContext, LayerEffect};
use crate::engine::{Command, Mode, TailAsk};
use crate::model::plan::RunId;
use crate::model::run::{Run, RunState};
use crate::model::text::{Lang, Text};

/// The chosen run, by id: the list moves under it.
#[derive(Debug, Default)]
pub(in crate::tui) struct Runs {
    chosen: Option<RunId>,
    top: Cell<usize>,
}

impl Runs {
    /// Opens with this run chosen.
    pub(in crate::tui) fn at(run: RunId) -> Self {
        Self { chosen: Some(run), top: Cell::new(0) }
    }

    fn place(&self, tasks: &[Arc<Run>]) -> usize {
        self.chosen.as_ref().and_then(|id| tasks.iter().position(|t| t.id == *id)).unwrap_or(0)
    }
}

/// Running and abandoned ones first, then the newest.
fn listed(cx: &LayerContext<'_>) -> Vec<Arc<Run>> {
    let mut tasks: Vec<Arc<Run>> = cx.moment.fleet.runs.iter().rev().cloned().collect();
    tasks.sort_by_key(|t| t.state.is_over());
    tasks
}

impl Layer for Runs {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        let tasks = listed(cx);
        let at = self.place(&tasks);
        let last = tasks.len().saturating_sub(1);
        let next = match key.code {
            Code::Esc | Code::Char('q' | 't') => return cx.effects.push(LayerEffect::Close),
            Code::Char('j') | Code::Down => (at + 1).min(last),
            Code::Char('k') | Code::Up => at.saturating_sub(1),
            Code::Char('g') | Code::Home => 0,
            Code::Char('G') | Code::End => last,
            _ => at,
        };
        let Some(task) = tasks.get(next) else { return };
        self.chosen = Some(task.id.clone());
        let writes = cx.mode == Mode::Writing;
        let run = task.id.clone();
        match (key.code, task.state) {
            (Code::Enter | Code::Char('l'), _) => {
                let title = format!("{} {}", task.id, task.title.get(cx.moment.lang));
                cx.effects.push(LayerEffect::Open(Box::new(LogBox::new(title, Follow::FromTop))));
                cx.effects.push(LayerEffect::Tail(TailAsk::Run { run }));
            }
            (Code::Char('C'), RunState::Running | RunState::Waiting) if writes => {
                cx.effects.push(LayerEffect::Send(Command::Cancel { run }));
                cx.effects.push(LayerEffect::Say(Text::new("will stop after the steps under way", "将在进行中的步骤之后停止")));
            }
            (Code::Char('U'), state) if writes && !state.is_alive() => cx.effects.push(LayerEffect::Line(format!("undo {run}"))),
            (Code::Char('R'), RunState::Abandoned) if writes => cx.effects.push(LayerEffect::Send(Command::Resume { run })),
            (Code::Char('L'), RunState::Abandoned) if writes => cx.effects.push(LayerEffect::Send(Command::Abandon { run })),
            (Code::Char('C' | 'U' | 'R' | 'L'), _) if !writes => {
                cx.effects.push(LayerEffect::Say(Text::new("read-only: this console changes nothing", "只读：此控制台不做任何更改")));
            }
            _ => {}
        }
    }

    fn cover(&self) -> Cover {
        Cover::Body
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let title = Text::new("runs", "执行记录");
        let title = canvas.word(&title).to_owned();
        let inner = canvas.frame(body, &title, None);
        let tasks = listed(cx);
        if tasks.is_empty() {
            let calm = Text::new("nothing was carried out yet", "尚无执行记录");
            let words = canvas.word(&calm).to_owned();
            let dim = canvas.style(Role::Dim);
            canvas.put(inner.x + 2, inner.y, inner.width, &words, dim);
            return None;
        }
        let at = self.place(&tasks);
        let room = usize::from(inner.height);
        let top = self.top.get().min(at).max((at + 1).saturating_sub(room));
        self.top.set(top);
        for ((nth, task), y) in tasks.iter().enumerate().skip(top).take(room).zip(inner.y..) {
            if nth == at {
                let bar = canvas.style(Role::Accent);
                canvas.put(inner.x, y, 1, canvas.look.glyphs.selected, bar);
            }
            draw_task(canvas, Rect::new(inner.x + 1, y, inner.width.saturating_sub(1), 1), task, cx);
        }
        None
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("Esc", Text::new("back", "返回")),
            ("Enter", Text::new("steps", "步骤")),
            ("C", Text::new("cancel", "取消执行")),
            ("U", Text::new("undo", "撤销")),
            ("R", Text::new("go on with an abandoned one", "继续中断的执行")),
            ("L", Text::new("leave it", "放弃")),
        ]
    }
}

fn draw_task(canvas: &mut Canvas<'_>, area: Rect, task: &Run, cx: &LayerContext<'_>) {
    let glyphs = canvas.look.glyphs;
    let (sign, role, word) = match task.state {
        RunState::Running | RunState::Waiting if task.stopped_by.is_some() => {
            (glyphs.changing, Role::Warn, Text::new("stopping", "正在停止"))
        }
        RunState::Running => (glyphs.changing, Role::Changing, Text::new("running", "进行中")),
        RunState::Waiting => (glyphs.changing, Role::Changing, Text::new("waiting", "等待中")),
        RunState::Abandoned => (glyphs.warn, Role::Warn, Text::new("abandoned", "已中断")),
        RunState::Done => (glyphs.good, Role::Good, Text::new("done", "完成")),
        RunState::Partial => (glyphs.bad, Role::Bad, Text::new("some failed", "部分失败")),
        RunState::Failed => (glyphs.bad, Role::Bad, Text::new("failed", "失败")),
        RunState::Cancelled => (glyphs.unknown, Role::Unknown, Text::new("cancelled", "已取消")),
    };
    let style = canvas.style(role);
    canvas.put(area.x, area.y, 1, sign, style);
    let word = canvas.word(&word).to_owned();
    canvas.put(area.x + 2, area.y, 11, &word, style);
    let (ended, all) = task.progress();
    let failed = task.failed();
    let mut figures = format!("{ended}/{all}");
    if failed > 0 {
        figures = format!("{figures} {}{failed}", glyphs.bad);
    }
    let text = canvas.style(Role::Text);
    canvas.put(area.x + 14, area.y, 10, &figures, text);
    let age = coarse_age(cx.moment.now.since(task.started), cx.moment.lang);
    let age = if cx.moment.lang == Lang::Zh { format!("{age}前") } else { format!("{age} ago") };
    let dim = canvas.style(Role::Dim);
    canvas.put(area.x + 25, area.y, 8, &age, dim);
    let who = format!("{}@{}", task.owner.who, task.owner.machine);
    let title = canvas.word(&task.title).to_owned();
    let room = area.width.saturating_sub(35);
    let edge = canvas.put_right(area.right().saturating_sub(1), area.y, room / 3, &who, dim);
    canvas.put_cut(area.x + 34, area.y, edge.saturating_sub(area.x + 36), &title, text);
}
