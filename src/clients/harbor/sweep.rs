//! Cheap sweeps: what changed is learned from the audit log and from the times of repositories, in two requests or so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pages::PAGE_SIZE;
use super::wire::WireRepository;
use super::{AuditFilter, Harbor, Question};
use crate::model::artifact::Repository;
use crate::model::audit::{AuditEntry, AuditLog, Deed};
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{ChangedList, Changes, SweepCursor, WholeBecause};

/// Rows of the log that are followed; after more of them everything is read instead.
const ROWS_MOST: usize = 500;
/// Pages of changed repositories that are followed.
const PAGES_MOST: usize = 5;
/// Ids below the newest one within which a row may still become visible: they are given out before they are committed.
const LATE: i64 = 64;

impl Harbor {
    /// What changed since a cursor; a new one (`default()`) says "everything". Costs one request for the log and one for the
    /// repositories while little happens. It cannot see everything (quotas; in versions before 2.16 deletions; without a log
    /// anything but pushes): a slow full pass stays the check.
    pub async fn list_changes(&self, cursor: &SweepCursor) -> Result<Changes, Fault> {
        let mut changes = match self.log_since(cursor).await? {
            Some((log, rows)) => from_rows(cursor, log, &rows),
            None => Changes { cursor: SweepCursor { log: None, ..cursor.clone() }, ..Changes::default() },
        };
        let first = cursor.updated.is_none();
        let mut newest = cursor.updated;
        for page in 1..=PAGES_MOST {
            let rows = self.repositories_by_change(page).await?;
            let full = rows.len() >= PAGE_SIZE;
            newest = newest.max(rows.iter().filter_map(|row| row.updated).max());
            if first {
                break;
            }
            let before = changes.repositories.len();
            let news: Vec<Arc<str>> = rows.iter().filter(|row| row.updated > cursor.updated).map(|row| Arc::clone(&row.name)).collect();
            let all_new = news.len() == rows.len();
            changes.repositories.extend(news);
            if !full || !all_new || changes.repositories.len() == before {
                break;
            }
            if page == PAGES_MOST {
                changes.whole = changes.whole.or(Some(WholeBecause::TooMuch));
            }
        }
        changes.cursor.updated = newest;
        if first && changes.whole.is_none() {
            changes.whole = Some(WholeBecause::FirstTime);
        }
        Ok(changes)
    }

    /// The rows of whichever log there is, newest first, so many that the cursor's is among them. `None`: no log for us.
    async fn log_since(&self, cursor: &SweepCursor) -> Result<Option<(AuditLog, Vec<AuditEntry>)>, Fault> {
        let filter = AuditFilter { changes_only: true, ..AuditFilter::default() };
        // A first look wants only those below which a late one may still come.
        let most = if cursor.log.is_none() { PAGE_SIZE } else { ROWS_MOST };
        let logs = match cursor.log {
            Some(log) => vec![log],
            None => vec![AuditLog::Ext, AuditLog::Old],
        };
        for log in logs {
            match self.list_audit_until(log, &filter, most, cursor.audit_id.saturating_sub(LATE)).await {
                Ok(rows) => return Ok(Some((log, rows))),
                Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Forbidden | FaultKind::Version) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    async fn repositories_by_change(&self, page: usize) -> Result<Vec<Repository>, Fault> {
        let question = Question::new("/api/v2.0/repositories", "/api/v2.0/repositories").with("sort", "-update_time");
        let ask = question.ask().query("page", page.to_string()).query("page_size", PAGE_SIZE.to_string());
        Ok(self.page::<WireRepository>(ask).await?.0)
    }
}

/// What the rows of a log say has changed.
fn from_rows(cursor: &SweepCursor, log: AuditLog, rows: &[AuditEntry]) -> Changes {
    let newest = rows.iter().map(|row| row.id).max().unwrap_or(0);
    let mut changes = Changes { cursor: SweepCursor { log: Some(log), ..cursor.clone() }, ..Changes::default() };
    if cursor.log != Some(log) {
        changes.whole = Some(WholeBecause::FirstTime);
    } else if newest < cursor.audit_id {
        changes.whole = Some(WholeBecause::LogCut);
    } else if rows.len() >= ROWS_MOST && rows.iter().all(|row| row.id > cursor.audit_id) {
        changes.whole = Some(WholeBecause::TooMuch);
    } else {
        let late = |row: &&AuditEntry| row.id > cursor.audit_id - LATE && !cursor.seen.contains(&row.id);
        rows.iter().filter(|row| row.id > cursor.audit_id || late(row)).for_each(|row| note(&mut changes, row));
    }
    changes.cursor.audit_id = newest;
    let kept: BTreeSet<i64> = cursor.seen.iter().copied().chain(rows.iter().map(|row| row.id)).collect();
    changes.cursor.seen = kept.into_iter().filter(|id| *id > newest - LATE && *id <= newest).collect();
    changes
}

fn note(changes: &mut Changes, row: &AuditEntry) {
    // What was refused changed nothing.
    if row.succeeded == Some(false) || matches!(row.deed, Deed::Pull | Deed::Login | Deed::Logout) {
        return;
    }
    match &*row.resource_type {
        "artifact" | "tag" | "repository" => {
            changes.repositories.extend(row.repository().map(Arc::from));
        }
        "project" => {
            changes.projects.insert(Arc::clone(&row.resource));
            if row.deed != Deed::Update {
                changes.lists.insert(ChangedList::Projects);
            }
        }
        "member" => match row.description.as_deref().and_then(project_in) {
            Some(project) => {
                changes.members.insert(project.into());
            }
            // Words of another version: which project is not known.
            None => changes.whole = Some(WholeBecause::TooMuch),
        },
        "robot" => match row.resource.split_once('$').and_then(|(_, name)| name.split_once('+')) {
            Some((project, _)) => {
                changes.robots.insert(project.into());
            }
            None => {
                changes.lists.insert(ChangedList::SystemRobots);
            }
        },
        "user" => {
            changes.lists.insert(ChangedList::Users);
        }
        "configuration" => {
            changes.lists.insert(ChangedList::Settings);
        }
        _ => {}
    }
}

/// `create user member dave in project payment`: a member's row names its project in words only.
fn project_in(description: &str) -> Option<&str> {
    let (_, project) = description.rsplit_once(" project ")?;
    Some(project.trim()).filter(|project| !project.is_empty() && !project.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, deed: Deed, kind: &str, resource: &str, words: &str) -> AuditEntry {
        AuditEntry {
            log: AuditLog::Ext,
            id,
            at: None,
            user: "admin".into(),
            deed,
            resource_type: kind.into(),
            resource: resource.into(),
            description: Some(words.into()),
            succeeded: Some(true),
        }
    }

    fn cursor(audit_id: i64) -> SweepCursor {
        SweepCursor { log: Some(AuditLog::Ext), audit_id, seen: (audit_id - 5..=audit_id).collect(), updated: None }
    }

    #[test]
    fn rows_tell_what_to_read_again_and_old_ones_do_not() {
        let rows = [
            row(104, Deed::Update, "configuration", "", ""),
            row(103, Deed::Create, "robot", "robot$payment+ci", ""),
            row(102, Deed::Delete, "member", "dave", "delete user member dave from project payment"),
            row(101, Deed::Create, "artifact", "payment/core/api:v1", ""),
            row(100, Deed::Create, "artifact", "old/one:v1", ""),
        ];
        let changes = from_rows(&cursor(100), AuditLog::Ext, &rows);
        assert_eq!(changes.whole, None);
        assert_eq!(changes.repositories, BTreeSet::from(["payment/core/api".into()]));
        assert_eq!((changes.members.len(), changes.robots.len()), (1, 1));
        assert_eq!(changes.lists, BTreeSet::from([ChangedList::Settings]));
        assert_eq!(changes.cursor.audit_id, 104);
        assert!(from_rows(&changes.cursor, AuditLog::Ext, &rows).is_empty(), "the same rows again are no news");
    }

    #[test]
    fn a_row_that_becomes_visible_late_is_seen_once() {
        let late = row(99, Deed::Create, "artifact", "late/one:v1", "");
        let mut known = cursor(100);
        known.seen.remove(&99);
        let rows = [row(100, Deed::Create, "artifact", "old/one:v1", ""), late];
        let changes = from_rows(&known, AuditLog::Ext, &rows);
        assert_eq!(changes.repositories, BTreeSet::from(["late/one".into()]));
        assert!(from_rows(&changes.cursor, AuditLog::Ext, &rows).is_empty());
    }

    #[test]
    fn an_empty_log_is_followed_from_its_first_row() {
        let first = from_rows(&SweepCursor::default(), AuditLog::Ext, &[]);
        assert_eq!(first.whole, Some(WholeBecause::FirstTime));
        assert!(from_rows(&first.cursor, AuditLog::Ext, &[]).is_empty());
        let changes = from_rows(&first.cursor, AuditLog::Ext, &[row(1, Deed::Create, "project", "p", "")]);
        assert_eq!((changes.whole, changes.projects.len()), (None, 1));
    }

    #[test]
    fn a_log_that_got_shorter_or_ran_away_means_everything() {
        let cut = from_rows(&cursor(100), AuditLog::Ext, &[row(3, Deed::Create, "project", "p", "")]);
        assert_eq!((cut.whole, cut.cursor.audit_id), (Some(WholeBecause::LogCut), 3));
        let many: Vec<_> = (0..500).rev().map(|n| row(1_000 + n, Deed::Create, "artifact", "a/b:c", "")).collect();
        assert_eq!(from_rows(&cursor(100), AuditLog::Ext, &many).whole, Some(WholeBecause::TooMuch));
        let strange = [row(101, Deed::Create, "member", "x", "neue Worte")];
        assert_eq!(from_rows(&cursor(100), AuditLog::Ext, &strange).whole, Some(WholeBecause::TooMuch));
    }
}
