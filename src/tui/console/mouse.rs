//! Presses and the wheel: panes, heads of columns, rows.

use super::super::input::{Mouse, MouseDeed};
use super::Console;

impl Console {
    pub(super) fn take_mouse(&mut self, mouse: Mouse) {
        if !self.layers.is_empty() {
            return self.with_layer(|layer, cx| layer.mouse(mouse, cx));
        }
        match mouse.effect {
            MouseDeed::WheelUp => self.listing_mut().step(-3),
            MouseDeed::WheelDown => self.listing_mut().step(3),
            MouseDeed::Press if mouse.row == 1 => {
                let hit = self.tabs.borrow().iter().find(|(_, from, to)| (*from..*to).contains(&mouse.column)).map(|(pane, ..)| *pane);
                if let Some(pane) = hit {
                    self.show_pane(pane);
                }
            }
            MouseDeed::Press => self.press_table(mouse.column, mouse.row),
        }
    }

    fn press_table(&mut self, column: u16, row: u16) {
        let listing = self.listing();
        let drawn = listing.drawn.borrow();
        let rows = drawn.rows;
        if column < rows.x || column >= rows.right() {
            return;
        }
        if row + 1 == rows.y {
            let head = drawn.columns.iter().find(|(_, from, to)| (*from..=*to).contains(&column)).map(|(c, ..)| *c);
            drop(drawn);
            if let Some(head) = head {
                self.listing_mut().sort_by(head);
                self.ask_anew();
            }
        } else if (rows.y..rows.bottom()).contains(&row) {
            drop(drawn);
            let at = listing.offset.get() + usize::from(row - rows.y);
            if at < listing.rows().len() {
                if at == listing.at { self.run_id("console.enter") } else { self.listing_mut().go(at) }
            }
        }
    }
}
