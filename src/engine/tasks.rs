//! The only place where tasks are started: each has a name, an owner and a cancel.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::fault::Fault;

/// The engine's running tasks. Cloning shares them; a child's cancel ends its own tasks only.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self { tracker: TaskTracker::new(), cancel: CancellationToken::new() }
    }

    /// Tasks that end with these and can also be ended before them.
    pub(super) fn child(&self) -> Self {
        Self { tracker: self.tracker.clone(), cancel: self.cancel.child_token() }
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Starts `work`, which is dropped at its next wait when these tasks are cancelled.
    pub(super) fn start(&self, name: &'static str, owner: &str, work: impl Future<Output = ()> + Send + 'static) {
        // What is moved into a future to be awaited there is held twice: of ten thousand tasks that is not little.
        self.spawn(name, owner, self.cancel.clone().run_until_cancelled_owned(Box::pin(work)));
    }

    /// Starts `work`, which looks at [`Tasks::token`] itself and ends in its own time: it has something to finish.
    pub(super) fn start_to_finish(&self, name: &'static str, owner: &str, work: impl Future<Output = ()> + Send + 'static) {
        self.spawn(name, owner, async move {
            work.await;
            Some(())
        });
    }

    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Cancels all and waits until they have ended.
    pub(super) async fn close(&self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn spawn(&self, name: &'static str, owner: &str, work: impl Future<Output = Option<()>> + Send + 'static) {
        tracing::debug!(task = name, owner, "start");
        let owner = owner.to_owned();
        #[allow(clippy::disallowed_methods, reason = "the one place")]
        self.tracker.spawn(async move {
            let ended = work.await;
            tracing::debug!(task = name, owner, cancelled = ended.is_none(), "end");
        });
    }
}

/// Writes a Fault to the log, where no face can show it.
pub(super) fn log_fault(doing: &'static str, fault: &Fault) {
    tracing::warn!(doing, %fault, "failed");
}
