//! Which files an inventory is made of: the ones it names, and `group_vars` and `host_vars` beside it.

use std::collections::HashMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::ini;
use super::reading::Reading;
use super::tree::{Inventory, Vars};
use super::yaml_form;
use crate::config::inventory::yaml::{self, Kind, Yaml};
use crate::config::problem::{Problem, Said, Sheet};
use crate::model::text::Text;

/// How a vault's file begins.
const VAULT: &str = "$ANSIBLE_VAULT;";
/// Endings that Ansible does not look at in a folder of inventories.
const IGNORED: &[&str] = &[".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry"];
const YAML: &[&str] = &["yml", "yaml", "json"];

/// Reads a file or a folder, and the variables beside it.
pub(super) fn read(reading: &Reading, path: &Path) -> Inventory {
    let mut inventory = Inventory::new();
    source(reading, path, &mut inventory);
    let base = if path.is_dir() { path.to_owned() } else { path.parent().unwrap_or(Path::new("")).to_owned() };
    let mut there: HashMap<&'static str, bool> = HashMap::new();
    inventory.add_files(|folder, name| {
        let of = base.join(folder);
        if !*there.entry(folder).or_insert_with(|| {
            let is_there = of.is_dir();
            if is_there {
                reading.watch(&of);
            }
            is_there
        }) {
            return Vars::new();
        }
        vars_of(reading, &of, name)
    });
    inventory.finish();
    inventory
}

fn source(reading: &Reading, path: &Path, inventory: &mut Inventory) {
    reading.watch(path);
    if !path.is_dir() {
        return file(reading, path, inventory);
    }
    for entry in sorted(path) {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let passed_over = name.starts_with('.') || ["host_vars", "group_vars", "vars_plugins"].contains(&name.as_str());
        if !passed_over && !IGNORED.iter().any(|ending| name.ends_with(ending)) {
            source(reading, &entry, inventory);
        }
    }
}

fn file(reading: &Reading, path: &Path, inventory: &mut Inventory) {
    if is_script(path) {
        return cannot_decide(reading, path, Text::new("is a program: only Ansible can run it", "是程序：只有 Ansible 能运行它"));
    }
    let Some(text) = reading.text(path) else { return };
    if text.starts_with(VAULT) {
        return cannot_decide(reading, path, Text::new("is a vault", "是加密的 vault 文件"));
    }
    let sheet = Sheet::new(path, &text);
    let ending = path.extension().and_then(|ending| ending.to_str());
    let named_so = ending.is_some_and(|ending| YAML.contains(&ending));
    if !(named_so || looks_like_yaml(&text)) {
        return ini::read(reading, &sheet, &text, inventory);
    }
    match yaml::read(&text) {
        Ok(root) if is_plugin(&root) => {
            cannot_decide(reading, path, Text::new("configures a plugin of Ansible's", "是 Ansible 插件的配置"));
        }
        Ok(root) => yaml_form::read(reading, &sheet, &root, inventory),
        Err(why) => reading.add(unread(path, &why)),
    }
}

/// The first line that says something is `---` or a key.
fn looks_like_yaml(text: &str) -> bool {
    let first = text.lines().map(str::trim_end).find(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']));
    first.is_some_and(|line| {
        let bare = line.split(" #").next().unwrap_or(line).trim_end();
        line == "---"
            || line.starts_with("--- ")
            || (bare.ends_with(':') && !bare.starts_with('[') && !bare.contains(char::is_whitespace))
            || bare.starts_with('{')
    })
}

fn is_plugin(root: &Yaml) -> bool {
    matches!(&root.kind, Kind::Map(pairs) if pairs.iter().any(|(key, _)| key == "plugin"))
}

fn is_script(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
        && first_bytes(path).is_ok_and(|bytes| bytes.starts_with(b"#!") || bytes == *b"\x7fELF")
}

fn first_bytes(path: &Path) -> std::io::Result<[u8; 4]> {
    let mut bytes = [0; 4];
    std::fs::File::open(path)?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The variables of one group or host (ansible/parsing/dataloader.py, `find_vars_files`).
fn vars_of(reading: &Reading, folder: &Path, name: &str) -> Vars {
    let mut vars = Vars::new();
    if name.starts_with('/') || name.contains("..") {
        return vars;
    }
    let mut paths = vec![folder.join(name)];
    paths.extend(["yml", "yaml", "json"].map(|ending| folder.join(format!("{name}.{ending}"))));
    let Some(first) = paths.into_iter().find(|path| path.exists()) else { return vars };
    let mut files = Vec::new();
    if first.is_dir() {
        walk(&first, &mut files);
    } else {
        files.push(first);
    }
    for path in files {
        vars.extend(vars_in(reading, &path));
    }
    vars
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in sorted(folder) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() && ending.is_none() {
            walk(&path, files);
        } else if path.is_file() && ending.is_none_or(|ending| YAML.contains(&ending)) {
            files.push(path);
        }
    }
}

fn vars_in(reading: &Reading, path: &Path) -> Vars {
    let Some(text) = reading.text(path) else { return Vars::new() };
    if text.starts_with(VAULT) {
        cannot_decide(reading, path, Text::new("is a vault: its variables are not known", "是加密的 vault 文件，其变量未知"));
        return Vars::new();
    }
    let sheet = Sheet::new(path, &text);
    match yaml::read(&text) {
        Ok(root) => match root.kind {
            Kind::Map(pairs) => {
                let said = |node: &Yaml| Said { value: node.value(), place: sheet.line(node.line) };
                pairs.iter().map(|(key, node)| (key.clone(), said(node))).collect()
            }
            _ if root.is_null() => Vars::new(),
            _ => {
                reading.note(
                    &sheet.line(root.line),
                    Text::new("holds no variables: it is no map", "没有变量：内容不是映射"),
                    Text::new("write key: value", "应写 key: value"),
                );
                Vars::new()
            }
        },
        Err(why) => {
            reading.add(unread(path, &why));
            Vars::new()
        }
    }
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn unread(path: &Path, why: &yaml::Unread) -> Problem {
    let reason = why.why;
    let what = Text::made(format!("not read from here on: {reason}"), format!("从此处起未读取：{reason}"));
    let instead = Text::new(
        "correct this line; `ansible-inventory --list` says more where it is installed",
        "请改正此行；装有 ansible-inventory 时，用 --list 可看到更多说明",
    );
    Problem { line: why.line, ..Problem::of_file(path, what, instead) }
}

/// What only Ansible itself can decide.
fn cannot_decide(reading: &Reading, path: &Path, what: Text) {
    reading.add(Problem::of_file(
        path,
        what,
        Text::new(
            "install ansible-core here (ansible-inventory), or list these hosts another way",
            "请在本机安装 ansible-core（ansible-inventory），或以其他方式列出这些主机",
        ),
    ));
}
