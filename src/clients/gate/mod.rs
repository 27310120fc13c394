//! The one gate: everything that leaves this process asks it, and only what its table lists passes; writes only where
//! this process may write.

mod cloud;
mod docker;
mod dragonfly;
mod harbor;
mod oci;
mod program;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// Whether this process may change the world. Fixed for its life: there is no way to set it afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    ReadOnly,
    Writing,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Client {
    Docker,
    Harbor,
    Oci,
    Dragonfly,
    Ec2,
    OpenStack,
    Aliyun,
    /// A program started on this machine, or through ssh on another.
    Program,
}

impl Client {
    /// As the docs and the log write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Harbor => "harbor",
            Self::Oci => "oci",
            Self::Dragonfly => "dragonfly",
            Self::Ec2 => "ec2",
            Self::OpenStack => "openstack",
            Self::Aliyun => "aliyun",
            Self::Program => "program",
        }
    }
}

/// One thing that may leave this process, and why.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub client: Client,
    /// An HTTP method in capitals, or `RUN` for a program.
    pub method: &'static str,
    /// A path with `{x}` for one segment and `{x+}` for one or more; for a program its name and fixed arguments.
    pub template: &'static str,
    /// What the vendor hides the verb in (`Action`, a job's type, ..); empty where the method and path say all.
    pub discriminator: &'static str,
    /// The family of calls that a write belongs to; `None` for a read, which a read-only process may send too.
    pub family: Option<&'static str>,
    /// What it does, and for a read why it is harmless.
    pub reason: &'static str,
}

/// Something that wants to leave.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    pub client: Client,
    pub method: &'a str,
    pub template: &'a str,
    /// The real path, without query, prefix of a proxy or API version. It must fit the template.
    pub path: &'a str,
    pub discriminator: &'a str,
}

/// How many requests asked, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub refused: u64,
}

/// The gate. All clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mode: Mode,
    passed: AtomicU64,
    refused: AtomicU64,
}

impl Gate {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self(Arc::new(Inner { mode, passed: AtomicU64::new(0), refused: AtomicU64::new(0) }))
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// The whole table.
    pub fn rows() -> impl Iterator<Item = &'static Row> {
        [docker::ROWS, dragonfly::ROWS, harbor::ROWS, oci::ROWS, cloud::ROWS, program::ROWS].into_iter().flatten()
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { passed: self.0.passed.load(Ordering::Relaxed), refused: self.0.refused.load(Ordering::Relaxed) }
    }

    /// Lets it pass or says why not. The template is what the table judges, so a path that does not fit its template
    /// never passes.
    ///
    /// # Errors
    /// [`FaultKind::ReadOnly`] for a write where this process only reads; [`FaultKind::Unlisted`] for what no row
    /// lists; [`FaultKind::Protocol`] for a path that is not its template.
    pub fn ask(&self, endpoint: &str, passage: &Passage<'_>) -> Result<(), Fault> {
        let judged = self.judge(endpoint, passage);
        let count = if judged.is_ok() { &self.0.passed } else { &self.0.refused };
        count.fetch_add(1, Ordering::Relaxed);
        judged
    }

    fn judge(&self, endpoint: &str, passage: &Passage<'_>) -> Result<(), Fault> {
        if !fits(passage.template, passage.path) {
            return Err(misfit(endpoint, passage));
        }
        match Self::rows().find(|row| row.is_for(passage)) {
            None => Err(unlisted(endpoint, passage)),
            Some(row) if row.family.is_some() && self.0.mode == Mode::ReadOnly => Err(read_only(endpoint, passage)),
            Some(_) => Ok(()),
        }
    }
}

impl Row {
    fn is_for(&self, passage: &Passage<'_>) -> bool {
        self.client == passage.client
            && self.method == passage.method
            && self.template == passage.template
            && self.discriminator == passage.discriminator
    }
}

/// True when a real path is an instance of a template. Dot segments and control characters never fit.
#[must_use]
pub fn fits(template: &str, path: &str) -> bool {
    if path.chars().any(char::is_control) {
        return false;
    }
    let mut wanted = template.split('/').peekable();
    let mut real = path.split('/');
    while let Some(want) = wanted.next() {
        let Some(have) = real.next() else { return false };
        if is_dots(have) {
            return false;
        }
        if want.starts_with('{') && want.ends_with("+}") {
            // Takes all that the rest of the template leaves over, one segment at least.
            let after: Vec<&str> = wanted.collect();
            let mut taken: Vec<&str> = vec![have];
            taken.extend(real);
            if taken.len() <= after.len() || taken.iter().any(|s| s.is_empty() || is_dots(s)) {
                return false;
            }
            let tail = taken.split_off(taken.len() - after.len());
            return after.iter().zip(tail).all(|(want, have)| segment_fits(want, have));
        }
        if !segment_fits(want, have) {
            return false;
        }
    }
    real.next().is_none()
}

fn segment_fits(want: &str, have: &str) -> bool {
    if want.starts_with('{') && want.ends_with('}') { !have.is_empty() && !is_dots(have) } else { want == have }
}

fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

fn read_only(endpoint: &str, passage: &Passage<'_>) -> Fault {
    let what = clean(&format!("{} {}", passage.method, passage.template)).into_owned();
    Fault::new(
        endpoint,
        FaultKind::ReadOnly,
        Text::made(format!("this console is read-only: {what} was not sent"), format!("本控制台只读：{what} 未发出")),
        Text::new(
            "start wharf without --read-only (and not as `wharf watch`) to change things",
            "需要改动时，请不带 --read-only（也不用 `wharf watch`）启动",
        ),
    )
}

fn unlisted(endpoint: &str, passage: &Passage<'_>) -> Fault {
    let what = clean(&format!("{} {}", passage.method, passage.template)).into_owned();
    Fault::new(
        endpoint,
        FaultKind::Unlisted,
        Text::made(
            format!("{what} is not on the list of what wharf may send; it was not sent"),
            format!("{what} 不在 wharf 允许发送的清单中，未发出"),
        ),
        Text::new("this is a fault of wharf: report it with this message", "这是 wharf 的缺陷：请附上此消息反馈"),
    )
}

fn misfit(endpoint: &str, passage: &Passage<'_>) -> Fault {
    let what = clean(&format!("{} {}", passage.method, passage.path)).into_owned();
    let template = passage.template;
    Fault::new(
        endpoint,
        FaultKind::Protocol,
        Text::made(
            format!("the path of {what} does not fit {template}; it was not sent"),
            format!("{what} 的路径与 {template} 不符，未发出"),
        ),
        Text::new("a name in it has characters that cannot stand in a path; correct the name", "路径中的名称含有不允许的字符，请更正名称"),
    )
}

#[cfg(test)]
mod tests;
