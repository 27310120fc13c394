//! Operations as people type them: the parser's tree, an operation read from words, and the words of an operation.

use clap::{Arg, ArgAction, Command, FromArgMatches as _, Subcommand as _};
use serde_json::{Value, json};

use super::AnyOperation;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

impl AnyOperation {
    /// Every operation as a subcommand; the first word is its name.
    #[must_use]
    pub fn command() -> Command {
        Self::augment_subcommands(Command::new("wharf").no_binary_name(true).subcommand_required(true))
    }

    /// From a plan's or a journal's own words.
    ///
    /// # Errors
    /// Usage: no such operation, or arguments that it does not have.
    pub fn read(operation: &str, arguments: &Value) -> Result<Self, Fault> {
        serde_json::from_value(json!({ "operation": operation, "arguments": arguments })).map_err(|error| {
            let why = clean(&error.to_string()).into_owned();
            let cause = Text::made(format!("cannot be read: {why}"), format!("读不通：{why}"));
            let hint = Text::new("it may come from another version of wharf", "可能来自另一版本的 wharf");
            Fault::new(clean(operation), FaultKind::Usage, cause, hint)
        })
    }

    /// From words as a person types them, the operation's name first: what the command line and the palette take.
    ///
    /// # Errors
    /// Usage, in the parser's first line.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, Fault> {
        let matches = Self::command().try_get_matches_from(words);
        matches.and_then(|m| Self::from_arg_matches(&m)).map_err(|error| {
            let said = error.to_string();
            let why = clean(said.lines().next().unwrap_or_default().trim_start_matches("error: ")).into_owned();
            let hint = Text::new("wharf plan OPERATION --help shows how it is written", "用 wharf plan 操作名 --help 查看写法");
            Fault::new("operation", FaultKind::Usage, Text::made(why.clone(), why), hint)
        })
    }

    /// The words that [`AnyOperation::from_words`] reads as this operation. What is as by default is left out.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let said = serde_json::to_value(self).unwrap_or_default();
        let arguments = &said["arguments"];
        let mut words = vec![self.name().to_owned()];
        let (mut options, mut places) = (Vec::new(), Vec::new());
        let tree = Self::command();
        let Some(command) = tree.find_subcommand(self.name()) else { return words };
        for arg in command.get_arguments() {
            let values = texts(&arguments[arg.get_id().as_str()]);
            match arg.get_long() {
                None => places.extend(values),
                Some(long) if matches!(arg.get_action(), ArgAction::SetTrue) => {
                    options.extend(values.iter().any(|value| value == "true").then(|| format!("--{long}")));
                }
                Some(long) => {
                    for value in values.into_iter().filter(|value| !is_default(arg, value)) {
                        // Without the sign a value such as `-1`, or an empty one, would be read as something else.
                        if value.is_empty() || value.starts_with('-') {
                            options.push(format!("--{long}={value}"));
                        } else {
                            options.extend([format!("--{long}"), value]);
                        }
                    }
                }
            }
        }
        if places.iter().any(|place| place.starts_with('-')) {
            options.push("--".to_owned());
            words.extend(options);
            words.extend(places);
        } else {
            words.extend(places);
            words.extend(options);
        }
        words
    }
}

fn is_default(arg: &Arg, value: &str) -> bool {
    matches!(arg.get_default_values(), [one] if one == value)
}

/// What was said for one argument, as text; nothing where nothing was.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}
