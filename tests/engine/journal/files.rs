//! The files of a journal: whole or not at all, ours alone, and told with what to do when they are broken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wharf::journal::{Journal, Leaving, leave_blocking, left_blocking};
use wharf::model::clock::{Clock, Stamp};
use wharf::model::fault::FaultKind;
use wharf::model::run::{Notice, Severity};
use wharf::model::text::Text;

#[test]
fn the_last_screen_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("dir");
    assert_eq!(left_blocking(dir.path(), Leaving::Screen), None);
    let blob: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    leave_blocking(dir.path(), Leaving::Screen, &blob).expect("saved");
    let started = Instant::now();
    assert_eq!(left_blocking(dir.path(), Leaving::Screen).as_deref(), Some(blob.as_slice()));
    assert!(started.elapsed() < Duration::from_millis(100), "{:?} in a debug build", started.elapsed());
    leave_blocking(dir.path(), Leaving::Screen, b"two").expect("saved");
    assert_eq!(left_blocking(dir.path(), Leaving::Screen).as_deref(), Some(&b"two"[..]));
    assert!(leave_blocking(dir.path(), Leaving::Screen, &vec![0; 5 << 20]).is_err());

    let path = dir.path().join("screen.bin");
    let whole = std::fs::read(&path).expect("file");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("cut");
        assert_eq!(left_blocking(dir.path(), Leaving::Screen), None, "cut after {length} bytes");
    }
    let mut changed = whole.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    std::fs::write(&path, &changed).expect("changed");
    assert_eq!(left_blocking(dir.path(), Leaving::Screen), None);
    std::fs::write(&path, String::from_utf8_lossy(&whole).replace("screen 01", "screen 02")).expect("another form");
    assert_eq!(left_blocking(dir.path(), Leaving::Screen), None);
}

#[tokio::test]
async fn the_timeline_survives_and_files_are_ours_alone() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().expect("dir");
    let state = dir.path().join("wharf/abc");
    let clock = Clock::system();
    let journal = Journal::open(&state, &clock).await.expect("open");
    let line = |n: i64| Notice {
        at: Stamp(n),
        severity: Severity::Warn,
        subject: "yf-1/web".into(),
        text: Text::made(format!("{n}"), format!("{n}")),
        who: Some(Arc::from("ops")),
    };
    journal.note_all(&(1..=100).map(line).collect::<Vec<_>>()).await.expect("noted");
    journal.note(&line(101)).await.expect("noted");
    assert_eq!(journal.notices(Stamp(99), 10).await, Ok(vec![line(99), line(100), line(101)]));
    assert_eq!(journal.notices(Stamp(0), 2).await, Ok(vec![line(100), line(101)]));
    leave_blocking(dir.path(), Leaving::Screen, b"x").expect("saved");
    journal.save_hosts(&[]).await.expect("saved");

    assert_eq!(std::fs::metadata(&state).expect("dir").mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&state).expect("dir") {
        let entry = entry.expect("entry");
        assert_eq!(entry.metadata().expect("meta").mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    assert!(Journal::open_shared().expect_err("not yet").cause.en.contains("not built into this version"));
}

#[tokio::test]
async fn a_broken_or_newer_file_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::system();
    std::fs::write(dir.path().join("journal.db"), "no database at all, but long enough to be taken for one. ".repeat(100)).expect("write");
    let fault = Journal::open(dir.path(), &clock).await.expect_err("broken");
    assert!(fault.kind == FaultKind::Storage && fault.hint.en.contains("mv ") && fault.hint.en.contains(".broken"), "{fault}");

    std::fs::remove_file(dir.path().join("journal.db")).expect("remove");
    Journal::open(dir.path(), &clock).await.expect("open").close().await;
    let mut bytes = std::fs::read(dir.path().join("journal.db")).expect("file");
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    std::fs::write(dir.path().join("journal.db"), bytes).expect("user_version is at offset 60");
    let fault = Journal::open(dir.path(), &clock).await.expect_err("newer");
    assert_eq!(fault.kind, FaultKind::Version);
}
