//! ROWS. One file a noun: columns, cells, severity, sort keys; used by panes, `wharf get` and exports.

mod fact;
pub mod figures;
pub mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod fresh;
mod holders;
pub mod noun;
mod of_registry;
pub mod policy_words;
mod repository_rows;
pub mod row_cache;
mod scope;
pub mod sort;
pub mod spread;
mod sums;
mod table;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub use attention::attention_at;
pub use containers::container_at;
pub use edges::{End, edge_at, end_of};
pub use executions::run_at;
pub use filter::Filter;
pub use host_tree::told_as;
pub use hosts::host_at;
pub use noun::{Age, Align, Cell, Column, Context, Cut, Direction, KeyLookup, Mark, Noun, RowId, RowKey, SortKey, Tone};
pub use peers::peer_at;
pub use policies::edge_of_policy;
pub use queues::queue_at;
pub use replication_tasks::{TaskPlace, task_at};
pub use scope::Scope;

use crate::model::fleet::Fleet;
use crate::model::text::clean;

/// Whether the column at a place, or the one that it is a part of, is a live figure.
#[must_use]
pub fn is_live(noun: &dyn Noun, place: usize) -> bool {
    noun.columns().get(spread::split(place).0).is_some_and(Column::is_live)
}

/// One line a noun: its file and its type.
macro_rules! nouns {
    ($($file:ident::$noun:ident),* $(,)?) => {
        $(mod $file;)*

        static ALL: &[&dyn Noun] = &[$(&$file::$noun),*];
    };
}

nouns! {
    idcs::Idcs,
    hosts::Hosts,
    host_tree::HostTree,
    containers::Containers,
    clusters::Clusters,
    pools::Pools,
    classes::Classes,
    registries::Registries,
    projects::Projects,
    members::Members,
    users::Users,
    repositories::Repositories,
    artifacts::Artifacts,
    tags::Tags,
    robots::Robots,
    quotas::Quotas,
    access::Access,
    audit::Audit,
    edges::Edges,
    policies::Policies,
    executions::Executions,
    replication_tasks::ReplicationTasks,
    queues::Queues,
    peers::Peers,
    preheat::Preheat,
    tasks::Tasks,
    activity::Activity,
    faults::Faults,
    attention::AttentionList,
}

/// All nouns, in the order of the help.
#[must_use]
pub fn all() -> &'static [&'static dyn Noun] {
    ALL
}

/// A noun by the name that people type.
#[must_use]
pub fn noun(name: &str) -> Option<&'static dyn Noun> {
    ALL.iter().copied().find(|noun| noun.name() == name)
}

/// One row for scripts: a field a column, the row's own name fields, `age_s` and `stale`.
#[must_use]
pub fn item(cx: &Context<'_>, noun: &dyn Noun, row: RowId) -> Value {
    let mut fields = Map::new();
    for (at, column) in noun.columns().iter().enumerate() {
        fields.insert(column.key.to_owned(), noun.value(cx, row, at));
    }
    for (key, value) in noun.extra(cx, row) {
        fields.insert(key.to_owned(), value);
    }
    let age = noun.age(cx, row);
    fields.insert("age_s".to_owned(), age.seconds.map_or(Value::Null, Value::from));
    fields.insert("stale".to_owned(), Value::Bool(age.stale));
    Value::Object(fields)
}

/// What people call an IDC, its name where it has no title.
fn idc_title<'f>(fleet: &'f Fleet, name: &'f str) -> Cow<'f, str> {
    fleet.idc(name).map_or(Cow::Borrowed(name), |idc| clean(&idc.title))
}

#[cfg(test)]
mod tests;
