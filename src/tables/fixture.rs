//! The small worlds of the tests with everything derived, as the keeper publishes them.

use std::sync::Arc;

use crate::model::derived::Derived;
use crate::model::fixture::{NOW, fleet};
use crate::model::fleet::Fleet;
use crate::planning::derive;

/// [`fleet`] as it is published.
pub(crate) fn published() -> Fleet {
    publish(fleet())
}

/// A fleet with its sums and its attention list.
pub(crate) fn publish(mut fleet: Fleet) -> Fleet {
    fleet.derived = Arc::new(derive(&fleet, NOW, &Derived::default()));
    fleet
}
