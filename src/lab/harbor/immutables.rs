//! Rules under which tags cannot be moved or removed.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::listing::{self, Facts};
use super::patterns::matches;
use super::refusal::{Refusal, Reply};
use super::state::{Immutable, Kind, Project};
use super::{Ask, Harbor};

impl Project {
    pub fn is_immutable(&self, repository: &str, tag: &str) -> bool {
        self.immutables.iter().filter(|rule| rule.rule["disabled"] != true).any(|rule| {
            selects(&rule.rule["scope_selectors"]["repository"], "repoExcludes", repository)
                && selects(&rule.rule["tag_selectors"], "excludes", tag)
        })
    }
}

impl Harbor {
    pub(super) fn list_immutables(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "immutable-tag", "list")?;
        let rules = self.projects[at].immutables.iter().collect();
        let facts = Facts { field: &|_: &&Immutable, _: &str| None, sort: "" };
        listing::list(ask.request, rules, &facts, |rule| {
            let mut row = json!({"id": rule.id});
            for key in ["action", "scope_selectors", "tag_selectors", "template"] {
                row[key] = rule.rule[key].clone();
            }
            if rule.rule["disabled"] == true {
                row["disabled"] = json!(true);
            }
            row
        })
    }

    pub(super) fn create_immutable(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "immutable-tag", "create")?;
        let rule = ask.request.json();
        if !rule["tag_selectors"].is_array() || !rule["scope_selectors"].is_object() {
            return Err(Refusal::bad_request("tag selectors and scope selectors are required"));
        }
        let id = self.sequences.next(Kind::Immutable);
        self.projects[at].immutables.push(Immutable { id, rule });
        Ok(Answer::empty(201).with("Location", &format!("{}/{id}", ask.request.path)))
    }

    pub(super) fn remove_immutable(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "immutable-tag", "delete")?;
        let id = ask.id(1);
        let rules = &mut self.projects[at].immutables;
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        if rules.len() == before {
            return Err(Refusal::not_found(format!("immutable tag rule {id} not found")));
        }
        Ok(Answer::empty(200))
    }
}

fn selects(selectors: &Value, excluding: &str, text: &str) -> bool {
    selectors.as_array().into_iter().flatten().any(|selector| {
        let found = matches(selector["pattern"].as_str().unwrap_or_default(), text);
        found != (selector["decoration"] == excluding)
    })
}
