//! The one worker thread of the face: it filters and sorts rows, runs chores, and lets old fleets go, off the drawing path.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::text::Lang;
use crate::tables::row_cache::{Folding, RowCache, Wanted};
use crate::tables::sort::{Order, sort};
use crate::tables::{Context, Filter, KeyLookup, Noun, RowId, RowKey, Scope};

/// After a refresh that nobody waits for the thread rests this many times as long as it took: a duty of a quarter.
const REST: u32 = 3;
/// How long the end waits for what is being done.
const LEAVE_WAIT: Duration = Duration::from_secs(1);
/// Chores that may wait.
const CHORES: usize = 8;

/// Whether a person waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Person,
    Refresh,
}

/// Which rows of which Fleet are wanted, in which order.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// Of the view that asks: an answer to an older question is not shown.
    pub generation: u64,
    pub urgency: Urgency,
    pub noun: &'static dyn Noun,
    pub fleet: Arc<Fleet>,
    pub live: Arc<Live>,
    pub now: Stamp,
    pub lang: Lang,
    pub zone: TimeZone,
    pub scope: Arc<Scope>,
    pub filter: Arc<Filter>,
    /// A filter is being typed: the words are kept ready for the next key.
    pub words: Folding,
    pub sort: Option<Order>,
    /// The row that is to stay selected, and where it was.
    pub selected: Option<RowKey>,
    pub near: usize,
}

/// Rows in order, pinned together with the Fleet that they point into.
#[derive(Debug)]
pub(super) struct Sheet {
    pub generation: u64,
    pub noun: &'static dyn Noun,
    pub fleet: Arc<Fleet>,
    pub rows: Vec<RowId>,
    /// Rows before the filter.
    pub total: usize,
    /// What was asked to stay selected, where it was, and where it is now.
    pub selected: Option<RowKey>,
    pub near: usize,
    pub found: Option<usize>,
}

type Chore = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Mailbox {
    ask: Option<Box<Ask>>,
    chores: Vec<Chore>,
    old: Vec<Arc<dyn Any + Send + Sync>>,
    stop: bool,
}

struct Shared {
    mailbox: Mutex<Mailbox>,
    bell: Condvar,
}

/// The worker. Dropping it finishes the chores that wait and ends its thread.
pub(super) struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Worker")
    }
}

impl Worker {
    /// Starts the thread; sheets arrive on the receiver.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<(Self, watch::Receiver<Option<Arc<Sheet>>>)> {
        let shared = Arc::new(Shared { mailbox: Mutex::default(), bell: Condvar::new() });
        let (give, take) = watch::channel(None);
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("tui-worker".to_owned()).spawn(move || work(&theirs, &give))?;
        Ok((Self { shared, thread: Some(thread) }, take))
    }

    /// Asks; what waited is overwritten, what runs gives way to a person's question.
    pub(super) fn ask(&self, ask: Ask) {
        let mut mailbox = self.mailbox();
        let urgent = mailbox.ask.as_ref().is_some_and(|a| a.urgency == Urgency::Person && a.generation == ask.generation);
        let replaced = mailbox.ask.replace(Box::new(Ask { urgency: if urgent { Urgency::Person } else { ask.urgency }, ..ask }));
        if let Some(old) = replaced {
            mailbox.old.push(Arc::new(old));
        }
        drop(mailbox);
        self.shared.bell.notify_one();
    }

    /// Runs something slow; false when too much waits already.
    pub(super) fn chore(&self, chore: impl FnOnce() + Send + 'static) -> bool {
        let mut mailbox = self.mailbox();
        if mailbox.chores.len() >= CHORES {
            return false;
        }
        mailbox.chores.push(Box::new(chore));
        drop(mailbox);
        self.shared.bell.notify_one();
        true
    }

    /// Lets something go that may be the last holder of a whole Fleet.
    pub(super) fn retire(&self, old: Arc<dyn Any + Send + Sync>) {
        self.mailbox().old.push(old);
        self.shared.bell.notify_one();
    }

    fn mailbox(&self) -> std::sync::MutexGuard<'_, Mailbox> {
        self.shared.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.mailbox().stop = true;
        self.shared.bell.notify_one();
        let begun = Instant::now();
        if let Some(thread) = self.thread.take() {
            // A long chore must not hold a console that is told to go.
            while !thread.is_finished() && begun.elapsed() < LEAVE_WAIT {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

fn work(shared: &Shared, give: &watch::Sender<Option<Arc<Sheet>>>) {
    let mut not_before = Instant::now();
    let mut row_cache = RowCache::default();
    loop {
        let mut mailbox = shared.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = loop {
            let old = std::mem::take(&mut mailbox.old);
            let chores = std::mem::take(&mut mailbox.chores);
            if !old.is_empty() || !chores.is_empty() {
                drop(mailbox);
                drop(old);
                for chore in chores {
                    chore();
                }
                mailbox = shared.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if mailbox.stop {
                return;
            }
            let rest = not_before.saturating_duration_since(Instant::now());
            match mailbox.ask.take() {
                Some(ask) if ask.urgency == Urgency::Person || rest.is_zero() => break ask,
                Some(ask) => {
                    mailbox.ask = Some(ask);
                    mailbox = shared.bell.wait_timeout(mailbox, rest).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => mailbox = shared.bell.wait(mailbox).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(mailbox);
        let begun = Instant::now();
        let newer = || {
            let mailbox = shared.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
            mailbox.stop || mailbox.ask.as_ref().is_some_and(|a| a.urgency == Urgency::Person && a.generation != ask.generation)
        };
        if let Some(sheet) = lay_out(&ask, &mut row_cache, newer) {
            drop(give.send_replace(Some(Arc::new(sheet))));
        }
        not_before = Instant::now() + (begun.elapsed() * REST).min(Duration::from_secs(3));
    }
}

/// Rows, filtered, sorted, and where the selected one is; `None` when a newer question came. What `row_cache` still holds of the
/// question before is not done again.
pub(super) fn lay_out(ask: &Ask, row_cache: &mut RowCache, newer: impl Fn() -> bool) -> Option<Sheet> {
    let cx = Context { fleet: &ask.fleet, live: &ask.live, now: ask.now, lang: ask.lang, zone: &ask.zone };
    let noun = ask.noun;
    let words = if ask.filter.is_empty() { ask.words } else { Folding::Wanted };
    if row_cache.renew(&cx, noun, Wanted { scope: &ask.scope, order: ask.sort, words }) {
        let mut rows = if ask.filter.is_empty() { row_cache.all() } else { row_cache.keep(&cx, noun, &ask.filter, || !newer())? };
        if let Some(order) = ask.sort.filter(|order| noun.is_volatile(order.column)) {
            if newer() {
                return None;
            }
            sort(&cx, noun, &mut rows, order);
        }
        return Some(sheet(ask, rows, row_cache.len()));
    }
    // A closed branch of a tree must not hide what the filter is to find.
    let opened = Scope { closed: BTreeSet::new(), ..Scope::clone(&ask.scope) };
    let mut rows = noun.rows(&ask.fleet, if ask.filter.is_empty() { &ask.scope } else { &opened });
    let total = rows.len();
    if !ask.filter.is_empty() {
        rows = ask.filter.keep(&cx, noun, &rows, || !newer())?;
    }
    if let Some(order) = ask.sort {
        if newer() {
            return None;
        }
        sort(&cx, noun, &mut rows, order);
    }
    Some(sheet(ask, rows, total))
}

fn sheet(ask: &Ask, rows: Vec<RowId>, total: usize) -> Sheet {
    let found = ask.selected.as_ref().and_then(|key| find(ask.noun, &ask.fleet, &rows, key, ask.near));
    Sheet {
        generation: ask.generation,
        noun: ask.noun,
        fleet: Arc::clone(&ask.fleet),
        rows,
        total,
        selected: ask.selected.clone(),
        near: ask.near,
        found,
    }
}

/// Where the row of this key is: looked for from where it was, outwards.
fn find(noun: &dyn Noun, fleet: &Fleet, rows: &[RowId], key: &RowKey, near: usize) -> Option<usize> {
    let is: &dyn Fn(usize) -> bool = match noun.row_of(fleet, key) {
        KeyLookup::Absent => return None,
        KeyLookup::Row(wanted) => &move |at| rows.get(at) == Some(&wanted),
        KeyLookup::Scan => &|at| rows.get(at).is_some_and(|row| noun.key(fleet, *row) == *key),
    };
    let near = near.min(rows.len());
    (0..=rows.len()).find_map(|away| {
        let below = near.checked_add(away).filter(|at| is(*at));
        below.or_else(|| near.checked_sub(away).filter(|at| away > 0 && is(*at)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NOW, context_of};
    use super::*;
    use crate::tables::Direction;

    fn ask(names: &[&str], filter: &str, sort: Option<Order>) -> Ask {
        let (fleet, live) = context_of(names);
        let filter = Arc::new(Filter::parse(filter, &testing::Words).expect("filter"));
        Ask {
            generation: 1,
            urgency: Urgency::Person,
            noun: &testing::Words,
            fleet: Arc::new(fleet),
            live: Arc::new(live),
            now: NOW,
            lang: Lang::En,
            zone: TimeZone::UTC,
            scope: Arc::default(),
            filter,
            words: Folding::Needless,
            sort,
            selected: Some("b".into()),
            near: 7,
        }
    }

    fn names(sheet: &Sheet) -> Vec<String> {
        sheet.rows.iter().map(|r| sheet.noun.key(&sheet.fleet, *r).to_string()).collect()
    }

    #[test]
    fn rows_are_filtered_sorted_and_the_selected_one_is_found() {
        let all = ["a", "b", "ccc", "dd"];
        let sheet = lay_out(&ask(&all, "!a", Some(Order { column: 1, direction: Direction::Down })), &mut RowCache::default(), || false)
            .expect("sheet");
        assert_eq!(names(&sheet), ["ccc", "dd", "b"]);
        assert_eq!((sheet.total, sheet.found), (4, Some(2)));
        assert!(lay_out(&ask(&all, "a", None), &mut RowCache::default(), || true).is_none());
    }

    #[tokio::test]
    async fn the_thread_answers_the_newest_question_and_lets_old_things_go() {
        let (worker, mut sheets) = Worker::start().expect("thread");
        worker.ask(ask(&["a", "b"], "", None));
        let mut second = ask(&["a", "b", "c"], "", None);
        second.generation = 2;
        worker.ask(second);
        tokio::time::timeout(Duration::from_secs(5), sheets.wait_for(|s| s.as_ref().is_some_and(|s| s.generation == 2)))
            .await
            .expect("in time")
            .expect("open");
        let old: Arc<String> = Arc::new("fleet".to_owned());
        let weak = Arc::downgrade(&old);
        worker.retire(old);
        let (done, mut ran) = watch::channel(false);
        assert!(worker.chore(move || {
            done.send_replace(true);
        }));
        tokio::time::timeout(Duration::from_secs(5), ran.wait_for(|r| *r)).await.expect("in time").expect("ran");
        assert!(weak.upgrade().is_none());
    }
}
