//! What is said while an inventory is read: notes with file and line, and the files that were looked at.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use crate::config::problem::{Place, Problem};
use crate::model::text::{Text, clean};

/// Notes kept of one inventory.
const NOTES_KEPT: usize = 100;
/// Files of one inventory that are watched for changes.
const FILES_KEPT: usize = 1_000;
/// Larger files are not read (bytes).
const FILE_MAX: u64 = 64 << 20;

#[derive(Debug, Default)]
pub(super) struct Reading {
    notes: RefCell<Vec<Problem>>,
    left_out: Cell<usize>,
    files: RefCell<Vec<PathBuf>>,
}

impl Reading {
    pub(super) fn note(&self, place: &Place, what: Text, instead: Text) {
        self.add(place.problem(what, instead));
    }

    pub(super) fn add(&self, problem: Problem) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < NOTES_KEPT {
            notes.push(problem);
        } else {
            self.left_out.set(self.left_out.get() + 1);
        }
    }

    pub(super) fn circle(&self, place: &Place, group: &str) {
        let shown = clean(group);
        self.note(
            place,
            Text::made(format!("the group '{shown}' would be in itself"), format!("组 {shown} 会包含自身")),
            Text::new("take one of these children out", "请去掉其中一个子组"),
        );
    }

    /// The text of a file; what is no UTF-8 in it costs only those characters.
    pub(super) fn text(&self, path: &Path) -> Option<String> {
        self.watch(path);
        let whole = || -> std::io::Result<Vec<u8>> {
            if std::fs::metadata(path)?.len() > FILE_MAX {
                return Err(std::io::Error::other("larger than 64 MiB"));
            }
            std::fs::read(path)
        };
        match whole() {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(why) => {
                self.add(Problem::of_file(
                    path,
                    Text::made(format!("cannot be read: {why}"), format!("无法读取：{why}")),
                    Text::new("give this user the right to read it", "让当前用户可读"),
                ));
                None
            }
        }
    }

    pub(super) fn watch(&self, path: &Path) {
        let mut files = self.files.borrow_mut();
        if files.len() < FILES_KEPT {
            files.push(path.to_owned());
        }
    }

    /// Forgets the notes of what somebody else has read better.
    pub(super) fn forget_notes(&self) {
        self.notes.borrow_mut().clear();
        self.left_out.set(0);
    }

    /// Notes, and the files to watch.
    pub(super) fn findings(self, of: &Path) -> (Vec<Problem>, Vec<PathBuf>) {
        let mut notes = self.notes.into_inner();
        let more = self.left_out.get();
        if more > 0 {
            notes.push(Problem::of_file(
                of,
                Text::made(format!("{more} more of these are not listed"), format!("另有 {more} 处未列出")),
                Text::new("begin with those above", "请先处理以上各处"),
            ));
        }
        (notes, self.files.into_inner())
    }
}
