//! Carries out what a verb does.

use super::super::listing::Shut;
use super::super::verb::{Does, Needs, Verb};
use super::super::verbs::VERBS;
use super::super::worker::Urgency;
use super::{Console, ConsoleRequest};
use crate::engine::{Command, Mode};
use crate::model::text::Text;

impl Console {
    /// Does a verb where it is valid.
    pub(in crate::tui) fn run(&mut self, verb: &'static Verb) {
        match verb.needs {
            Needs::Writing if self.mode == Mode::ReadOnly => {
                self.say(Text::new("read-only: this console changes nothing", "只读：此控制台不做任何更改"));
            }
            Needs::Row | Needs::Logs | Needs::Writing if self.listing().chosen().is_empty() => {
                self.say(Text::new("no row is selected", "没有选中的行"));
            }
            Needs::Row | Needs::Logs | Needs::Writing => {
                self.listing_mut().hold_row();
                self.carry(verb.does);
            }
            Needs::Nothing => self.carry(verb.does),
        }
    }

    pub(super) fn run_id(&mut self, id: &str) {
        if let Some(verb) = VERBS.iter().find(|v| v.id == id) {
            self.run(verb);
        }
    }

    fn carry(&mut self, does: Does) {
        match does {
            Does::Plan(operation) => self.plan_rows(operation),
            Does::Open(noun) => self.open_noun(noun),
            Does::OpenUnder { of, noun } => self.open_under(of, noun),
            Does::ShowTab(noun) => self.show_tab(noun),
            Does::Enter => self.enter(),
            Does::Back => self.back(),
            Does::Describe => self.describe(),
            Does::Why => self.why(),
            Does::Logs => self.logs(),
            Does::Raw => self.raw(),
            Does::Menu => self.menu(),
            Does::Filter => self.filter(),
            Does::Command => self.command(),
            Does::Help => self.help(),
            Does::Runs => self.runs(),
            Does::Mark => {
                let listing = self.listing_mut();
                listing.mark();
                listing.step(1);
            }
            Does::MarkAll => self.mark_all(),
            Does::Unmark => self.listing_mut().marks.clear(),
            Does::SortLeft => self.sort_aside(-1),
            Does::SortRight => self.sort_aside(1),
            Does::SortTurn => self.sort_turn(),
            Does::Copy => self.copy_names(),
            Does::Export => self.export(),
            Does::Refresh => {
                self.request(ConsoleRequest::Send(Command::Refresh { endpoints: Vec::new() }));
                self.say(Text::new("asking every endpoint again", "正在重新询问所有端点"));
                self.ask(Urgency::Person);
            }
            Does::Last => self.last_place(),
            Does::NextPane => self.turn_pane(1),
            Does::PreviousPane => self.turn_pane(-1),
            Does::NextTab => self.turn_tab(1),
            Does::PreviousTab => self.turn_tab(-1),
            Does::Unfold => self.fold(Shut::Open),
            Does::Fold => self.fold(Shut::Closed),
            Does::Down => self.listing_mut().step(1),
            Does::Up => self.listing_mut().step(-1),
            Does::PageDown => self.page(1),
            Does::PageUp => self.page(-1),
            Does::Top => self.listing_mut().go(0),
            Does::Bottom => self.listing_mut().go(usize::MAX),
            Does::Repaint => self.request(ConsoleRequest::Repaint),
            Does::Stop => self.stop(),
            Does::Quit => self.request(ConsoleRequest::Quit),
        }
    }
}
