//! What an engine says of itself and its machine: `/version` and a few fields of `/info`.

use std::sync::Arc;

use serde::Deserialize;

use super::engine::Engine;
use super::version::{NEWEST, Versions};
use crate::model::fault::Fault;
use crate::model::host::HostFacts;
use crate::model::text::clean;

/// Warnings of an engine that are kept.
const WARNINGS: usize = 8;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WireEngine {
    #[serde(rename = "NCPU")]
    ncpu: Option<i64>,
    mem_total: Option<i64>,
    images: Option<i64>,
    name: Option<String>,
    operating_system: Option<String>,
    kernel_version: Option<String>,
    server_version: Option<String>,
    swarm: Option<Swarm>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Swarm {
    local_node_state: Option<String>,
}

impl Engine {
    /// Agrees on the version anew and asks for what is needed of both.
    pub(super) async fn host(self: &Arc<Self>) -> Result<HostFacts, Fault> {
        let agreed = self.renegotiate().await?;
        let mut versions = Versions::default();
        if agreed == NEWEST {
            // Only an engine that is newer than we are can have left us behind.
            versions = self.json(&self.ask(&self.unversioned("/version")).await?)?;
            self.check_minimum(agreed, &versions)?;
        }
        let about: WireEngine = self.json(&self.ask(&self.question("/info", "/info")).await?)?;
        let word = |text: Option<String>| text.filter(|t| !t.is_empty()).map(|t| Arc::<str>::from(&*clean(&t)));
        Ok(HostFacts {
            engine: word(about.server_version.or(versions.version)),
            api: Some(agreed.to_string().into()),
            os: word(about.operating_system.or(versions.os)),
            kernel: word(about.kernel_version.or(versions.kernel_version)),
            hostname: word(about.name),
            // An engine that cannot find out says 0: unknown, not none.
            cores: about.ncpu.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0),
            memory: about.mem_total.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0),
            images: about.images.and_then(|n| u32::try_from(n).ok()),
            swarm: word(about.swarm.and_then(|s| s.local_node_state)),
            warnings: about.warnings.unwrap_or_default().iter().take(WARNINGS).map(|w| Arc::from(&*clean(w))).collect(),
        })
    }
}
