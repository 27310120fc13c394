//! Harbor's own description of its API, as far as paths and shapes go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::yaml;

/// The description: what paths there are, and what their answers look like.
pub(crate) struct Description(Value);

/// The description where it lies beside the project root, or in the folder that `WHARF_SHARED` names.
pub(crate) fn found() -> Option<Description> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("WHARF_SHARED").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("harbor/swagger.yaml")).ok()?;
    Some(Description(yaml::read(&text)))
}

/// Fields that Harbor sends and its description leaves out, as the recordings show.
const UNDESCRIBED_FIELDS: [&str; 1] = ["OsFeatures"];
/// Paths whose answer is described as text and comes as JSON, as the recordings show.
const TEXT_IN_WORD_ONLY: [&str; 1] = ["/additions/"];

impl Description {
    /// What is wrong with a route; `None` where the description has it.
    pub(crate) fn lacks(&self, method: &str, template: &str) -> Option<String> {
        let wanted = braces(template);
        let paths = self.0["paths"].as_object().expect("paths");
        let here = paths.iter().find(|(path, _)| braces(path) == wanted);
        match here {
            Some((_, operations)) if operations.get(method.to_lowercase()).is_some() => None,
            Some(_) => Some(format!("{method} {template}: the path is described without this method")),
            None => Some(format!("{method} {template}: no such path is described")),
        }
    }

    /// What of an answer's body is not as described: unknown fields and other types.
    pub(crate) fn misshapen(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else { return vec![format!("{method} {path} is not described")] };
        let mut found = Vec::new();
        let schema = &operation["responses"]["200"]["schema"];
        if !schema.is_null() && !TEXT_IN_WORD_ONLY.iter().any(|part| path.contains(part)) {
            self.check("", schema, body, &mut found);
        }
        found
    }

    /// The path with the most literal words wins.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let words: Vec<&str> = path.split('/').collect();
        let paths = self.0["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, operations)| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == words.len()
                && parts.iter().zip(&words).all(|(part, word)| part.starts_with('{') || part == word)
                && operations.get(method.to_lowercase()).is_some()
        });
        let best = fitting.min_by_key(|(template, _)| template.matches('{').count());
        best.map(|(_, operations)| &operations[method.to_lowercase()])
    }

    fn check(&self, place: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        // Nothing is an empty list, an empty object, or a field that was not set.
        if value.is_null() {
            return;
        }
        let kind = schema["type"].as_str().unwrap_or(if schema.get("properties").is_some() { "object" } else { "" });
        let fits = match kind {
            "array" => value.is_array(),
            "object" => value.is_object(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => true,
        };
        if !fits {
            found.push(format!("{place} is no {kind}: {value}"));
            return;
        }
        for (at, value) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&format!("{place}[{at}]"), &schema["items"], value, found);
        }
        let fields = self.fields(schema);
        if fields.is_empty() {
            return;
        }
        for (key, value) in value.as_object().into_iter().flatten() {
            match fields.get(key.as_str()) {
                Some(schema) => self.check(&format!("{place}.{key}"), schema, value, found),
                None if schema.get("additionalProperties").is_some() || UNDESCRIBED_FIELDS.contains(&key.as_str()) => {}
                None => found.push(format!("{place}.{key} is not described: {value}")),
            }
        }
    }

    /// The fields of an object, with those that it takes over.
    fn fields<'a>(&'a self, schema: &'a Value) -> BTreeMap<&'a str, &'a Value> {
        let own = schema["properties"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        let taken = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| self.fields(self.resolved(part)));
        own.chain(taken).collect()
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|place| place.strip_prefix("#/")) {
            Some(place) => place.split('/').fold(&self.0, |value, key| &value[key]),
            None => schema,
        }
    }
}

fn braces(path: &str) -> String {
    path.split('/').map(|word| if word.starts_with('{') { "{}" } else { word }).collect::<Vec<_>>().join("/")
}
