//! A data centre.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One IDC as the config declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idc {
    /// `[a-z0-9-]`, the name that everything else refers to.
    pub name: Arc<str>,
    /// What people call it: 永丰.
    pub title: Arc<str>,
    /// The tag of every frame: `prod`, `staging`, .. Typed confirmation where it is `prod`.
    pub environment: Arc<str>,
    /// The IDC above this one in the hierarchy.
    pub parent: Option<Arc<str>>,
}

impl Idc {
    /// True where an accident would hurt customers.
    #[must_use]
    pub fn is_prod(&self) -> bool {
        self.environment.eq_ignore_ascii_case("prod") || self.environment.eq_ignore_ascii_case("production")
    }
}
