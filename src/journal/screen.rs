//! What a screen is left with, as small files beside the journal: the next start reads them before anything else.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// Sixteen bytes that say what the file is and in which form.
const HEAD: &[u8; 16] = b"wharf screen 01\n";

/// Larger blobs are not written, and not read (bytes).
const SCREEN_MAX: usize = 4 << 20;

/// Which of the small files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The last picture.
    Screen,
    /// Sort, filters, the pane last shown.
    Memory,
}

impl Leaving {
    fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen.bin",
            Self::Memory => "memory.bin",
        }
    }
}

/// Puts a blob in the place of the last one, whole or not at all. Opens nothing else, and may be called from any thread.
///
/// # Errors
/// The blob is over 4 MiB, or the file cannot be written.
pub fn leave_blocking(dir: &Path, what: Leaving, blob: &[u8]) -> Result<(), Fault> {
    let path = dir.join(what.name());
    if blob.len() > SCREEN_MAX {
        return Err(fault(
            &path,
            Text::new("what the screen leaves is over 4 MiB", "屏幕留存超过 4 MiB"),
            Text::new("save fewer rows", "应少存几行"),
        ));
    }
    let mut bytes = Vec::with_capacity(HEAD.len() + 32 + blob.len());
    bytes.extend_from_slice(HEAD);
    bytes.extend_from_slice(&Sha256::digest(blob));
    bytes.extend_from_slice(blob);
    replace(dir, what.name(), &bytes).map_err(|error| {
        fault(
            &path,
            Text::made(format!("cannot be written: {error}"), format!("无法写入：{error}")),
            Text::new("give this user the right to write there, and room on the disk", "让当前用户可写，并保证磁盘有空间"),
        )
    })
}

/// What was left in a directory; `None` where there is nothing, or it is not whole. Opens nothing else:
/// meant for the moment before the first frame.
#[must_use]
pub fn left_blocking(dir: &Path, what: Leaving) -> Option<Vec<u8>> {
    let file = File::open(dir.join(what.name())).ok()?;
    let size = usize::try_from(file.metadata().ok()?.len()).ok().filter(|size| *size <= SCREEN_MAX + 48)?;
    let mut bytes = Vec::with_capacity(size);
    file.take(SCREEN_MAX as u64 + 48).read_to_end(&mut bytes).ok()?;
    let rest = bytes.strip_prefix(HEAD)?;
    let (sum, blob) = rest.split_at_checked(32)?;
    (Sha256::digest(blob).as_slice() == sum).then(|| blob.to_vec())
}

/// Writes beside and renames over. Two consoles write under different names; the last one stays.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let beside = dir.join(format!("{name}.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&beside, dir.join(name)));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn fault(path: &Path, cause: Text, hint: Text) -> Fault {
    Fault::new(clean(&path.display().to_string()).into_owned(), FaultKind::Storage, cause, hint)
}
