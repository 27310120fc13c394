//! A drawn screen as SVG text: the same cells, colours and words.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Of one cell.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const MARGIN: f64 = 12.0;
const BACK: &str = "#16181d";
const FRONT: &str = "#d6d9df";

pub(crate) fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f64::from(columns) * WIDTH + 2.0 * MARGIN, f64::from(rows) * HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"'JetBrains Mono','DejaVu Sans Mono','Noto Sans Mono CJK SC',Menlo,Consolas,monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACK}\"/>\n"
    );
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let first = &buffer[(x, y)];
            let (mut words, begun) = (String::new(), x);
            // Runs of one style; a wide character stands alone, so that every other keeps its column.
            loop {
                let symbol = buffer[(x, y)].symbol();
                let wide = u16::try_from(symbol.width()).unwrap_or(1).max(1);
                if wide > 1 && begun != x {
                    break;
                }
                words.push_str(symbol);
                x += wide;
                if wide > 1 || x >= columns || style(&buffer[(x, y)]) != style(first) {
                    break;
                }
            }
            run(&mut out, first, &words, (begun, x - begun, y));
        }
    }
    out.push_str("</svg>\n");
    out
}

fn run(out: &mut String, cell: &Cell, words: &str, (x, cells, y): (u16, u16, u16)) {
    let (left, top) = (f64::from(x) * WIDTH + MARGIN, f64::from(y) * HEIGHT + MARGIN);
    let (front, back, bold) = style(cell);
    if back != BACK {
        let width = f64::from(cells) * WIDTH;
        let _ = writeln!(out, "<rect x=\"{left:.1}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"{HEIGHT:.0}\" fill=\"{back}\"/>");
    }
    let blank = words.len() - words.trim_start_matches(' ').len();
    let words = words.trim_matches(' ');
    if words.is_empty() {
        return;
    }
    let (left, width) = (left + WIDTH * f64::from(u16::try_from(blank).unwrap_or(0)), words.width());
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let length = f64::from(u16::try_from(width).unwrap_or(0)) * WIDTH;
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.0}\" fill=\"{front}\"{weight} textLength=\"{length:.1}\" xml:space=\"preserve\">{words}</text>",
        top + HEIGHT * 0.75
    );
}

/// Front, back and weight, with reverse and dim worked in.
fn style(cell: &Cell) -> (String, String, bool) {
    let (mut front, mut back) = (colour(cell.fg, FRONT), colour(cell.bg, BACK));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut back);
    }
    if cell.modifier.contains(Modifier::DIM) {
        "#8a8f99".clone_into(&mut front);
    }
    (front, back, cell.modifier.contains(Modifier::BOLD))
}

fn colour(colour: Color, plain: &str) -> String {
    let named = match colour {
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Black => "#16181d",
        Color::Red | Color::LightRed => "#f2777a",
        Color::Green | Color::LightGreen => "#8fc97a",
        Color::Yellow | Color::LightYellow => "#e6c15c",
        Color::Blue | Color::LightBlue => "#6fa8ff",
        Color::Magenta | Color::LightMagenta => "#c594e0",
        Color::Cyan | Color::LightCyan => "#62c7c7",
        Color::Gray => "#b8bcc4",
        Color::DarkGray => "#8a8f99",
        Color::White => "#ffffff",
        _ => plain,
    };
    named.to_owned()
}
