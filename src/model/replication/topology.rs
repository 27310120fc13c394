//! Who replicates to whom, over all registries: places, the edges between them, and how each edge is really doing.

use std::sync::Arc;

use serde::Serialize;

use super::settled::{Cause, PeerVerdict, Settled, StuckCause};
use super::{Direction, Policy};
use crate::model::clock::Stamp;
use crate::model::fault::FaultKind;
use crate::model::run::Severity;
use crate::model::text::Text;

/// An end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A registry of the config, by name.
    Registry(Arc<str>),
    /// An address that is no registry of the config, as its Harbor has it.
    Outside(Arc<str>),
}

impl Place {
    /// The configured registry's name.
    #[must_use]
    pub fn registry(&self) -> Option<&Arc<str>> {
        match self {
            Self::Registry(name) => Some(name),
            Self::Outside(_) => None,
        }
    }
}

/// One policy as an edge: what it carries flows from `from` to `to`, whoever of the two has the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The registry that has the policy.
    pub registry: Arc<str>,
    pub policy: Arc<Policy>,
    pub from: Place,
    pub to: Place,
    /// Of the other side, by a ping of our own.
    pub verdict: PeerVerdict,
    pub health: EdgeHealth,
}

impl Edge {
    /// The side that does not have the policy.
    #[must_use]
    pub fn peer(&self) -> &Place {
        if self.policy.direction == Direction::Push { &self.to } else { &self.from }
    }
}

/// What the runs of an edge have come to. Counts reach back to the last run that carried everything anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgeHealth {
    pub state: EdgeState,
    /// When a run last really carried something: tasks were made, and all of them succeeded.
    pub last_success: Option<Stamp>,
    /// When anything last ran.
    pub last_run: Option<Stamp>,
    /// Since when it is in trouble; `None` where it is in none.
    pub since: Option<Stamp>,
    /// Runs that failed before they had a task: what they were about is not there and nobody tries again.
    pub lost: u32,
    /// Runs of which some tasks failed for good.
    pub failed: u32,
    pub retrying: u32,
    pub running: u32,
    pub stuck: u32,
    pub skipped: u32,
    pub cause: Option<Cause>,
}

/// How an edge does, the gravest that is true of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeState {
    /// The policy is switched off.
    Disabled,
    /// A policy that pulls on events: accepted by Harbor and never run.
    NeverFires,
    /// The other side does not answer our ping, or refuses the credential saved for it.
    PeerDown(FaultKind),
    Stuck(StuckCause),
    /// The newest run came to nothing.
    Failing,
    Retrying,
    /// It carries again, and what was lost before was never caught up.
    Owing,
    Running,
    Flowing,
    /// Nothing ran, as far back as this Harbor remembers.
    NeverRan,
    /// Its runs were not read, or are older than what was read.
    Unread,
}

impl EdgeState {
    /// For scripts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::NeverFires => "never_fires",
            Self::PeerDown(_) => "peer_down",
            Self::Stuck(_) => "stuck",
            Self::Failing => "failing",
            Self::Retrying => "retrying",
            Self::Owing => "owing",
            Self::Running => "running",
            Self::Flowing => "flowing",
            Self::NeverRan => "never_ran",
            Self::Unread => "unread",
        }
    }

    /// `None` for what was switched off on purpose.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        Some(match self {
            Self::Disabled => return None,
            Self::PeerDown(_) | Self::Stuck(_) | Self::Failing => Severity::Bad,
            Self::NeverFires | Self::Retrying | Self::Owing => Severity::Warn,
            Self::Running => Severity::Changing,
            Self::Flowing => Severity::Good,
            Self::NeverRan | Self::Unread => Severity::Unknown,
        })
    }
}

impl EdgeHealth {
    /// The state in a few words: `ok`, `2 lost`, `peer unreachable`.
    #[must_use]
    pub fn words(&self) -> Text {
        match &self.state {
            EdgeState::Disabled => Text::new("off", "已停用"),
            EdgeState::NeverFires => Text::new("never fires", "永不触发"),
            EdgeState::PeerDown(FaultKind::Unauthorized) => Text::new("peer refuses its credential", "对端拒绝凭证"),
            EdgeState::PeerDown(_) => Text::new("peer is away", "对端不可达"),
            EdgeState::Stuck(_) => Settled::Stuck(StuckCause::Unknown).word(),
            EdgeState::Failing | EdgeState::Owing if self.lost > 0 => {
                Text::made(format!("{} lost", self.lost), format!("丢失 {}", self.lost))
            }
            EdgeState::Failing => Text::new("failing", "失败"),
            EdgeState::Retrying => Text::new("retrying", "重试中"),
            EdgeState::Owing => Text::made(format!("{} failed", self.failed), format!("失败 {}", self.failed)),
            EdgeState::Running => Text::new("running", "进行中"),
            EdgeState::Flowing => Text::new("ok", "正常"),
            EdgeState::NeverRan => Text::new("never ran", "从未运行"),
            EdgeState::Unread => Text::new("?", "?"),
        }
    }

    /// Why, where that is known.
    #[must_use]
    pub fn cause_words(&self) -> Option<Text> {
        match &self.state {
            EdgeState::Disabled => None,
            EdgeState::NeverFires => Some(Text::new("Harbor fires events on the local side only", "Harbor 只在本端触发事件")),
            EdgeState::PeerDown(kind) => Some(match &self.cause {
                Some(cause) => cause.word(),
                None => kind.word(),
            }),
            EdgeState::Stuck(cause) => Some(cause.word()),
            _ => self.cause.as_ref().map(Cause::word),
        }
    }
}

/// The whole: edges, and what they make together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Topology {
    /// In the order of the registries that have them, then of the policies' ids.
    pub edges: Vec<Edge>,
    /// Places that replicate to each other both ways, the lesser name first.
    pub pairs: Vec<(Place, Place)>,
    /// Rings of three places and more; each begins at its least place.
    pub rings: Vec<Vec<Place>>,
}

impl Topology {
    /// Where a policy's edge stands in `edges`.
    #[must_use]
    pub fn find(&self, registry: &str, policy: i64) -> Option<&Edge> {
        self.edges.iter().find(|edge| edge.policy.id == policy && *edge.registry == *registry)
    }

    /// Whether a pair is one of dual masters.
    #[must_use]
    pub fn is_mutual(&self, a: &Place, b: &Place) -> bool {
        self.pairs.iter().any(|(x, y)| (x == a && y == b) || (x == b && y == a))
    }
}
