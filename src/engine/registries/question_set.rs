//! Which questions a talk with a registry is for: all of them for a console, a few for one answer.

use std::collections::BTreeSet;

use crate::model::registry::Question;

/// The questions to be asked; a console asks all.
#[derive(Clone, Debug)]
pub(in crate::engine) struct QuestionSet(Option<BTreeSet<Question>>);

impl QuestionSet {
    /// None asked for are all.
    pub(in crate::engine) fn new(asked: &[Question]) -> Self {
        Self((!asked.is_empty()).then(|| asked.iter().copied().collect()))
    }

    /// True for a console: nothing in particular was asked for.
    pub(super) fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// True where this is one of what was asked for.
    pub(super) fn has(&self, question: Question) -> bool {
        self.0.as_ref().is_none_or(|asked| asked.contains(&question))
    }

    pub(super) fn any(&self, questions: &[Question]) -> bool {
        questions.iter().any(|question| self.has(*question))
    }

    /// What has to be read to answer: beside what was asked for, the lists that it hangs on and what it is judged by.
    pub(super) fn needs(&self, question: Question) -> bool {
        use Question as Q;
        let for_others: &[Q] = match question {
            Q::Identity => return true,
            Q::Projects => &[Q::Summary, Q::Members, Q::Repositories, Q::Artifacts, Q::Robots, Q::PreheatRuns],
            Q::Repositories => &[Q::Artifacts],
            Q::Executions => &[Q::Tasks],
            // What an execution has settled to is judged by the clock, the mode, the queue and the workers.
            Q::System | Q::Queues | Q::Workers => &[Q::Executions, Q::Tasks],
            _ => &[],
        };
        self.has(question) || self.any(for_others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_need_the_projects_and_no_artifacts() {
        let questions_wanted = QuestionSet::new(&[Question::Members]);
        assert!(
            questions_wanted.needs(Question::Projects)
                && questions_wanted.needs(Question::Members)
                && questions_wanted.needs(Question::Identity)
        );
        let unneeded = Question::ALL.into_iter().filter(|q| !questions_wanted.needs(*q)).count();
        assert_eq!(unneeded, Question::ALL.len() - 3);
        let all = QuestionSet::new(&[]);
        assert!(Question::ALL.into_iter().all(|q| all.has(q)));
    }

    #[test]
    fn artifacts_need_repositories_and_executions_what_judges_them() {
        let questions_wanted = QuestionSet::new(&[Question::Artifacts]);
        assert!(
            questions_wanted.needs(Question::Repositories)
                && !questions_wanted.has(Question::Repositories)
                && !questions_wanted.needs(Question::Members)
        );
        let questions_wanted = QuestionSet::new(&[Question::Tasks]);
        assert!(
            questions_wanted.needs(Question::Executions)
                && questions_wanted.needs(Question::System)
                && !questions_wanted.needs(Question::Projects)
        );
    }
}
