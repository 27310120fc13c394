//! Ctrl-S: the rows shown, as a CSV and a JSON file. Runs on the worker thread.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::worker::Sheet;
use crate::model::clock::Stamp;
use crate::model::live::Live;
use crate::model::text::{Lang, Text, clean};
use crate::tables::spread::lanes;
use crate::tables::{self, Context};

/// The rows of one moment.
pub(super) struct Ask {
    pub sheet: Arc<Sheet>,
    pub live: Arc<Live>,
    pub now: Stamp,
    pub lang: Lang,
    pub zone: TimeZone,
}

/// Writes both files beside each other; what to say of it.
pub(super) fn write(ask: &Ask, folder: &Path) -> Text {
    let stamp: String = ask.now.rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
    let name = format!("wharf-{}-{stamp}", said(ask));
    let made = [("csv", csv as fn(&Ask, &mut dyn io::Write) -> io::Result<()>), ("json", json)]
        .into_iter()
        .try_for_each(|(ending, fill)| replace(&folder.join(format!("{name}.{ending}")), |out| fill(ask, out)));
    let place = folder.join(&name).display().to_string();
    let place = clean(&place).into_owned();
    match made {
        Ok(()) => {
            let rows = ask.sheet.rows.len();
            Text::made(format!("{rows} rows in {place}.csv and .json"), format!("{rows} 行已写入 {place}.csv 与 .json"))
        }
        Err(error) => {
            let why = clean(&error.to_string()).into_owned();
            Text::made(format!("nothing was written to {place}: {why}"), format!("未能写入 {place}：{why}"))
        }
    }
}

/// Writes beside the file and renames: nobody ever sees half of it.
fn replace(path: &Path, fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut half: PathBuf = path.to_path_buf();
    half.as_mut_os_string().push(format!(".{}.part", std::process::id()));
    let outcome = (|| {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
        let mut out = BufWriter::new(file);
        fill(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&half, path)
    })();
    if outcome.is_err() {
        drop(fs::remove_file(&half));
    }
    outcome
}

fn csv(ask: &Ask, out: &mut dyn io::Write) -> io::Result<()> {
    let noun = ask.sheet.noun;
    let cx = context(ask);
    let lanes = lanes(noun, cx.fleet);
    let heads: Vec<String> = lanes.iter().map(|lane| field(&lane.key())).collect();
    write!(out, "{}\r\n", heads.join(","))?;
    let mut line = String::new();
    for row in &ask.sheet.rows {
        line.clear();
        for (at, lane) in lanes.iter().enumerate() {
            let words = match noun.value(&cx, *row, lane.place) {
                Value::Null => String::new(),
                Value::String(words) => words,
                other => other.to_string(),
            };
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(line, "{comma}{}", field(&words));
        }
        write!(out, "{line}\r\n")?;
    }
    Ok(())
}

/// RFC 4180, and no spreadsheet takes a name for a formula.
fn field(words: &str) -> String {
    let words = clean(words);
    let is_formula = words.starts_with(['=', '+', '-', '@']) && words.parse::<f64>().is_err();
    let words = if is_formula { format!("'{words}") } else { words.into_owned() };
    if words.contains([',', '"', '\n', '\r']) { format!("\"{}\"", words.replace('"', "\"\"")) } else { words }
}

fn json(ask: &Ask, out: &mut dyn io::Write) -> io::Result<()> {
    let noun = ask.sheet.noun;
    let cx = context(ask);
    write!(out, "{{\"noun\":{},\"at\":{},\"items\":[", Value::from(said(ask)), Value::from(ask.now.rfc3339()))?;
    for (at, row) in ask.sheet.rows.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &tables::item(&cx, noun, *row))?;
    }
    out.write_all(b"]}\n")
}

/// What scripts call the rows: a tree of hosts is of hosts.
fn said(ask: &Ask) -> &'static str {
    match ask.sheet.noun.name() {
        "host_tree" => "hosts",
        name => name,
    }
}

fn context(ask: &Ask) -> Context<'_> {
    Context { fleet: &ask.sheet.fleet, live: &ask.live, now: ask.now, lang: ask.lang, zone: &ask.zone }
}

#[cfg(test)]
mod tests {
    use super::super::listing::{Listing, Moment};
    use super::super::testing::{NOW, Words, context_of};
    use super::super::worker::{Urgency, lay_out};
    use super::*;
    use crate::tables::row_cache::{Folding, RowCache};

    fn ask(names: &[&str]) -> Ask {
        let (fleet, live) = context_of(names);
        let moment = Moment { fleet: Arc::new(fleet), live: Arc::new(live), now: NOW, lang: Lang::En, zone: TimeZone::UTC };
        let listing = Listing::new(&Words, crate::tables::Scope::default(), None);
        let sheet = lay_out(&listing.ask(&moment, Urgency::Person, Folding::Needless), &mut RowCache::default(), || false).expect("sheet");
        Ask { sheet: Arc::new(sheet), live: moment.live, now: NOW, lang: Lang::En, zone: TimeZone::UTC }
    }

    #[test]
    fn both_files_are_whole_and_hold_every_row() {
        let folder = tempfile::tempdir().expect("folder");
        let said = write(&ask(&["a,\"b\"", "=cmd()", "web-1"]), folder.path());
        assert!(said.en.starts_with("3 rows"), "{}", said.en);
        let mut names: Vec<_> = fs::read_dir(folder.path()).expect("folder").map(|e| e.expect("entry").path()).collect();
        names.sort();
        let csv = fs::read_to_string(&names[0]).expect("csv");
        assert_eq!(csv, "name,length\r\n'=cmd(),6\r\n\"a,\"\"b\"\"\",5\r\nweb-1,5\r\n");
        let json: Value = serde_json::from_str(&fs::read_to_string(&names[1]).expect("json")).expect("json");
        assert_eq!(json["items"].as_array().map(Vec::len), Some(3));
        assert_eq!(names.len(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_message() {
        let said = write(&ask(&["a"]), Path::new("/nowhere/at/all"));
        assert!(said.en.contains("nothing was written"), "{}", said.en);
    }
}
