//! What one file says, before it is joined with the others and its references are checked.

use std::path::PathBuf;
use std::sync::Arc;

use super::problem::Said;
use super::secret::{SecretRef, User};
use crate::model::cluster::{Class, Labels, Pool};
use crate::model::endpoint::Address;
use crate::model::idc::Idc;
use crate::model::registry::{RegistryKind, RegistrySpec};

/// How a host is spoken to by TLS; absolute paths. Without a CA the system's roots count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsFiles {
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// False: whoever answers is taken for the host, as with docker's `SkipTLSVerify`.
    pub verify: bool,
}

impl Default for TlsFiles {
    /// TLS by the system's roots.
    fn default() -> Self {
        Self { ca: None, identity: None, verify: true }
    }
}

/// A reference to another noun by its name.
pub(super) type Name = Said<Arc<str>>;

#[derive(Clone, Debug)]
pub(super) struct IdcDraft {
    pub(super) name: Name,
    pub(super) idc: Idc,
    pub(super) parent: Option<Name>,
}

#[derive(Clone, Debug)]
pub(super) struct ClassDraft {
    pub(super) name: Name,
    pub(super) class: Class,
}

#[derive(Clone, Debug)]
pub(super) struct ClusterDraft {
    pub(super) name: Name,
    pub(super) pools: Vec<PoolDraft>,
}

#[derive(Clone, Debug)]
pub(super) struct PoolDraft {
    pub(super) name: Name,
    pub(super) pool: Pool,
}

#[derive(Clone, Debug)]
pub(super) struct RegistryDraft {
    pub(super) name: Name,
    pub(super) idc: Option<Name>,
    pub(super) kind: RegistryKind,
    pub(super) spec: RegistrySpec,
    pub(super) access: Access,
}

/// How Wharf shows who it is to a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub user: Option<User>,
    pub password: Option<SecretRef>,
    /// Trusted instead of the system's, absolute.
    pub ca: Option<PathBuf>,
}

/// What a host belongs to and how it is reached; also the defaults of an inventory.
#[derive(Clone, Debug, Default)]
pub(super) struct Belongs {
    pub(super) idc: Option<Name>,
    pub(super) cluster: Option<Name>,
    pub(super) pool: Option<Name>,
    pub(super) class: Option<Name>,
}

#[derive(Clone, Debug)]
pub(super) struct HostDraft {
    pub(super) name: Name,
    pub(super) belongs: Belongs,
    pub(super) address: Address,
    pub(super) login: Option<Address>,
    pub(super) tls: Option<TlsFiles>,
    /// Further arguments of ssh.
    pub(super) ssh: Option<Arc<[Arc<str>]>>,
    pub(super) labels: Arc<Labels>,
    pub(super) listed: Listed,
}

/// Who wrote a host down: what is wrong with one that the config itself lists must be corrected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Here,
    /// In a file of somebody else's: it costs only that host.
    Elsewhere,
}
