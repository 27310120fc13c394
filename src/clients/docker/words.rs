//! Words that containers of all engines share: images, label sets, ports. Kept once in the process.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::cluster::Labels;
use crate::model::host::Port;
use crate::model::text::clean;

/// The one store. What nobody holds any more is forgotten when it has doubled since the last time.
#[derive(Debug, Default)]
pub(in crate::clients) struct Words(Mutex<Store>);

#[derive(Debug, Default)]
pub(super) struct Store {
    words: HashSet<Arc<str>>,
    labels: HashSet<Arc<Labels>>,
    ports: HashSet<Arc<[Port]>>,
    /// How many there may be before the next look at what is unused.
    room: usize,
}

/// Fewer than this are never looked through.
const FEW: usize = 1024;

impl Words {
    /// For one list. Held while its rows are made, not while it is parsed.
    pub(super) fn lock(&self) -> MutexGuard<'_, Store> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.forget();
        store
    }
}

impl Store {
    /// One word, washed.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        // What is kept is washed: a word that is found needs no washing.
        if let Some(have) = self.words.get(text) {
            return Arc::clone(have);
        }
        let text = clean(text);
        if let Some(have) = self.words.get(&*text) {
            return Arc::clone(have);
        }
        let word = Arc::<str>::from(&*text);
        self.words.insert(Arc::clone(&word));
        word
    }

    /// One set of labels, made of words of this store.
    pub(super) fn labels(&mut self, labels: Labels) -> Arc<Labels> {
        if let Some(have) = self.labels.get(&labels) {
            return Arc::clone(have);
        }
        let set = Arc::new(labels);
        self.labels.insert(Arc::clone(&set));
        set
    }

    pub(super) fn ports(&mut self, mut ports: Vec<Port>) -> Arc<[Port]> {
        ports.sort();
        ports.dedup();
        if let Some(have) = self.ports.get(ports.as_slice()) {
            return Arc::clone(have);
        }
        let set = Arc::<[Port]>::from(ports);
        self.ports.insert(Arc::clone(&set));
        set
    }

    fn forget(&mut self) {
        if self.size() <= self.room.max(FEW) {
            return;
        }
        // Sets first: they hold words.
        drop_unused(&mut self.labels);
        drop_unused(&mut self.ports);
        drop_unused(&mut self.words);
        self.room = self.size() * 2;
    }

    fn size(&self) -> usize {
        self.words.len() + self.labels.len() + self.ports.len()
    }
}

fn drop_unused<T: ?Sized>(all: &mut HashSet<Arc<T>>)
where
    Arc<T>: Eq + Hash,
{
    all.retain(|one| Arc::strong_count(one) > 1);
    all.shrink_to(all.len() * 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_are_one_and_unused_ones_are_forgotten() {
        let words = Words::default();
        let first = words.lock().word("web:v1");
        assert!(Arc::ptr_eq(&first, &words.lock().word("web:v1")));
        assert_eq!(&*words.lock().word("a\x1bb"), "a\u{FFFD}b");
        for round in 0..20 {
            let mut store = words.lock();
            for n in 0..500 {
                let (key, value) = (store.word("app"), store.word(&format!("{round}-{n}")));
                store.labels(Labels::from([(key, value)]));
            }
        }
        assert!(words.lock().size() < 3 * FEW, "{}", words.lock().size());
        assert!(Arc::ptr_eq(&first, &words.lock().word("web:v1")), "what is held stays");
    }

    #[test]
    fn label_sets_and_ports_are_shared() {
        let words = Words::default();
        let mut store = words.lock();
        let make = |store: &mut Store| Labels::from([(store.word("a"), store.word("1"))]);
        let (one, two) = (make(&mut store), make(&mut store));
        assert!(Arc::ptr_eq(&store.labels(one), &store.labels(two)));
        let port = |public| Port { private: 80, public, ip: None, protocol: "tcp".into() };
        let one = store.ports(vec![port(Some(2)), port(Some(1))]);
        assert!(Arc::ptr_eq(&one, &store.ports(vec![port(Some(1)), port(Some(2)), port(Some(1))])));
    }
}
