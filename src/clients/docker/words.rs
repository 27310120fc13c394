//! Words that many containers of an engine share: images, label sets, ports. Kept once.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::cluster::Labels;
use crate::model::host::Port;
use crate::model::text::clean;

/// What was seen in the last whole list, and in the one that is being read.
#[derive(Debug, Default)]
pub(super) struct Words {
    now: Generation,
    before: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    words: HashSet<Arc<str>>,
    labels: HashSet<Arc<Labels>>,
    ports: HashSet<Arc<[Port]>>,
}

impl Words {
    /// Begins a whole list: what it does not name is forgotten at the next one, so that memory follows the engine.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// One word, washed.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        // What is kept is washed: a word that is found needs no washing.
        if let Some(have) = self.now.words.get(text) {
            return Arc::clone(have);
        }
        let text = clean(text);
        if let Some(have) = self.now.words.get(&*text) {
            return Arc::clone(have);
        }
        let word = self.before.words.take(&*text).unwrap_or_else(|| Arc::from(&*text));
        self.now.words.insert(Arc::clone(&word));
        word
    }

    /// One set of labels, made of words of this store.
    pub(super) fn labels(&mut self, labels: Labels) -> Arc<Labels> {
        if let Some(have) = self.now.labels.get(&labels) {
            return Arc::clone(have);
        }
        let set = self.before.labels.take(&labels).unwrap_or_else(|| Arc::new(labels));
        self.now.labels.insert(Arc::clone(&set));
        set
    }

    pub(super) fn ports(&mut self, mut ports: Vec<Port>) -> Arc<[Port]> {
        ports.sort();
        ports.dedup();
        if let Some(have) = self.now.ports.get(ports.as_slice()) {
            return Arc::clone(have);
        }
        let set = self.before.ports.take(ports.as_slice()).unwrap_or_else(|| Arc::from(ports));
        self.now.ports.insert(Arc::clone(&set));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_are_one_and_unused_ones_are_forgotten() {
        let mut words = Words::default();
        let first = words.word("web:v1");
        assert!(Arc::ptr_eq(&first, &words.word("web:v1")));
        words.turn();
        assert!(Arc::ptr_eq(&first, &words.word("web:v1")), "kept over one list");
        words.turn();
        words.turn();
        assert_eq!(Arc::strong_count(&first), 1, "forgotten after two lists without it");
        assert_eq!(&*words.word("a\x1bb"), "a\u{FFFD}b");
    }

    #[test]
    fn label_sets_and_ports_are_shared() {
        let mut words = Words::default();
        let make = |words: &mut Words| Labels::from([(words.word("a"), words.word("1"))]);
        let (one, two) = (make(&mut words), make(&mut words));
        assert!(Arc::ptr_eq(&words.labels(one), &words.labels(two)));
        let port = |public| Port { private: 80, public, ip: None, protocol: "tcp".into() };
        let one = words.ports(vec![port(Some(2)), port(Some(1))]);
        assert!(Arc::ptr_eq(&one, &words.ports(vec![port(Some(1)), port(Some(2)), port(Some(1))])));
    }
}
