//! A plan as it would be carried out, and the question whether it should be. Cancel has the focus; held keys and pastes never confirm.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;
use tokio::time::Instant;

use super::super::canvas::{Canvas, centred};
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::super::widgets::describe::Said;
use super::super::widgets::input::Entry;
use super::super::widgets::pager::{self, Scroll};
use super::{Layer, LayerContext, LayerEffect};
use crate::engine::Mode;
use crate::model::fault::Fault;
use crate::model::plan::Plan;
use crate::model::text::{Text, width};
use crate::operations::AnyOperation;
use crate::operations::shell::join;
use crate::tables::{RowKey, Tone};

/// A key that came sooner after the dialog opened, or after the same key before, is held, not pressed.
const HELD: Duration = Duration::from_millis(400);
/// An Enter that came sooner after any other key is the end of a paste, not a decision.
const BURST: Duration = Duration::from_millis(150);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Cancel,
    Run,
    Script,
}

/// The dialog of one plan.
#[derive(Debug)]
pub(in crate::tui) struct Confirm {
    plan: Arc<Plan>,
    rows: Vec<RowKey>,
    lines: Vec<Said>,
    scroll: Scroll,
    choice: Choice,
    typed: Entry,
    opened: Instant,
    /// When the last key of any kind came, and the last deciding one.
    last_key: Instant,
    last_decision: Instant,
    note: Option<Text>,
}

impl Confirm {
    pub(in crate::tui) fn new(plan: Arc<Plan>, rows: Vec<RowKey>, lang: crate::model::text::Lang, now: Instant) -> Self {
        let lines = lines_of(&plan, lang);
        Self {
            plan,
            rows,
            lines,
            scroll: Scroll::default(),
            choice: Choice::Cancel,
            typed: Entry::default(),
            opened: now,
            last_key: now,
            last_decision: now,
            note: None,
        }
    }

    fn is_typed(&self) -> bool {
        self.plan.danger.typed.as_ref().is_none_or(|wanted| self.typed.text().trim() == wanted)
    }

    fn choices(&self) -> &'static [Choice] {
        if self.plan.steps.is_empty() { &[Choice::Cancel] } else { &[Choice::Cancel, Choice::Run, Choice::Script] }
    }

    fn decide(&mut self, cx: &mut LayerContext<'_>) {
        let settled = cx.now.duration_since(self.last_decision) >= HELD && cx.now.duration_since(self.last_key) >= BURST;
        self.last_decision = cx.now;
        if !settled {
            self.note = Some(Text::new("held or pasted keys decide nothing: press once more", "按住或粘贴不算确认：请再按一次"));
            return;
        }
        match self.choice {
            Choice::Cancel => cx.effects.push(LayerEffect::Close),
            Choice::Script => match script(&self.plan) {
                Ok(line) => {
                    cx.effects.push(LayerEffect::Copy(line));
                    cx.effects.push(LayerEffect::Say(Text::new("the command line is in the clipboard", "命令行已复制到剪贴板")));
                }
                Err(fault) => self.note = Some(fault.cause),
            },
            Choice::Run if cx.mode == Mode::ReadOnly => {
                self.note = Some(Text::new("read-only: nothing is carried out here", "只读：此处不执行任何操作"));
            }
            Choice::Run if !self.is_typed() => {
                self.note = Some(Text::new("first type what is asked for", "请先输入要求的内容"));
            }
            Choice::Run => {
                cx.effects.push(LayerEffect::Close);
                cx.effects.push(LayerEffect::Run { plan: Arc::clone(&self.plan), rows: std::mem::take(&mut self.rows) });
            }
        }
    }

    fn turn(&mut self, by: isize) {
        let all = self.choices();
        let at = all.iter().position(|c| *c == self.choice).unwrap_or(0);
        let count = isize::try_from(all.len()).unwrap_or(1);
        let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(count);
        self.choice = all[usize::try_from(next).unwrap_or(0)];
    }
}

impl Layer for Confirm {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        self.note = None;
        match key.code {
            Code::Esc => cx.effects.push(LayerEffect::Close),
            Code::Enter => self.decide(cx),
            Code::Tab | Code::Right => self.turn(1),
            Code::BackTab | Code::Left => self.turn(-1),
            Code::Up | Code::Down | Code::PageUp | Code::PageDown => {
                self.scroll.key(key);
            }
            _ if self.plan.danger.typed.is_some() => {
                // The key that opened the dialog may still be held.
                if cx.now.duration_since(self.opened) >= HELD {
                    self.typed.key(key);
                }
            }
            _ => {
                self.scroll.key(key);
            }
        }
        self.last_key = cx.now;
    }

    fn paste(&mut self, _: &str, cx: &mut LayerContext<'_>) {
        self.last_key = cx.now;
        self.last_decision = cx.now;
        self.note = Some(Text::new("pasting does nothing here", "此处不接受粘贴"));
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let wide = if body.width < 100 { body.width } else { (body.width - 8).min(120) };
        let room = usize::from(wide.saturating_sub(6));
        let text_rows: usize = self.lines.iter().map(|l| pager::fold(&l.words, room.saturating_sub(18)).len()).sum();
        let extra = 3 + 2 * u16::from(self.plan.danger.typed.is_some());
        let high = u16::try_from(text_rows).unwrap_or(u16::MAX).saturating_add(2 + extra).min(body.height);
        let area = centred(body, wide, high);
        let tag = self.plan.danger.environments.iter().map(|e| e.to_uppercase()).collect::<Vec<_>>().join(" ");
        let prod = self.plan.danger.environments.iter().any(|e| e.to_lowercase().starts_with("prod"));
        let style = canvas.style(if prod { Role::TagProd } else { Role::TagOther });
        let title = canvas.word(&self.plan.title).to_owned();
        let inner = canvas.frame(area, &title, (!tag.is_empty()).then_some((tag.as_str(), style)));
        if inner.height < extra {
            return None;
        }
        pager::draw(
            canvas,
            Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height - extra),
            &self.lines,
            &self.scroll,
        );
        let mut y = inner.bottom() - extra;
        let mut cursor = None;
        if let Some(wanted) = &self.plan.danger.typed {
            y += 1;
            let ask = match canvas.look.lang {
                crate::model::text::Lang::En => format!("to go on, type  {wanted}  "),
                crate::model::text::Lang::Zh => format!("要继续，请输入  {wanted}  "),
            };
            let strong = canvas.style(Role::Warn);
            let x = inner.x + 1 + canvas.put(inner.x + 1, y, inner.width.saturating_sub(20), &ask, strong);
            canvas.put(x, y, 1, "[", strong);
            cursor = Some(self.typed.draw(canvas, (x + 1, y), 20, canvas.style(Role::Text)));
            canvas.put(x + 22, y, 1, "]", strong);
            y += 1;
        }
        if let Some(note) = &self.note {
            let words = canvas.word(note).to_owned();
            let style = canvas.style(Role::Warn);
            canvas.put(inner.x + 1, y, inner.width.saturating_sub(2), &words, style);
        }
        self.draw_choices(canvas, inner, cx.mode);
        cursor
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![("Tab", Text::new("choose", "选择")), ("Enter", Text::new("decide", "确定")), ("Esc", Text::new("cancel", "取消"))]
    }
}

impl Confirm {
    fn draw_choices(&self, canvas: &mut Canvas<'_>, inner: Rect, mode: Mode) {
        let mut right = inner.right().saturating_sub(2);
        let y = inner.bottom() - 1;
        for choice in self.choices().iter().rev() {
            let name = match choice {
                Choice::Cancel => Text::new("Cancel", "取消"),
                Choice::Run => Text::new("Run", "执行"),
                Choice::Script => Text::new("copy as command", "复制为命令"),
            };
            let word = canvas.word(&name).to_owned();
            let here = *choice == self.choice;
            let word = if here { format!("[ {word} ]") } else { format!("  {word}  ") };
            let dimmed = *choice == Choice::Run && (mode == Mode::ReadOnly || !self.is_typed());
            let style = match (here, dimmed) {
                (true, _) => canvas.style(Role::Selected),
                (false, true) => canvas.style(Role::Dim),
                (false, false) => canvas.style(Role::Text),
            };
            let columns = u16::try_from(width(&word)).unwrap_or(0);
            right = canvas.put_right(right, y, columns, &word, style).saturating_sub(1);
        }
    }
}

/// The plan as lines: what would be sent to whom, what is left out and why, and what it costs.
fn lines_of(plan: &Plan, lang: crate::model::text::Lang) -> Vec<Said> {
    let say = |text: Text| text.get(lang).to_owned();
    let mut lines = Vec::new();
    for step in &plan.steps {
        lines.push(Said::new(step.target(), step.shown(), Tone::Plain));
    }
    for (list, word) in [(&plan.skipped, Text::new("skipped: ", "跳过：")), (&plan.undecided, Text::new("undecided: ", "无法判定："))]
    {
        for one in list {
            lines.push(Said::new(one.target.clone(), format!("{}{}", word.get(lang), one.why.get(lang)), Tone::Warn));
        }
    }
    if plan.steps.is_empty() {
        lines.push(Said::new("", say(Text::new("nothing is to be done", "没有需要执行的步骤")), Tone::Dim));
    }
    lines.push(Said::blank());
    let cost = if plan.cost_delta.is_empty() {
        say(Text::new("no change", "不变"))
    } else {
        plan.cost_delta.iter().map(|m| format!("{} {}/h", m.amount, m.currency.code())).collect::<Vec<_>>().join("  ")
    };
    lines.push(Said::new(say(Text::new("cost", "成本")), cost, Tone::Plain));
    let seconds = plan.seconds();
    let count = plan.steps.len();
    let steps = if count == 1 { "step" } else { "steps" };
    let takes = Text::made(format!("about {seconds} s, {count} {steps}"), format!("约 {seconds} 秒，{count} 步"));
    lines.push(Said::new(say(Text::new("takes", "用时")), takes.get(lang), Tone::Plain));
    if plan.danger.destructive {
        lines.push(Said::new(say(Text::new("danger", "危险")), say(Text::new("this cannot be undone", "此操作无法撤销")), Tone::Bad));
    }
    lines
}

/// The same operation for a shell, from the plan's own arguments.
fn script(plan: &Plan) -> Result<String, Fault> {
    let words = AnyOperation::read(&plan.operation, &plan.arguments)?.words();
    Ok(join(["wharf", "run"].into_iter().chain(words.iter().map(String::as_str))))
}

#[cfg(test)]
mod tests;
