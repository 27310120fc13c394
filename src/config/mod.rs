//! WHAT THE USER SAID: the config file, its defaults, its validation with file, line and hint; secrets by reference.

mod check;
mod clouds;
mod console;
mod credential_keys;
mod discover;
mod draft;
mod inventory;
mod join;
mod nouns;
mod places;
mod price;
mod problem;
mod reader;
mod schema;
mod secret;
mod secret_file;
mod services;
mod units;
mod watch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use crate::model::registry::RegistrySpec;
use crate::model::report::Site;
use crate::model::text::{Text, clean};
use join::Draft;
use problem::Sheet;

pub use clouds::{Cloud, CloudKind, Credential as CloudCredential, Dragonfly, Grant, Grantee, Role};
pub use console::{Confirm, Console, Key, Kiosk};
pub use discover::{Discovered, Found, FoundRegistry, Surroundings, discover, starter};
pub use draft::{Access, TlsFiles};
pub use inventory::InventoryProgram;
pub use places::{Places, state_dir};
pub use problem::{Problem, fault_of};
pub use secret::{Asking, Credential, Resolved, SecretForm, SecretRef, User, WAYS};
pub use services::{EnvValue, FailureAction, Gate, HealthCheck, Order, ReleasePolicy, Service, Shape};
pub use watch::{Loaded, Watcher, watch};

/// Larger configs are refused (bytes): a fleet of 50,000 hosts is about 10 MB.
const CONFIG_MAX: u64 = 64 << 20;

/// All that the user said, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub site: Site,
    /// By host name; only hosts with a `tls` of their own.
    pub hosts_tls: HashMap<Arc<str>, TlsFiles>,
    /// By host name; only hosts of an inventory that gives ssh further arguments (a key file, a jump host).
    pub hosts_ssh: HashMap<Arc<str>, Arc<[Arc<str>]>>,
    /// In the order of the config.
    pub registries: Vec<RegistryEntry>,
    pub console: Console,
    pub journal: JournalPlace,
    pub clouds: Vec<Cloud>,
    pub dragonflies: Vec<Dragonfly>,
    pub grants: Vec<Grant>,
    pub services: Vec<Service>,
    /// Every file that was read: what the watcher watches.
    pub files: Vec<PathBuf>,
    pub read_only: bool,
    /// Twelve hexadecimal digits of the canonical path of the user's config: its state is kept apart under this name.
    pub identity: String,
    /// Worth saying, stopping nothing.
    pub notes: Vec<Problem>,
}

/// A registry and how to log in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    pub spec: Arc<RegistrySpec>,
    pub access: Access,
}

/// Where the journal is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JournalPlace {
    /// A file of this machine, in the state directory.
    #[default]
    Sqlite,
    /// Shared by a team: a reference to `postgres://..`, which holds a password.
    Postgres(SecretRef),
}

/// Reads and checks the config: the company's file under the user's. All problems at once.
///
/// # Errors
/// Everything that is wrong, in the order of files and lines; or that there is no config at all.
pub fn load(places: &Places) -> Result<Config, Vec<Problem>> {
    let (mut findings, mut console) = (Findings::default(), Console::default());
    let mut layers = Vec::new();
    let mut files = Vec::new();
    for path in [&places.system, &places.user] {
        match places::read(path) {
            Ok(None) if path == &places.user && places.is_named() => return Err(vec![places.nothing_there()]),
            Ok(None) => {}
            Ok(Some(text)) => {
                files.push(path.clone());
                layers.push(read_layer(&text, path, &mut console, &mut findings));
            }
            Err(problem) => findings.problems.push(*problem),
        }
    }
    if files.is_empty() && findings.problems.is_empty() {
        return Err(vec![places.nothing_there()]);
    }
    finish(Read { layers, files, identity: places::identity(&places.user), program: places.inventories.clone() }, findings)
        .map(|config| Config { console, ..config })
}

/// Reads and checks one text as if it were the only config. Relative paths start from the folder of `file`.
///
/// # Errors
/// Everything that is wrong with it, in the order of lines.
pub fn parse(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
    let (mut findings, mut console) = (Findings::default(), Console::default());
    let layers = vec![read_layer(text, file, &mut console, &mut findings)];
    finish(Read { layers, files: vec![file.to_owned()], identity: places::identity(file), program: InventoryProgram::default() }, findings)
        .map(|config| Config { console, ..config })
}

/// The complete commented config, nothing in it active.
#[must_use]
pub fn example() -> &'static str {
    include_str!("../../assets/example.toml")
}

/// What was found so far while loading.
#[derive(Debug, Default)]
struct Findings {
    problems: Vec<Problem>,
    notes: Vec<Problem>,
}

fn read_layer(text: &str, file: &Path, console: &mut Console, findings: &mut Findings) -> Draft {
    let sheet = Sheet::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut draft = Draft::default();
    if errors.is_empty() {
        draft = join::read(&sheet, table.get_ref(), console);
    }
    for error in errors {
        let place = sheet.place(error.span().map_or(0, |span| span.start));
        // Only the message: the error's own words quote the line, which may hold a secret.
        let message = clean(error.message()).into_owned();
        sheet.wrong(
            &place,
            Text::made(format!("not TOML: {message}"), format!("不是合法的 TOML：{message}")),
            Text::new("mend this line; nothing below it is trusted until then", "先改好这一行；在此之前其后的内容不可信"),
        );
    }
    let (problems, notes) = sheet.findings();
    findings.problems.extend(problems);
    findings.notes.extend(notes);
    draft
}

/// What was read of all files.
struct Read {
    layers: Vec<Draft>,
    files: Vec<PathBuf>,
    identity: String,
    program: InventoryProgram,
}

fn finish(read: Read, mut findings: Findings) -> Result<Config, Vec<Problem>> {
    let Read { layers, files, identity, program } = read;
    let mut joined = Draft::default();
    for layer in layers {
        joined.overlay(layer, &mut findings.notes);
    }
    let mut config = check::check(joined, &program, &mut findings.problems, &mut findings.notes);
    if !findings.problems.is_empty() {
        let place = |p: &Problem| files.iter().position(|f| *f == p.file).unwrap_or(usize::MAX);
        findings.problems.sort_by_key(|p| (place(p), p.line, p.column));
        findings.problems.dedup();
        return Err(findings.problems);
    }
    config.files.splice(0..0, files);
    config.identity = identity;
    config.notes = findings.notes;
    Ok(config)
}
