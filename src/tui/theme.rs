//! What colours mean: roles, and the themes that give each a style.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::terminal::Colours;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;
use crate::tables::{Mark, Tone};

macro_rules! roles {
    ($($(#[$about:meta])* $role:ident = $name:literal),+ $(,)?) => {
        /// A colour's meaning. Themes name them as written in `themes/dark.toml`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Role { $($(#[$about])* $role),+ }
        const ROLES: &[(&str, Role)] = &[$(($name, Role::$role)),+];
    };
}

roles! {
    Text = "text",
    /// Names of things.
    Name = "name",
    Dim = "dim",
    Good = "good",
    Warn = "warn",
    Bad = "bad",
    Changing = "changing",
    Unknown = "unknown",
    Accent = "accent",
    /// Heads of columns and titles of boxes.
    Head = "head",
    Border = "border",
    Selected = "selected",
    Marked = "marked",
    /// A key in the footer.
    Key = "key",
    /// The product and the pane that is shown.
    Brand = "brand",
    TagProd = "tag-prod",
    TagOther = "tag-other",
    TagLab = "tag-lab",
    /// What a search found.
    Match = "match",
}

const DARK: &str = include_str!("../../themes/dark.toml");
const LIGHT: &str = include_str!("../../themes/light.toml");

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    fg: Option<String>,
    #[serde(default)]
    bg: Option<String>,
    #[serde(default)]
    bold: Option<bool>,
    #[serde(default)]
    dim: Option<bool>,
    #[serde(default)]
    italic: Option<bool>,
    #[serde(default)]
    underline: Option<bool>,
    #[serde(default)]
    reverse: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    roles: BTreeMap<String, Written>,
}

/// A style a role, made for what the terminal can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Theme {
    styles: [Style; ROLES.len()],
}

impl Theme {
    /// The built-in theme of this name; `None` where there is none.
    #[must_use]
    pub(super) fn built_in(name: &str, colours: Colours) -> Option<Self> {
        let text = match name {
            "dark" => DARK,
            "light" => LIGHT,
            _ => return None,
        };
        Self::parse(text, colours).ok()
    }

    /// Reads a theme file; roles that it leaves out are as in `dark`.
    ///
    /// # Errors
    /// A sentence: what is wrong, and where the TOML says it.
    pub(super) fn parse(text: &str, colours: Colours) -> Result<Self, String> {
        let mut styles = [Style::new(); ROLES.len()];
        for layer in [DARK, text] {
            let file: File = toml::from_str(layer).map_err(|e| e.to_string())?;
            for (name, written) in file.roles {
                let at = ROLES.iter().position(|(have, _)| *have == name).ok_or_else(|| {
                    let all: Vec<_> = ROLES.iter().map(|(n, _)| *n).collect();
                    format!("'{name}' is no role; the roles are {}", all.join(", "))
                })?;
                styles[at] = written.style(colours).map_err(|why| format!("role {name}: {why}"))?;
            }
        }
        Ok(Self { styles })
    }

    #[must_use]
    pub(super) fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    #[must_use]
    pub(super) fn tone(&self, tone: Tone) -> Style {
        self.style(match tone {
            Tone::Plain => Role::Text,
            Tone::Name => Role::Name,
            Tone::Dim => Role::Dim,
            Tone::Good => Role::Good,
            Tone::Warn => Role::Warn,
            Tone::Bad => Role::Bad,
            Tone::Changing => Role::Changing,
            Tone::Unknown => Role::Unknown,
            Tone::Accent => Role::Accent,
        })
    }

    #[must_use]
    pub(super) fn mark(&self, mark: Mark) -> Style {
        self.style(match mark {
            Mark::Bad => Role::Bad,
            Mark::Warn | Mark::Absent => Role::Warn,
            Mark::Changing => Role::Changing,
            Mark::Unknown => Role::Unknown,
            Mark::Good => Role::Good,
            Mark::None => Role::Text,
        })
    }
}

/// The theme of this name: the user's own before the built-in one; `auto` looks at the terminal's background.
/// A theme that is not there or cannot be read is the built-in one, with a fault that says so.
pub(super) fn choose(name: &str, own: &BTreeMap<String, String>, background: Option<&str>, colours: Colours) -> (Theme, Option<Fault>) {
    // `COLORFGBG` is `foreground;background`: 7 and 15 are the light backgrounds.
    let light = background.and_then(|b| b.rsplit(';').next()).is_some_and(|b| matches!(b, "7" | "15"));
    let fallback = if name == "light" || (name == "auto" && light) { "light" } else { "dark" };
    let plain = || Theme::built_in(fallback, colours).unwrap_or(Theme { styles: [Style::new(); ROLES.len()] });
    let problem = match own.get(name).map(|text| Theme::parse(text, colours)) {
        Some(Ok(theme)) => return (theme, None),
        Some(Err(why)) => why,
        None if matches!(name, "auto" | "dark" | "light") => return (plain(), None),
        None => "there is no such theme; the built-in ones are dark and light".to_owned(),
    };
    let hint = Text::new("mend the theme file or [console] theme", "请修改主题文件或 [console] theme");
    (plain(), Some(Fault::new(format!("theme {name}"), FaultKind::Config, Text::raw(&problem), hint)))
}

impl Written {
    fn style(&self, colours: Colours) -> Result<Style, String> {
        let mut style = Style::new();
        for (colour, ground) in [(&self.fg, Style::fg as fn(Style, Color) -> Style), (&self.bg, Style::bg)] {
            if let Some(text) = colour {
                let (r, g, b) = rgb(text).ok_or_else(|| format!("'{text}' is no colour; write \"#rrggbb\""))?;
                if let Some(colour) = nearest((r, g, b), colours) {
                    style = ground(style, colour);
                }
            }
        }
        // Without colours a background must still be seen: the environment tag, a selected row.
        let reverse = self.reverse == Some(true) || (colours == Colours::None && self.bg.is_some());
        for (wanted, modifier) in [
            (self.bold == Some(true), Modifier::BOLD),
            (self.dim == Some(true), Modifier::DIM),
            (self.italic == Some(true), Modifier::ITALIC),
            (self.underline == Some(true), Modifier::UNDERLINED),
            (reverse, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

fn rgb(text: &str) -> Option<(u8, u8, u8)> {
    let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}

/// The colour as near as the terminal has it; `None` where it has none.
fn nearest(rgb: (u8, u8, u8), colours: Colours) -> Option<Color> {
    let (r, g, b) = rgb;
    match colours {
        Colours::None => None,
        Colours::True => Some(Color::Rgb(r, g, b)),
        Colours::Indexed => Some(Color::Indexed(cube(rgb))),
        Colours::Sixteen => Some(Color::Indexed(closest(rgb, &SIXTEEN))),
    }
}

const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (170, 0, 0),
    (0, 170, 0),
    (170, 85, 0),
    (0, 0, 170),
    (170, 0, 170),
    (0, 170, 170),
    (170, 170, 170),
    (85, 85, 85),
    (255, 85, 85),
    (85, 255, 85),
    (255, 255, 85),
    (85, 85, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
];

fn closest(wanted: (u8, u8, u8), palette: &[(u8, u8, u8)]) -> u8 {
    let best = palette.iter().enumerate().min_by_key(|(_, have)| distance(wanted, **have)).map_or(7, |(at, _)| at);
    u8::try_from(best).unwrap_or(7)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) * 2 + square(a.1, b.1) * 4 + square(a.2, b.2) * 3
}

/// The nearest of xterm's 6x6x6 cube and 24 greys.
fn cube(wanted: (u8, u8, u8)) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |v: u8| (0..6u8).min_by_key(|i| STEPS[usize::from(*i)].abs_diff(v)).unwrap_or(0);
    let (r, g, b) = (step(wanted.0), step(wanted.1), step(wanted.2));
    let in_cube = (STEPS[usize::from(r)], STEPS[usize::from(g)], STEPS[usize::from(b)]);
    let grey = (0..24u8).min_by_key(|i| distance(wanted, (8 + i * 10, 8 + i * 10, 8 + i * 10))).unwrap_or(0);
    let level = 8 + grey * 10;
    if distance(wanted, (level, level, level)) < distance(wanted, in_cube) { 232 + grey } else { 16 + 36 * r + 6 * g + b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_themes_name_every_role_and_work_at_every_depth() {
        for text in [DARK, LIGHT] {
            let file: File = toml::from_str(text).expect("theme");
            for (name, _) in ROLES {
                assert!(file.roles.contains_key(*name), "{name} is missing");
            }
            for colours in [Colours::None, Colours::Sixteen, Colours::Indexed, Colours::True] {
                let theme = Theme::parse(text, colours).expect("theme");
                if colours == Colours::None {
                    assert!(theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()));
                    assert!(theme.style(Role::TagProd).add_modifier.contains(Modifier::REVERSED));
                }
            }
        }
    }

    #[test]
    fn a_bad_theme_says_what_is_wrong() {
        assert!(Theme::parse("[roles]\nnmae = {}", Colours::True).is_err_and(|e| e.contains("'nmae' is no role")));
        assert!(Theme::parse("[roles]\nname = { fg = \"red\" }", Colours::True).is_err_and(|e| e.contains("#rrggbb")));
    }

    #[test]
    fn colours_are_brought_near() {
        assert_eq!(nearest((255, 0, 0), Colours::Indexed), Some(Color::Indexed(196)));
        assert_eq!(nearest((128, 128, 128), Colours::Indexed), Some(Color::Indexed(244)));
        assert_eq!(nearest((250, 90, 90), Colours::Sixteen), Some(Color::Indexed(9)));
    }
}
