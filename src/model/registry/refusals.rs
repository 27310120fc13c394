//! What a registry refused, as faults for people: one a question, however many projects refused it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Holdings, Question};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

impl Holdings {
    /// The refusals of these questions, each said once: of many projects the first cause and how many there are.
    #[must_use]
    pub fn refusals(&self, asked: &[Question]) -> Vec<Fault> {
        let mut found: BTreeMap<Question, (Arc<Fault>, usize)> = BTreeMap::new();
        for project in self.projects.iter().flatten() {
            for (question, fault) in project.denied.iter().filter(|(question, _)| asked.contains(question)) {
                found.entry(*question).or_insert_with(|| (Arc::clone(fault), 0)).1 += 1;
            }
        }
        let own = self.denied.iter().filter(|(question, _)| asked.contains(question));
        let own = own.map(|(question, fault)| said(&question.words(), fault));
        let of = |(question, (fault, count)): (&Question, &(Arc<Fault>, usize))| {
            let what = question.words();
            let what = match count {
                1 => Text::made(format!("{} of a project", what.en), format!("某个项目的{}", what.zh)),
                n => Text::made(format!("{} of {n} projects", what.en), format!("{n} 个项目的{}", what.zh)),
            };
            said(&what, fault)
        };
        own.chain(found.iter().map(of)).collect()
    }
}

fn said(what: &Text, fault: &Fault) -> Fault {
    // What a 5xx hides stands in that Harbor's own log, under this id.
    let id = fault.request_id.as_deref().filter(|_| fault.kind == FaultKind::Server);
    let id = id.map_or_else(String::new, |id| format!(" [request {id}]"));
    let cause = Text::made(format!("{}: {}{id}", what.en, fault.cause.en), format!("{}：{}{id}", what.zh, fault.cause.zh));
    Fault { cause, ..fault.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::project::Project;
    use crate::model::registry::ProjectHoldings;

    fn refused() -> Arc<Fault> {
        Arc::new(Fault::new("yf", FaultKind::Forbidden, Text::raw("may not"), Text::raw("ask")))
    }

    fn project(name: &str, denied: &[Question]) -> Arc<ProjectHoldings> {
        let project = Project {
            id: 1,
            name: name.into(),
            owner: None,
            metadata: Arc::default(),
            repositories: None,
            proxy_of: None,
            my_roles: Vec::new(),
            created: None,
            updated: None,
        };
        let denied = denied.iter().map(|question| (*question, refused())).collect();
        Arc::new(ProjectHoldings { denied, ..ProjectHoldings::named(project) })
    }

    #[test]
    fn many_projects_are_one_fault_and_what_was_not_asked_is_none() {
        use Question as Q;
        let holdings = Holdings {
            projects: Some(vec![project("a", &[Q::Members, Q::Robots]), project("b", &[Q::Members]), project("c", &[Q::Summary])]),
            denied: BTreeMap::from([(Q::Users, refused()), (Q::Queues, refused())]),
            ..Holdings::default()
        };
        let said: Vec<String> = holdings.refusals(&[Q::Members, Q::Summary, Q::Users]).into_iter().map(|f| f.cause.en.into()).collect();
        assert_eq!(said, ["users: may not", "project summaries of a project: may not", "members of 2 projects: may not"]);
    }
}
