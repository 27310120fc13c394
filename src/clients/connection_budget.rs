//! Room for the connections of this whole process, within its limit of open files: a full house is waited for, and is no fault
//! of the host that is asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of the limit, one part in so many is for everything else: the journal, logs, programs, threads' pipes.
const ELSE_PART: u64 = 16;
/// Files for everything else at least and at most.
const ELSE: (u64, u64) = (48, 512);
/// Of the connections, one part in so many always answers questions: streams that follow what happens may hold the rest.
const QUESTIONS_PART: usize = 4;
/// Idle connections that are closed together when there is no room.
const AT_ONCE: usize = 16;

/// Where idle connections lie that may be closed to make room.
pub(in crate::clients) trait IdlePool: Send + Sync + std::fmt::Debug {
    /// Closes one; false where there is none.
    fn close_one(&self) -> bool;
    /// True where a stream tells what happens there: what is idle beside it is missed least.
    fn is_followed(&self) -> bool;
}

#[derive(Debug)]
pub(in crate::clients) struct ConnectionBudget {
    places: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    idle_pools: Mutex<IdlePools>,
    /// Something may lie on an idle pool: where nothing does, nobody need look.
    may_have_idle: AtomicBool,
    said: AtomicBool,
}

#[derive(Debug, Default)]
struct IdlePools {
    all: Vec<Weak<dyn IdlePool>>,
    /// Where the last search ended: every idle pool gives in its turn.
    turn: usize,
}

/// The right to have one connection open.
#[derive(Debug)]
pub(in crate::clients) struct ConnectionPermit {
    _place: OwnedSemaphorePermit,
    _follower: Option<OwnedSemaphorePermit>,
}

impl ConnectionBudget {
    /// For a process that may open so many files; `None`: any number.
    pub(in crate::clients) fn new(open_files: Option<u64>) -> Self {
        let most = usize::try_from(u32::MAX >> 4).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        let places = open_files.map_or(most, |files| {
            let others = (files / ELSE_PART).clamp(ELSE.0, ELSE.1);
            usize::try_from(files.saturating_sub(others)).unwrap_or(most).clamp(2, most)
        });
        let followers = (places - places / QUESTIONS_PART).max(1).min(places - 1);
        Self {
            places: Arc::new(Semaphore::new(places)),
            followers: Arc::new(Semaphore::new(followers)),
            idle_pools: Mutex::default(),
            may_have_idle: AtomicBool::new(false),
            said: AtomicBool::new(false),
        }
    }

    /// From now on this idle pool gives what is idle when there is no room.
    pub(in crate::clients) fn add(&self, idle_pool: Weak<dyn IdlePool>) {
        let mut idle_pools = self.idle_pools();
        if idle_pools.all.len() == idle_pools.all.capacity() {
            idle_pools.all.retain(|idle_pool| idle_pool.strong_count() > 0);
        }
        idle_pools.all.push(idle_pool);
    }

    /// Room for one connection, as soon as there is some: what is idle elsewhere is closed for it.
    pub(in crate::clients) async fn place(&self) -> Option<ConnectionPermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(ConnectionPermit { _place: place, _follower: None });
        }
        self.say();
        self.close_idle();
        Some(ConnectionPermit { _place: Arc::clone(&self.places).acquire_owned().await.ok()?, _follower: None })
    }

    /// Room for a stream that follows what happens; `None` where those hold all that they may.
    pub(in crate::clients) async fn follower(&self) -> Option<ConnectionPermit> {
        let Ok(follower) = Arc::clone(&self.followers).try_acquire_owned() else {
            self.say();
            return None;
        };
        let place = self.place().await?;
        Some(ConnectionPermit { _follower: Some(follower), ..place })
    }

    /// A connection was laid on an idle pool, or more may lie there.
    pub(in crate::clients) fn shelve(&self) {
        self.may_have_idle.store(true, Ordering::Relaxed);
    }

    /// True where somebody waits for room, or would: what is done with should be closed, not kept.
    pub(in crate::clients) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    /// Closes idle connections: first where a stream tells what happens, then any.
    fn close_idle(&self) {
        if !self.may_have_idle.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut idle_pools = self.idle_pools();
        let all = idle_pools.all.len();
        for only_followed in [true, false] {
            let mut closed = 0;
            for _ in 0..all {
                idle_pools.turn = (idle_pools.turn + 1) % all;
                let Some(idle_pool) = idle_pools.all[idle_pools.turn].upgrade() else { continue };
                closed += usize::from((!only_followed || idle_pool.is_followed()) && idle_pool.close_one());
                if closed == AT_ONCE {
                    break;
                }
            }
            if closed > 0 {
                return self.shelve();
            }
        }
    }

    /// Once, in the log: it is this machine's limit, and no host's.
    fn say(&self) {
        if !self.said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the limit of open files is reached: connections are closed and opened anew, hosts may be asked instead of followed; \
                 raise it with ulimit -Hn"
            );
        }
    }

    fn idle_pools(&self) -> std::sync::MutexGuard<'_, IdlePools> {
        self.idle_pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[derive(Debug, Default)]
    struct Kept {
        idle: Mutex<Vec<ConnectionPermit>>,
        followed: bool,
    }

    impl IdlePool for Kept {
        fn close_one(&self) -> bool {
            self.idle.lock().expect("idle").pop().is_some()
        }
        fn is_followed(&self) -> bool {
            self.followed
        }
    }

    fn weak(idle_pool: &Arc<Kept>) -> Weak<dyn IdlePool> {
        let idle_pool: Arc<dyn IdlePool> = Arc::<Kept>::clone(idle_pool);
        Arc::downgrade(&idle_pool)
    }

    fn idle(idle_pool: &Kept) -> usize {
        idle_pool.idle.lock().expect("idle").len()
    }

    #[tokio::test]
    async fn what_is_idle_where_a_stream_tells_is_closed_first() {
        // 60 files: 48 for others, 12 connections, 9 of them for streams.
        let budget = ConnectionBudget::new(Some(60));
        let (plain, followed) = (Arc::new(Kept::default()), Arc::new(Kept { followed: true, ..Kept::default() }));
        budget.add(weak(&plain));
        budget.add(weak(&followed));
        for idle_pool in [&plain, &followed] {
            for _ in 0..6 {
                let place = budget.place().await.expect("room");
                idle_pool.idle.lock().expect("idle").push(place);
                budget.shelve();
            }
        }
        assert!(budget.is_full());
        let mut held = Vec::new();
        for left in (0..6).rev() {
            held.push(timeout(Duration::from_secs(5), budget.place()).await.expect("soon").expect("room"));
            assert_eq!((idle(&followed), idle(&plain)), (left, 6), "where a stream tells, it is missed least");
        }
        held.push(timeout(Duration::from_secs(5), budget.place()).await.expect("soon").expect("room"));
        assert_eq!(idle(&plain), 5);
    }

    #[tokio::test]
    async fn streams_leave_room_for_questions_and_a_full_house_is_waited_for() {
        let budget = Arc::new(ConnectionBudget::new(Some(60)));
        let mut held: Vec<ConnectionPermit> = Vec::new();
        while let Some(place) = budget.follower().await {
            held.push(place);
        }
        assert_eq!(held.len(), 9);
        for _ in 0..3 {
            held.push(budget.place().await.expect("room"));
        }
        assert!(timeout(Duration::from_millis(30), budget.place()).await.is_err(), "nobody has anything idle");
        held.pop();
        assert!(timeout(Duration::from_secs(5), budget.place()).await.is_ok());
    }

    #[test]
    fn any_limit_leaves_room_for_both() {
        for files in [None, Some(0), Some(40), Some(64), Some(1024), Some(20_000), Some(u64::MAX)] {
            let budget = ConnectionBudget::new(files);
            assert!(budget.followers.available_permits() >= 1 && budget.places.available_permits() > budget.followers.available_permits());
        }
        let budget = ConnectionBudget::new(Some(20_000));
        assert!(budget.followers.available_permits() >= 10_000, "ten thousand hosts are followed");
    }
}
