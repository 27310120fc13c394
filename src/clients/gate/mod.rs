//! The one gate: everything that leaves this process asks it, and in read-only mode only what stands in its table passes.

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

/// One thing that may leave a read-only process, and why that is harmless.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub client: Client,
    /// An HTTP method in capitals, or `RUN` for a program.
    pub method: &'static str,
    /// A path with `{x}` for one segment and `{x+}` for one or more; for a program its name and fixed arguments.
    pub template: &'static str,
    /// What the vendor hides the verb in (`Action`, a job's type, ..); empty where the method and path say all.
    pub discriminator: &'static str,
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

/// How much asked, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub refused: u64,
    /// Reads that passed while writing is on and that the table does not know: each is a hole in it.
    pub unknown_reads: u64,
}

/// The gate. All clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mode: Mode,
    passed: AtomicU64,
    refused: AtomicU64,
    unknown_reads: AtomicU64,
}

impl Gate {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self(Arc::new(Inner { mode, passed: AtomicU64::new(0), refused: AtomicU64::new(0), unknown_reads: AtomicU64::new(0) }))
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
        Counts {
            passed: self.0.passed.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            unknown_reads: self.0.unknown_reads.load(Ordering::Relaxed),
        }
    }

    /// Lets it pass or says why not. A path that does not fit its template never passes, in either mode:
    /// the template is what the table judges.
    ///
    /// # Errors
    /// [`FaultKind::ReadOnly`]; [`FaultKind::Protocol`] for a path that is not its template.
    pub fn ask(&self, endpoint: &str, passage: &Passage<'_>) -> Result<(), Fault> {
        if !fits(passage.template, passage.path) {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return Err(misfit(endpoint, passage));
        }
        let known = Self::rows().any(|row| row.allows(passage));
        match self.0.mode {
            Mode::ReadOnly if !known => {
                self.0.refused.fetch_add(1, Ordering::Relaxed);
                Err(refused(endpoint, passage))
            }
            Mode::Writing if !known && matches!(passage.method, "GET" | "HEAD") => {
                self.0.unknown_reads.fetch_add(1, Ordering::Relaxed);
                self.0.passed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    client = passage.client.word(),
                    method = passage.method,
                    template = passage.template,
                    "a read the gate does not know"
                );
                Ok(())
            }
            _ => {
                self.0.passed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

impl Row {
    fn allows(&self, passage: &Passage<'_>) -> bool {
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

fn refused(endpoint: &str, passage: &Passage<'_>) -> Fault {
    let what = clean(&format!("{} {}", passage.method, passage.template)).into_owned();
    Fault::new(
        endpoint,
        FaultKind::ReadOnly,
        Text::made(format!("this console is read-only: {what} was not sent"), format!("本控制台只读:{what} 没有发出")),
        Text::new(
            "start wharf without --read-only (and not as `wharf watch`) to change things",
            "需要改动时,请不带 --read-only(也不用 `wharf watch`)启动",
        ),
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
            format!("{what} 的路径不合 {template},没有发出"),
        ),
        Text::new("a name in it has characters that cannot stand in a path; correct the name", "路径里的名字含有不允许的字符,请改正名字"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f";

    fn passage<'a>(method: &'a str, template: &'a str, path: &'a str) -> Passage<'a> {
        Passage { client: Client::Docker, method, template, path, discriminator: "" }
    }

    #[test]
    fn read_only_passes_what_is_in_the_table_and_nothing_else() {
        let gate = Gate::new(Mode::ReadOnly);
        assert!(gate.ask("h", &passage("GET", "/containers/{id}/json", &format!("/containers/{ID}/json"))).is_ok());
        for (method, template, path) in [
            ("POST", "/containers/{id}/stop", "/containers/4f/stop"),
            ("GET", "/containers/{id}/attach/ws", "/containers/4f/attach/ws"),
            ("DELETE", "/containers/{id}", "/containers/4f"),
            ("POST", "/containers/{id}/json", "/containers/4f/json"),
        ] {
            let fault = gate.ask("h", &passage(method, template, path)).expect_err(path);
            assert_eq!(fault.kind, FaultKind::ReadOnly);
        }
        assert_eq!(gate.counts(), Counts { passed: 1, refused: 4, unknown_reads: 0 });
    }

    #[test]
    fn another_client_or_discriminator_is_another_row() {
        let gate = Gate::new(Mode::ReadOnly);
        let mut ask = passage("GET", "/containers/json", "/containers/json");
        ask.client = Client::Harbor;
        assert!(gate.ask("h", &ask).is_err());
        ask.client = Client::Docker;
        ask.discriminator = "RunInstances";
        assert!(gate.ask("h", &ask).is_err());
    }

    #[test]
    fn writing_passes_writes_and_counts_reads_that_the_table_does_not_know() {
        let gate = Gate::new(Mode::Writing);
        assert!(gate.ask("h", &passage("POST", "/containers/{id}/stop", "/containers/4f/stop")).is_ok());
        assert!(gate.ask("h", &passage("GET", "/secrets", "/secrets")).is_ok());
        assert_eq!(gate.counts(), Counts { passed: 2, refused: 0, unknown_reads: 1 });
    }

    #[test]
    fn a_path_that_is_not_its_template_passes_in_neither_mode() {
        for mode in [Mode::ReadOnly, Mode::Writing] {
            let gate = Gate::new(mode);
            for path in [
                "/containers/4f/stop",
                "/containers//json",
                "/containers/../json",
                "/containers/%2E%2e/json",
                "/containers/4f/json/x",
                "/containers/4f\r\nx/json",
            ] {
                assert!(gate.ask("h", &passage("GET", "/containers/{id}/json", path)).is_err(), "{path}");
            }
        }
    }

    #[test]
    fn long_names_take_several_segments() {
        assert!(fits("/v2/{name+}/manifests/{ref}", "/v2/a/b/c/manifests/v1"));
        assert!(fits("/v2/{name+}/manifests/{ref}", "/v2/a/manifests/v1"));
        assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/manifests/v1"));
        assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a//manifests/v1"));
        assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a/../manifests/v1"));
        assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a/blobs/v1"));
    }

    #[test]
    fn every_row_has_a_reason_and_stands_once() {
        let mut seen = std::collections::BTreeSet::new();
        for row in Gate::rows() {
            assert!(row.reason.len() > 10, "{row:?}");
            assert!(seen.insert((row.client, row.method, row.template, row.discriminator)), "twice: {row:?}");
            assert!(row.client == Client::Program || row.template.starts_with('/'), "{row:?}");
        }
    }
}
