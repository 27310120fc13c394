//! The references of the README, made from the program's own lists.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use wharf::cli::Cli;
use wharf::model::condition;
use wharf::operations::AnyOperation;
use wharf::tables;
use wharf::tui::reference::{self, VerbReference};

/// Name and text of each part that stands between `<!-- NAME -->` and `<!-- /NAME -->`.
pub(crate) fn parts() -> Vec<(&'static str, String)> {
    vec![("keys", keys()), ("commands", commands()), ("nouns", nouns()), ("operations", operations()), ("conditions", conditions())]
}

fn keys() -> String {
    let mut text = String::from("| key | in every pane | what it does |\n|---|---|---|\n");
    for verb in reference::verbs() {
        let _ = writeln!(text, "| {} | {} | {} |", keys_of(&verb), cell(&verb.name.en), cell(&verb.help.en));
    }
    text.push_str("\n| key | pane | keys of its own |\n|---|---|---|\n");
    for pane in reference::panes() {
        let own: Vec<String> = pane.verbs.iter().map(|verb| format!("{} {}", keys_of(verb), cell(&verb.name.en))).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", pane.digit, cell(&pane.title.en), own.join(", "));
        for (tab, verbs) in &pane.tab_verbs {
            let own: Vec<String> = verbs.iter().map(|verb| format!("{} {}", keys_of(verb), cell(&verb.name.en))).collect();
            let _ = writeln!(text, "| `{}` | {}, {} | {} |", pane.digit, cell(&pane.title.en), cell(&tab.en), own.join(", "));
        }
    }
    text
}

fn keys_of(verb: &VerbReference) -> String {
    let keys: Vec<String> = verb.keys.iter().map(|key| format!("`{}`", cell(key))).collect();
    keys.join(" ")
}

/// Every command with its own options; those that all of them take stand once below.
fn commands() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut rows = Vec::new();
    walk(&cli, "wharf", &mut rows);
    let mut text = String::from("| command | what it does | options |\n|---|---|---|\n");
    text.extend(rows);
    let always: Vec<String> = cli.get_arguments().filter(|arg| arg.is_global_set()).map(flag).collect();
    let _ = writeln!(text, "\nEvery command takes {}.", always.join(", "));
    text
}

fn walk(command: &clap::Command, path: &str, rows: &mut Vec<String>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_name();
        // Operations have a table of their own.
        if AnyOperation::ALL.iter().any(|(operation, _)| *operation == name) {
            continue;
        }
        let places: Vec<String> = sub.get_positionals().map(shown_place).collect();
        let below = sub.get_subcommands().any(|below| below.get_name() != "help");
        let operations = sub.get_subcommands().any(|below| AnyOperation::ALL.iter().any(|(name, _)| *name == below.get_name()));
        let path = format!("{path} {name}");
        let whole = [vec![path.clone()], places, operations.then(|| "OPERATION ..".to_owned()).into_iter().collect()].concat().join(" ");
        if !below || operations {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let own = sub.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set() && !is_common(arg));
            let options: Vec<String> = own.map(flag).collect();
            rows.push(format!("| `{whole}` | {} | {} |\n", cell(&about), options.join(" ")));
        }
        walk(sub, &path, rows);
    }
}

/// Options that every command takes, or that a command hands down to those below it.
fn is_common(arg: &clap::Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version" | "config" | "state" | "lang" | "read_only")
}

fn flag(arg: &clap::Arg) -> String {
    let value = arg.get_value_names().filter(|_| arg.get_action().takes_values()).map(|names| format!(" {}", names[0]));
    format!("`--{}{}`", arg.get_long().unwrap_or_default(), value.unwrap_or_default())
}

fn shown_place(arg: &clap::Arg) -> String {
    let name = arg.get_value_names().map_or_else(|| arg.get_id().to_string(), |names| names[0].to_string());
    if arg.is_required_set() { name.to_uppercase() } else { format!("[{}]", name.to_uppercase()) }
}

fn nouns() -> String {
    let mut text = String::from("| noun | fields |\n|---|---|\n");
    for noun in tables::all().iter().filter(|noun| !noun.is_tree()) {
        let fields: Vec<String> = noun.columns().iter().map(|column| format!("`{}`", column.key)).collect();
        let _ = writeln!(text, "| `{}` | {} |", noun.name(), fields.join(" "));
    }
    text
}

fn operations() -> String {
    let mut text = String::from("| operation | what it does |\n|---|---|\n");
    for (name, help) in AnyOperation::ALL {
        let _ = writeln!(text, "| `{name}` | {} |", cell(&help.en));
    }
    text
}

fn conditions() -> String {
    let mut text = String::from("| condition | so when |\n|---|---|\n");
    for (words, means) in condition::forms() {
        let _ = writeln!(text, "| `{words}` | {} |", cell(&means.en));
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
