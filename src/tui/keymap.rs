//! Which key does what: the verbs' own keys, changed by the config, with every conflict said.

use std::collections::BTreeMap;

use super::input::Key;
use super::panes::PANES;
use super::verb::{Home, Verb, VerbPlace};
use super::verbs::VERBS;
use crate::model::fault::{Fault, FaultKind};
use crate::model::nearest::nearest;
use crate::model::text::Text;

/// A key that the config gives to a verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remap {
    /// `hosts.drain`, `console.help`.
    pub verb: String,
    /// `D`, `ctrl-s`; several with spaces between; empty: no key.
    pub keys: String,
    /// File and line, for messages.
    pub origin: String,
}

/// Keys of every tab, of every pane and of all panes together.
#[derive(Clone, Debug, Default)]
pub(super) struct Keymap {
    /// By where it is valid, and key.
    keys: BTreeMap<(Home, Key), &'static Verb>,
    /// The keys of a verb, for footer and help.
    shown: BTreeMap<&'static str, Vec<Key>>,
}

impl Keymap {
    /// Lays the config's keys over the verbs' own. What cannot be laid is said and left out.
    pub(super) fn new(remaps: &[Remap]) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut map = Self::default();
        let all = all_verbs();
        for remap in remaps {
            if !all.iter().any(|(_, verb)| verb.id == remap.verb) {
                let near = nearest(&remap.verb, all.iter().map(|(_, v)| v.id));
                faults.push(bad(remap, &format!("there is no verb '{}'", remap.verb), &format!("没有动作“{}”", remap.verb), near));
            }
        }
        // What the config says is laid first, so that a verb's own key gives way to it.
        let mut laid: BTreeMap<(Home, Key), &Remap> = BTreeMap::new();
        for (home, verb) in &all {
            for remap in remaps.iter().filter(|r| r.verb == verb.id) {
                map.shown.insert(verb.id, Vec::new());
                for key in remap.keys.split_whitespace() {
                    match Key::parse(key) {
                        Err(why) => faults.push(bad(remap, &why, &format!("“{key}”不是按键"), None)),
                        Ok(key) => {
                            if let Some(first) = laid.get(&(*home, key)) {
                                let en = format!("{key} is given to {} and to {} ({})", remap.verb, first.verb, first.origin);
                                let zh = format!("{key} 同时给了 {} 与 {}（{}）", remap.verb, first.verb, first.origin);
                                faults.push(bad(remap, &en, &zh, None));
                            } else {
                                laid.insert((*home, key), remap);
                                map.lay(*home, key, verb);
                            }
                        }
                    }
                }
            }
        }
        for (home, verb) in &all {
            if map.shown.contains_key(verb.id) {
                continue;
            }
            map.shown.insert(verb.id, Vec::new());
            for key in verb.keys.split_whitespace().filter_map(|k| Key::parse(k).ok()) {
                if !map.keys.contains_key(&(*home, key)) {
                    map.lay(*home, key, verb);
                }
            }
        }
        (map, faults)
    }

    /// The verb of a key: the tab's own before the pane's, the pane's before that of all panes.
    pub(super) fn verb(&self, place: VerbPlace, key: &Key) -> Option<&'static Verb> {
        place.homes().into_iter().find_map(|home| self.keys.get(&(home, *key)).copied())
    }

    /// The keys of a verb as people write them, the first alone where `all` is not wanted.
    pub(super) fn first_key(&self, verb: &Verb) -> Option<String> {
        self.shown.get(verb.id).and_then(|keys| keys.first()).map(ToString::to_string)
    }

    pub(super) fn keys_of(&self, verb: &Verb) -> String {
        let keys = self.shown.get(verb.id).map(Vec::as_slice).unwrap_or_default();
        keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn lay(&mut self, home: Home, key: Key, verb: &'static Verb) {
        self.keys.insert((home, key), verb);
        self.shown.entry(verb.id).or_default().push(key);
    }
}

/// Every verb with where it is valid.
pub(super) fn all_verbs() -> Vec<(Home, &'static Verb)> {
    let panes = (0..PANES.len()).map(Home::Pane);
    let tabs = PANES.iter().flat_map(|pane| pane.tabs()).flat_map(|tabs| tabs.all).map(|tab| Home::Tab(tab.noun));
    let homes = std::iter::once(Home::Everywhere).chain(panes).chain(tabs);
    homes.flat_map(|home| verbs_of(home).map(move |verb| (home, verb))).collect()
}

/// The verbs that are valid there and nowhere else.
pub(super) fn verbs_of(home: Home) -> impl Iterator<Item = &'static Verb> {
    let verbs: Vec<&'static [Verb]> = match home {
        Home::Everywhere => vec![VERBS],
        Home::Pane(at) => PANES.get(at).map(|pane| pane.verbs()).into_iter().collect(),
        Home::Tab(noun) => {
            let tabs = PANES.iter().flat_map(|pane| pane.tabs()).flat_map(|tabs| tabs.all);
            tabs.filter(|tab| tab.noun == noun).map(|tab| tab.verbs).collect()
        }
    };
    verbs.into_iter().flatten()
}

fn bad(remap: &Remap, en: &str, zh: &str, near: Option<&str>) -> Fault {
    let hint = match near {
        Some(near) => Text::made(format!("did you mean '{near}'?"), format!("是否想写“{near}”？")),
        None => Text::new("change one of them in [console] keys", "请修改 [console] keys"),
    };
    Fault::new(remap.origin.clone(), FaultKind::Config, Text::made(en, zh), hint)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn remap(verb: &str, keys: &str) -> Remap {
        Remap { verb: verb.into(), keys: keys.into(), origin: "wharf.toml:7".into() }
    }

    #[test]
    fn built_in_keys_can_be_read_and_do_not_clash() {
        let mut seen = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (home, verb) in all_verbs() {
            assert!(ids.insert(verb.id), "{} is there twice", verb.id);
            for key in verb.keys.split_whitespace() {
                let parsed = Key::parse(key).expect(key);
                assert!(seen.insert((home, parsed)), "{key} of {} is taken", verb.id);
            }
        }
    }

    #[test]
    fn nothing_that_changes_the_world_is_on_a_key_that_terminals_send_by_themselves() {
        let forbidden: Vec<Key> = "hjklabw".chars().map(Key::ctrl).collect();
        for (_, verb) in all_verbs().into_iter().filter(|(_, v)| v.needs == super::super::verb::Needs::Writing) {
            for key in verb.keys.split_whitespace() {
                assert!(!forbidden.contains(&Key::parse(key).expect(key)), "{} on {key}", verb.id);
            }
        }
    }

    #[test]
    fn the_config_moves_keys_and_conflicts_are_said() {
        let (map, faults) = Keymap::new(&[remap("console.help", "f1 H")]);
        assert!(faults.is_empty());
        assert_eq!(map.verb(VerbPlace::default(), &Key::char('H')).map(|v| v.id), Some("console.help"));
        assert!(map.verb(VerbPlace::default(), &Key::char('?')).is_none());
        let (map, faults) = Keymap::new(&[remap("console.help", "z"), remap("console.quit", "z")]);
        assert_eq!((faults.len(), faults[0].endpoint.as_str()), (1, "wharf.toml:7"));
        assert!(map.verb(VerbPlace::default(), &Key::char('z')).is_some());
        let (_, faults) = Keymap::new(&[remap("console.hlep", "z"), remap("console.help", "hyper-z")]);
        assert!(faults[0].hint.en.contains("console.help"), "{}", faults[0].hint.en);
        assert!(faults[1].cause.en.contains("no key"));
    }
}
