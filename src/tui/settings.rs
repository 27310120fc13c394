//! What the screen is told when it starts, and what it gives back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::keymap::Remap;
use super::terminal::{Ability, MouseUse};
use crate::config;
use crate::model::condition::Awaited;
use crate::model::fault::Fault;
use crate::model::text::Lang;
use crate::operations::Limits;

/// Everything that the config, the environment and the command line say about the screen.
#[derive(Clone)]
pub struct Settings {
    pub lang: Lang,
    /// Of times on the screen.
    pub zone: TimeZone,
    pub ability: Ability,
    pub mouse: MouseUse,
    /// `dark`, `light`, `auto`, or one of `themes`.
    pub theme: String,
    /// Another theme where the environment is this one: `prod` -> `light`.
    pub theme_by_environment: BTreeMap<String, String>,
    /// The user's own themes: name and TOML.
    pub themes: BTreeMap<String, String>,
    pub keys: Vec<Remap>,
    pub place: Place,
    /// Rotation over the panes, for a wall.
    pub kiosk: Option<Kiosk>,
    /// What [`Kept::first_screen`] was when the console was last left, painted before anything else.
    pub first_screen: Option<Vec<u8>>,
    /// What the pictures of this console are of: one of another config is not shown.
    pub about: ScreenIdentity,
    /// What is wrong from the start and stops nothing.
    pub faults: Vec<Fault>,
    /// What [`Kept::memory`] was.
    pub memory: Option<String>,
    /// Called on the screen's worker thread, never while drawing: now and then, and when the console is left.
    pub keep: Option<Keep>,
    /// When a plan wants a word typed.
    pub limits: Limits,
    /// Where Ctrl-S writes.
    pub export_to: PathBuf,
    /// What is waited for: it is shown in every frame, and the console goes when it is over.
    pub until: Option<Until>,
    /// `COLORFGBG`, for the theme `auto`.
    pub background: Option<String>,
}

/// Takes what is to be kept for the next start.
pub type Keep = Arc<dyn Fn(Kept) + Send + Sync>;

/// What the next start wants back. Both are opaque to everyone else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub first_screen: Vec<u8>,
    /// Sort, filters and the pane last shown.
    pub memory: String,
}

/// What a picture is of, in words that only who starts the console understands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenIdentity {
    /// Which config.
    pub config: String,
    /// All that decides how the frame looks: the state of the config's files, the locale, what the command line says.
    pub mark: String,
}

/// What world is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    #[default]
    Real,
    /// The simulated fleet: every frame says so.
    Lab,
}

/// How a wall display turns its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kiosk {
    /// The pages in turn, by name; empty: all.
    pub panes: Vec<Arc<str>>,
    /// How long each pane stays.
    pub every: Duration,
    pub alarm: Alarm,
}

/// Something that the console is kept open for.
#[derive(Clone, Debug)]
pub struct Until {
    pub words: String,
    pub told: watch::Receiver<Awaited>,
}

/// How a new fault is told to who does not look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alarm {
    #[default]
    None,
    Bell,
    /// The notification of OSC 9, and the bell.
    Notify,
}

/// Why the screen ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The person left.
    Quit,
    /// SIGTERM, SIGHUP or SIGINT: its number.
    Signal(i32),
    /// The terminal is gone.
    Closed,
    /// What was waited for is over.
    Over,
    /// Something in this process panicked; its words are on the ordinary screen.
    Panicked,
}

/// What is wrong with the keys and themes that a config names: verbs and themes that there are not, keys given twice.
/// `themes` are the user's own, by name.
#[must_use]
pub fn config_faults(console: &config::Console, themes: BTreeMap<String, String>) -> Vec<Fault> {
    let ability = Ability::from_environment(|_| None);
    let settings = Settings { themes, ..Settings::new(Lang::En, ability).with_config(console) };
    let (_, mut faults) = super::keymap::Keymap::new(&settings.keys);
    let environments = settings.theme_by_environment.keys().map(|e| Some(e.as_str()));
    faults.extend(std::iter::once(None).chain(environments).filter_map(|environment| settings.theme_for(environment).1));
    faults
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("lang", &self.lang)
            .field("theme", &self.theme)
            .field("ability", &self.ability)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The settings of a console without a config, on a terminal of this ability.
    pub fn new(lang: Lang, ability: Ability) -> Self {
        // A terminal that shows ASCII only shows no Chinese.
        let lang = if ability.unicode { lang } else { Lang::En };
        Self {
            lang,
            zone: TimeZone::UTC,
            ability,
            mouse: MouseUse::On,
            theme: "auto".to_owned(),
            theme_by_environment: BTreeMap::new(),
            themes: BTreeMap::new(),
            keys: Vec::new(),
            place: Place::Real,
            kiosk: None,
            first_screen: None,
            about: ScreenIdentity::default(),
            faults: Vec::new(),
            memory: None,
            keep: None,
            limits: Limits::default(),
            export_to: PathBuf::from("."),
            until: None,
            background: None,
        }
    }

    /// Lays what the config says over these.
    #[must_use]
    pub fn with_config(mut self, console: &config::Console) -> Self {
        if let Some(lang) = console.language.filter(|_| self.ability.unicode) {
            self.lang = lang;
        }
        if let Some(zone) = &console.timezone {
            self.zone = zone.clone();
        }
        if let Some(theme) = &console.theme {
            self.theme = theme.to_string();
        }
        self.theme_by_environment = console.theme_by_environment.iter().map(|(e, t)| (e.to_lowercase(), t.to_string())).collect();
        self.mouse = if console.mouse { MouseUse::On } else { MouseUse::Off };
        let said = |(verb, key): (&Arc<str>, &config::Key)| Remap {
            verb: verb.to_string(),
            keys: key.key.to_string(),
            origin: format!("{}:{}", key.file.display(), key.line),
        };
        self.keys = console.keys.iter().map(said).collect();
        let elsewhere = usize::try_from(console.confirm.over).unwrap_or(usize::MAX);
        self.limits = Limits { environments: console.confirm.environments.clone(), in_these: 0, elsewhere };
        self
    }

    /// The theme for an environment, with what is wrong with it.
    pub(super) fn theme_for(&self, environment: Option<&str>) -> (super::theme::Theme, Option<Fault>) {
        super::theme::choose(self.theme_name(environment), &self.themes, self.background.as_deref(), self.ability.colours)
    }

    /// The name of the theme for an environment.
    pub(super) fn theme_name(&self, environment: Option<&str>) -> &str {
        environment.and_then(|e| self.theme_by_environment.get(&e.to_lowercase())).unwrap_or(&self.theme)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_config_is_told_of_verbs_keys_and_themes_that_there_are_not() {
        let text = "[console]\ntheme = \"nope\"\nkeys = { \"containers.restrat\" = \"D\", \"containers.stop\" = \"f99x\" }\n";
        let console = config::parse(text, Path::new("/w/wharf.toml")).expect("a config").console;
        let said: Vec<String> =
            config_faults(&console, BTreeMap::new()).iter().map(|f| format!("{}: {}", f.endpoint, f.cause.en)).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said.iter().any(|s| s.starts_with("/w/wharf.toml:3: ") && s.contains("containers.restrat")), "{said:?}");
        assert!(said.iter().any(|s| s.contains("nope")), "{said:?}");
        let own = BTreeMap::from([("nope".to_owned(), include_str!("../../themes/dark.toml").to_owned())]);
        assert_eq!(config_faults(&console, own).len(), 2);
    }
}
