//! The program that lists an inventory, handed in by whoever may start programs.

use std::path::Path;
use std::sync::Arc;

use crate::model::fault::Fault;

type List = dyn Fn(&Path) -> Option<Result<Vec<u8>, Fault>> + Send + Sync;

/// `ansible-inventory --list` for a file or a folder: what it prints; `None` where it is not installed.
#[derive(Clone, Default)]
pub struct InventoryProgram(Option<Arc<List>>);

impl InventoryProgram {
    pub fn new(list: impl Fn(&Path) -> Option<Result<Vec<u8>, Fault>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(list)))
    }

    pub(super) fn list(&self, path: &Path) -> Option<Result<Vec<u8>, Fault>> {
        self.0.as_ref()?(path)
    }
}

impl std::fmt::Debug for InventoryProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("InventoryProgram").field(&self.0.is_some()).finish()
    }
}

impl PartialEq for InventoryProgram {
    /// All that are there run the same program.
    fn eq(&self, other: &Self) -> bool {
        self.0.is_some() == other.0.is_some()
    }
}

impl Eq for InventoryProgram {}
