//! What completes an operation's arguments: declared beside each argument, used by the palette and by shells.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, Mutex};

use clap::builder::ArgExt;
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::model::fleet::Fleet;
use crate::model::host::Host;
use crate::model::member::Role;
use crate::model::registry::ProjectHoldings;
use crate::model::text::{Text, clean, is_hostile};

/// Values offered at most.
const MOST: usize = 50;

/// What an argument names: `#[arg(add = Completes::Host)]`. Every argument that takes a value declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// `host/name`
    Container,
    Host,
    Idc,
    Service,
    Cluster,
    /// `cluster/pool`
    Pool,
    Class,
    Registry,
    Project,
    /// A person that a registry knows.
    User,
    /// A group that a registry knows.
    Group,
    /// A member's role in a project.
    Role,
    Run,
    Signal,
    File,
    /// A number or free words: nothing to choose from.
    Nothing,
}

impl ArgExt for Completes {}

impl Completes {
    /// What completes this argument; `None` where it does not say.
    #[must_use]
    pub fn of(arg: &Arg) -> Option<Self> {
        arg.get::<Self>().copied()
    }
}

/// One word that may stand next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub word: String,
    pub help: Text,
}

/// How a typed word has to fit what is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Anywhere inside. Containers are offered whole.
    Inside,
    /// At the beginning, as shells want it. Containers are offered host by host.
    Begins,
}

/// What the last of these words may become, by the tree of commands that they belong to.
#[must_use]
pub fn offers(tree: Command, words: &[String], fleet: &Arc<Fleet>, fit: Fit) -> Vec<Offer> {
    let fleet = Arc::clone(fleet);
    let values = move |what: Completes, word: &str| values(what, &fleet, word, fit);
    let values: Values = Arc::new(values);
    with_values(tree, words, &values)
}

/// What of the world completes the last of these words: what it names and how far it is typed. `None`: nothing of it.
#[must_use]
pub fn wanted(tree: Command, words: &[String]) -> Option<(Completes, String)> {
    let asked = Arc::new(Mutex::new(None));
    let note = Arc::clone(&asked);
    let values: Values = Arc::new(move |what: Completes, word: &str| {
        if let Ok(mut note) = note.lock() {
            note.get_or_insert_with(|| (what, word.to_owned()));
        }
        Vec::new()
    });
    with_values(tree, words, &values);
    asked.lock().ok().and_then(|mut asked| asked.take())
}

type Values = Arc<dyn Fn(Completes, &str) -> Vec<Offer> + Send + Sync>;

fn with_values(tree: Command, words: &[String], values: &Values) -> Vec<Offer> {
    let mut tree = completing(tree, values);
    let index = words.len().saturating_sub(1);
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let found = complete(&mut tree, words, index, None).unwrap_or_default();
    let offers = found.iter().map(|candidate| Offer {
        word: candidate.get_value().to_string_lossy().into_owned(),
        help: candidate.get_help().map_or_else(|| Text::raw(""), |help| Text::raw(&help.to_string())),
    });
    offers.collect()
}

/// The tree with what completes each argument put where the completer finds it.
fn completing(tree: Command, values: &Values) -> Command {
    let tree = tree.mut_args(|arg| match Completes::of(&arg) {
        // Files are the shell's own to complete.
        None | Some(Completes::Nothing | Completes::File) => arg,
        Some(what) => {
            let values = Arc::clone(values);
            arg.add(ArgValueCompleter::new(move |word: &OsStr| {
                let offers = values(what, &word.to_string_lossy());
                let candidate = |offer: Offer| CompletionCandidate::new(offer.word).help(Some(offer.help.en.into_owned().into()));
                offers.into_iter().map(candidate).collect::<Vec<_>>()
            }))
        }
    });
    tree.mut_subcommands(|sub| completing(sub, values))
}

/// Those of the fleet's names that fit, the ones that begin so first.
fn values(what: Completes, fleet: &Fleet, word: &str, fit: Fit) -> Vec<Offer> {
    let fits = |name: &str| match fit {
        Fit::Begins => name.starts_with(word),
        Fit::Inside => name.contains(word),
    };
    let all: Box<dyn Iterator<Item = (String, Text)> + '_> = match what {
        Completes::Container => return containers(fleet, word, fit),
        Completes::Host => Box::new(fleet.hosts.iter().map(|host| (host.name().to_string(), Text::raw(&host.spec.idc)))),
        Completes::Idc => Box::new(fleet.idcs.iter().map(|idc| (idc.name.to_string(), Text::raw(&idc.title)))),
        Completes::Service => Box::new(services(fleet)),
        Completes::Cluster => Box::new(fleet.clusters.iter().map(|cluster| (cluster.name.to_string(), Text::raw("")))),
        Completes::Pool => Box::new(
            fleet.clusters.iter().flat_map(|c| c.pools.iter().map(move |pool| (format!("{}/{}", c.name, pool.name), Text::raw("")))),
        ),
        Completes::Class => Box::new(fleet.classes.iter().map(|class| (class.name.to_string(), Text::raw("")))),
        Completes::Registry => Box::new(fleet.registries.iter().map(|r| (r.spec.name.to_string(), Text::raw(&r.spec.idc)))),
        Completes::Project => Box::new(projects(fleet).map(|project| (project.project.name.to_string(), Text::raw("")))),
        Completes::User => Box::new(people(fleet, Known::Users)),
        Completes::Group => Box::new(people(fleet, Known::Groups)),
        Completes::Role => Box::new((1..=5).filter_map(|id| {
            let role = Role::from_id(id);
            Some((role.name()?.to_owned(), role.word()))
        })),
        Completes::Run => Box::new(fleet.runs.iter().rev().map(|run| (run.id.short().to_owned(), run.title.clone()))),
        Completes::Signal => Box::new(SIGNALS.iter().map(|(name, does)| ((*name).to_owned(), does.clone()))),
        Completes::File | Completes::Nothing => return Vec::new(),
    };
    let mut seen = BTreeSet::new();
    // A name that cannot be shown as it is cannot be typed either.
    let fitting =
        all.filter(|(name, _)| fits(name) && !name.is_empty() && !name.contains(is_hostile)).filter(|(name, _)| seen.insert(name.clone()));
    let mut offers: Vec<Offer> = fitting.take(MOST).map(|(word, help)| Offer { word, help }).collect();
    offers.sort_by_key(|offer| !offer.word.starts_with(word));
    offers
}

fn services(fleet: &Fleet) -> impl Iterator<Item = (String, Text)> + '_ {
    let mut last: Option<&Arc<str>> = None;
    let all = fleet.hosts.iter().flat_map(|host| host.known_containers()).filter_map(|container| container.service.as_ref());
    // Containers of one service often stand together.
    let changing = all.filter(move |service| last.replace(service).is_none_or(|last| last != *service));
    changing.map(|service| (service.to_string(), Text::raw("")))
}

fn projects(fleet: &Fleet) -> impl Iterator<Item = &Arc<ProjectHoldings>> {
    fleet.registries.iter().flat_map(|registry| registry.holdings.projects.iter().flatten())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Users,
    Groups,
}

/// Whom registries know, and who is a member of a project already.
fn people(fleet: &Fleet, known: Known) -> impl Iterator<Item = (String, Text)> + '_ {
    let listed = fleet.registries.iter().flat_map(move |registry| -> Vec<(String, Text)> {
        match known {
            Known::Users => registry
                .holdings
                .users
                .iter()
                .flat_map(|all| all.iter())
                .map(|user| (user.name.to_string(), Text::raw(user.realname.as_deref().unwrap_or(""))))
                .collect(),
            Known::Groups => {
                registry.holdings.groups.iter().flat_map(|all| all.iter()).map(|group| (group.name.to_string(), Text::raw(""))).collect()
            }
        }
    });
    let members = projects(fleet).filter_map(|project| project.members.as_ref()).flat_map(move |members| {
        let is_wanted = move |is_group: bool| is_group == (known == Known::Groups);
        let of_kind = members.listed.iter().filter(move |member| is_wanted(matches!(member.kind, crate::model::member::MemberKind::Group)));
        of_kind.map(|member| (member.name.to_string(), Text::raw(""))).collect::<Vec<_>>()
    });
    listed.chain(members)
}

/// What is looked through is the whole fleet: only hosts that can still fit are looked into.
fn containers(fleet: &Fleet, word: &str, fit: Fit) -> Vec<Offer> {
    let typed_host = word.split_once('/').map_or(word, |(host, _)| host);
    if fit == Fit::Begins && !word.contains('/') {
        let hosts = fleet.hosts.iter().filter(|host| host.name().starts_with(word)).take(MOST);
        return hosts.map(|host| Offer { word: format!("{}/", host.name()), help: Text::raw(&host.spec.idc) }).collect();
    }
    let may_fit = |host: &&Arc<Host>| match fit {
        Fit::Begins => **host.name() == *typed_host,
        Fit::Inside if word.contains('/') => host.name().ends_with(typed_host),
        Fit::Inside => true,
    };
    let mut offers = Vec::new();
    for host in fleet.hosts.iter().filter(may_fit) {
        for container in host.known_containers() {
            // Only where the name alone fits is the whole target made.
            let is_fitting = host.name().contains(word) || container.name.contains(word) || word.contains('/');
            if !is_fitting || container.name.contains(is_hostile) {
                continue;
            }
            let target = format!("{}/{}", host.name(), clean(&container.name));
            let fits = if fit == Fit::Begins { target.starts_with(word) } else { target.contains(word) };
            if fits {
                offers.push(Offer { word: target, help: Text::raw(container.state.word()) });
                if offers.len() >= MOST {
                    return offers;
                }
            }
        }
    }
    offers
}

/// Those that programs answer to.
static SIGNALS: [(&str, Text); 8] = [
    ("SIGHUP", Text::new("read the configuration again", "重新读取配置")),
    ("SIGINT", Text::new("interrupt", "中断")),
    ("SIGQUIT", Text::new("end with a core dump", "退出并转储")),
    ("SIGKILL", Text::new("end at once", "立即终止")),
    ("SIGUSR1", Text::new("the program's own meaning", "由程序自行定义")),
    ("SIGUSR2", Text::new("the program's own meaning", "由程序自行定义")),
    ("SIGTERM", Text::new("end in good order", "正常结束")),
    ("SIGWINCH", Text::new("nginx and httpd: finish requests, then end", "nginx 与 httpd：处理完请求后结束")),
];
