//! Watches the config's files and reads them again when they change; a broken edit is told and changes nothing.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{Config, Places, Problem, load};

/// What the files say now: a config, or why the old one stays.
pub type Loaded = Result<Box<Config>, Vec<Problem>>;

/// Files must be still for this long before they are read: editors write in several steps.
const STILL: Duration = Duration::from_millis(200);

/// Where the system tells us nothing (network file systems, too many watches) we look this often.
const LOOK: Duration = Duration::from_secs(5);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<AtomicBool>,
    wake: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

/// Calls `changed` from a thread of its own each time the files of the config have changed and are still.
/// `files` are those that the present config was read from ([`Config::files`]).
#[must_use]
pub fn watch(places: Places, files: &[PathBuf], mut changed: impl FnMut(Loaded) + Send + 'static) -> Watcher {
    let (wake, woken) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let mut files = with_places(&places, files);
    let mut notifier = Notifier::new(wake.clone());
    notifier.follow(&files);
    // Both here and not in the thread: a change right after this call must not be missed.
    let mut seen = Signature::of(&files);
    let waits = Waits { woken, stop: Arc::clone(&stop) };
    let thread = std::thread::Builder::new().name("config-watch".to_owned()).spawn(move || {
        while waits.until_woken(LOOK) {
            if Signature::of(&files) == seen {
                continue;
            }
            if !waits.until_still(&files) {
                break;
            }
            seen = Signature::of(&files);
            let loaded = load(&places).map(Box::new);
            if let Ok(config) = &loaded {
                let wanted = with_places(&places, &config.files);
                if wanted != files {
                    files = wanted;
                    seen = Signature::of(&files);
                }
            }
            // Always: folders and links may have been replaced by the change itself.
            notifier.follow(&files);
            changed(loaded);
            if Signature::of(&files) != seen {
                notifier.wake();
            }
        }
    });
    Watcher { stop, wake, thread: thread.ok() }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.wake.try_send(());
        // Dropped by its own callback, it ends when the callback returns.
        if let Some(thread) = self.thread.take().filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
struct Waits {
    woken: Receiver<()>,
    stop: Arc<AtomicBool>,
}

impl Waits {
    /// True when something may have changed, false when the watcher is dropped.
    fn until_woken(&self, at_most: Duration) -> bool {
        let _ = self.woken.recv_timeout(at_most);
        !self.stop.load(Ordering::Acquire)
    }

    /// Waits until nothing has changed for [`STILL`]; false when the watcher is dropped meanwhile.
    fn until_still(&self, files: &[PathBuf]) -> bool {
        let mut last = Signature::of(files);
        // A file that never is still (a log by mistake) is read all the same after two seconds.
        for _ in 0..10 {
            let deadline = Instant::now() + STILL;
            while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
                if !self.until_woken(left) {
                    return false;
                }
            }
            let now = Signature::of(files);
            if now == last {
                return true;
            }
            last = now;
        }
        true
    }
}

/// What tells that a file is another one or has other contents, without reading it.
#[derive(Debug, PartialEq, Eq)]
struct Signature(Vec<Option<Traits>>);

/// Inode, size, time of the last change in seconds and nanoseconds, mode.
type Traits = (u64, u64, i64, i64, u32);

impl Signature {
    fn of(files: &[PathBuf]) -> Self {
        let one = |path: &PathBuf| std::fs::metadata(path).ok().map(|m| (m.ino(), m.size(), m.mtime(), m.mtime_nsec(), m.mode()));
        Self(files.iter().map(one).collect())
    }
}

/// Tells when something happens in the folders of the files: editors replace files, so the folder is what to watch.
#[derive(Debug)]
struct Notifier {
    wake: SyncSender<()>,
    inner: Option<RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Notifier {
    fn new(wake: SyncSender<()>) -> Self {
        let told = wake.clone();
        let tell = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| !e.kind.is_access()) {
                let _ = told.try_send(());
            }
        };
        Self { wake, inner: notify::recommended_watcher(tell).ok(), folders: Vec::new() }
    }

    fn wake(&self) {
        let _ = self.wake.try_send(());
    }

    fn follow(&mut self, files: &[PathBuf]) {
        let Some(inner) = &mut self.inner else { return };
        for folder in self.folders.drain(..) {
            let _ = inner.unwatch(&folder);
        }
        for file in files {
            let real = std::fs::canonicalize(file).ok();
            let folders = [Some(file.as_path()), real.as_deref()].into_iter().flatten().filter_map(nearest_folder);
            for folder in folders {
                if !self.folders.contains(&folder) && inner.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                    self.folders.push(folder);
                }
            }
        }
    }
}

/// The folder a file is in, or would be in once the folders between are made.
fn nearest_folder(file: &Path) -> Option<PathBuf> {
    let mut folder = file.parent()?;
    while !folder.is_dir() {
        folder = folder.parent()?;
    }
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

fn with_places(places: &Places, files: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = vec![places.system.clone(), places.user.clone()];
    all.extend(files.iter().filter(|f| **f != places.system && **f != places.user).cloned());
    all
}
