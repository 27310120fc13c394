//! Names in Harbor's paths and queries: repositories are encoded twice, values of `q` once more than usual.

use crate::clients::http::segment;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// A repository without its project, for a path: encoded twice, because Harbor decodes it twice (`a/b` to `a%252Fb`).
pub(super) fn repository_segment(name: &str) -> String {
    segment(&segment(name))
}

/// A full repository name into its project and the rest, both for a path.
pub(super) fn split_repository(endpoint: &str, full: &str) -> Result<(String, String), Fault> {
    match full.split_once('/') {
        Some((project, rest)) if !project.is_empty() && !rest.is_empty() => Ok((segment(project), repository_segment(rest))),
        _ => {
            let shown = clean(full).into_owned();
            Err(Fault::new(
                endpoint,
                FaultKind::Usage,
                Text::made(format!("'{shown}' is not project/repository"), format!("“{shown}”不是 项目/仓库 的形式")),
                Text::new("write it in full, as in payment/web", "请写全名，例如 payment/web"),
            ))
        }
    }
}

/// Harbor's `q`: conditions that must all hold. An unknown key is ignored there without a word, so keys are fixed here.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Vec<String>);

impl Conditions {
    /// Equal to a word of ours.
    pub(super) fn word(mut self, key: &'static str, word: &'static str) -> Self {
        self.0.push(format!("{key}={word}"));
        self
    }

    /// Equal to one of some words of ours.
    pub(super) fn any(mut self, key: &'static str, words: &[&str]) -> Self {
        self.0.push(format!("{key}={{{}}}", words.join(" ")));
        self
    }

    pub(super) fn number(mut self, key: &'static str, number: i64) -> Self {
        self.0.push(format!("{key}={number}"));
        self
    }

    /// Equal to a name from outside.
    pub(super) fn exact(mut self, key: &'static str, value: &str) -> Self {
        let guard = if value.starts_with(['~', '[', '{', '(', '\\']) { "%5C" } else { "" };
        self.0.push(format!("{key}={guard}{}", segment(value)));
        self
    }

    /// Contains a name from outside.
    pub(super) fn like(mut self, key: &'static str, value: &str) -> Self {
        self.0.push(format!("{key}=~{}", segment(value)));
        self
    }

    /// At or after a moment. Harbor reads whole seconds in UTC, with a `T` and without a zone.
    pub(super) fn since(mut self, key: &'static str, at: Stamp) -> Self {
        let text = at.rfc3339();
        let seconds = text.split('.').next().unwrap_or_default();
        self.0.push(format!("{key}=[{seconds}~]"));
        self
    }

    /// The value of `q`. Names in it are encoded already, because Harbor decodes `q` a second time by itself: a plus sign
    /// that went through once would arrive as a space.
    pub(super) fn text(&self, endpoint: &str) -> Result<String, Fault> {
        if self.0.iter().any(|condition| condition.contains("%2C") || condition.ends_with(['=', '~'])) {
            return Err(Fault::new(
                endpoint,
                FaultKind::Usage,
                Text::new("Harbor cannot look for a name that is empty or has a comma in it", "Harbor 不能按空名或带逗号的名字查找"),
                Text::new("look through the whole list instead", "请改为浏览整个列表"),
            ));
        }
        Ok(self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_repository_is_encoded_twice() {
        assert_eq!(repository_segment("core/api"), "core%252Fapi");
        assert_eq!(split_repository("h", "payment/core/api").expect("split"), ("payment".into(), "core%252Fapi".into()));
        for bad in ["payment", "/web", "payment/", ""] {
            assert_eq!(split_repository("h", bad).expect_err(bad).kind, FaultKind::Usage);
        }
    }

    #[test]
    fn names_in_q_survive_a_second_decoding() {
        let q = Conditions::default().exact("name", "robot$p+ci").like("tags", "v1+build%2").text("h").expect("q");
        assert_eq!(q, "name=robot%24p%2Bci,tags=~v1%2Bbuild%252");
        assert_eq!(Conditions::default().exact("name", "~odd").text("h").expect("q"), "name=%5C~odd");
        assert!(Conditions::default().exact("name", "a,b").text("h").is_err());
        assert!(Conditions::default().like("name", "").text("h").is_err());
    }

    #[test]
    fn moments_are_written_as_harbor_reads_them() {
        let at = Stamp::parse_rfc3339("2026-11-23T10:03:04.567+08:00").expect("stamp");
        let q = Conditions::default().word("operation", "create").since("op_time", at).text("h").expect("q");
        assert_eq!(q, "operation=create,op_time=[2026-11-23T02:03:04~]");
    }
}
