//! All masters of this process: one per login, few starting at once, ended together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use super::dir::{Dir, sweep};
use super::master::Master;
use super::{Login, settings};
use crate::clients::{Shared, Wire};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Masters starting at once through one jump host: sshd drops more than ten logins under way (`MaxStartups`).
const STARTING: usize = 8;
/// And all in all: each costs a process and a key exchange.
const STARTING_ALL: usize = 32;

type Slot = Arc<tokio::sync::Mutex<Weak<Master>>>;

#[derive(Debug)]
pub(in crate::clients) struct Masters {
    slots: Mutex<HashMap<Login, Slot>>,
    jumps: Mutex<HashMap<String, Arc<Semaphore>>>,
    all: Semaphore,
    dir: tokio::sync::Mutex<Option<Arc<Dir>>>,
    closed: AtomicBool,
}

impl Masters {
    /// Sweeps what dead consoles left in the runtime directory.
    pub(in crate::clients) fn new(runtime: &std::path::Path) -> Self {
        sweep(runtime);
        Self {
            slots: Mutex::default(),
            jumps: Mutex::default(),
            all: Semaphore::new(STARTING_ALL),
            dir: tokio::sync::Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The living master of a login, started where there is none. It lives as long as somebody holds it.
    pub(super) async fn master(&self, shared: &Arc<Shared>, endpoint: &str, login: &Login) -> Result<Arc<Master>, Fault> {
        let slot = Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(login.clone()).or_default());
        // Held while it starts: hosts behind one login wait for one master.
        let mut slot = slot.lock().await;
        if let Some(master) = slot.upgrade().filter(|master| master.is_alive()) {
            return Ok(master);
        }
        let wire = Wire(Arc::clone(shared));
        let settings = settings::fetch_settings(&wire, endpoint, login).await?;
        let hop = settings.jump.as_ref().map(|jump| self.turn(jump));
        let _hop = match &hop {
            Some(hop) => hop.acquire().await.ok(),
            None => None,
        };
        let _all = self.all.acquire().await.ok();
        let dir = self.dir(endpoint, &wire).await?;
        self.check_open(endpoint)?;
        let master = Arc::new(Master::start(&wire, endpoint, login, &settings, &dir).await?);
        *slot = Arc::downgrade(&master);
        Ok(master)
    }

    /// Fault once [`Masters::close`] was called.
    pub(super) fn check_open(&self, endpoint: &str) -> Result<(), Fault> {
        if self.closed.load(Ordering::Acquire) { Err(going_down(endpoint)) } else { Ok(()) }
    }

    /// Ends all masters and lets no new one start.
    pub(in crate::clients) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let slots: Vec<Slot> = self.slots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let ending = slots.into_iter().map(|slot| async move {
            // One that is just starting is killed when whoever started it is dropped.
            let Ok(slot) = slot.try_lock() else { return };
            if let Some(master) = slot.upgrade() {
                master.stop().await;
            }
        });
        futures_util::future::join_all(ending).await;
        if let Some(dir) = self.dir.lock().await.take() {
            dir.remove();
        }
    }

    fn turn(&self, jump: &str) -> Arc<Semaphore> {
        let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(jumps.entry(jump.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(STARTING))))
    }

    async fn dir(&self, endpoint: &str, wire: &Wire) -> Result<Arc<Dir>, Fault> {
        let mut dir = self.dir.lock().await;
        if let Some(dir) = &*dir {
            return Ok(Arc::clone(dir));
        }
        let made = Arc::new(Dir::make(endpoint, &wire.shared().options.runtime_dir)?);
        *dir = Some(Arc::clone(&made));
        Ok(made)
    }
}

fn going_down(endpoint: &str) -> Fault {
    Fault::new(
        endpoint,
        FaultKind::Cancelled,
        Text::new("the console is going down", "控制台正在退出"),
        Text::new("nothing to do", "无需处理"),
    )
}
