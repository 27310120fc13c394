//! What `PyYAML` makes of the same texts.

use serde_json::{Value, json};

use super::read;

fn value(text: &str) -> Value {
    read(text).unwrap_or_else(|why| panic!("{why:?}\n{text}")).value()
}

#[test]
fn words_are_those_of_yaml_1_1() {
    for (word, wanted) in [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!("y")),
        ("~", json!(null)),
        ("010", json!(8)),
        ("0o10", json!("0o10")),
        ("0x1F", json!(31)),
        ("1_000", json!(1000)),
        ("12:30", json!(750)),
        ("1.5", json!(1.5)),
        ("1e3", json!("1e3")),
        ("1.0e+3", json!(1000.0)),
        ("10.0.0.1", json!("10.0.0.1")),
        ("1.2.3", json!("1.2.3")),
        ("089", json!("089")),
        ("'22'", json!("22")),
        ("\"a\\tb\\u00e9\"", json!("a\tbé")),
        ("'it''s'", json!("it's")),
        ("a # note", json!("a")),
        ("a#b", json!("a#b")),
        ("http://x:1/", json!("http://x:1/")),
        ("!!str 22", json!("22")),
        ("!unsafe '{{ x }}'", json!("{{ x }}")),
        ("{{ not_quoted", json!("?")),
    ] {
        let read = read(&format!("k: {word}\n")).map(|node| node.value());
        if wanted == json!("?") {
            assert!(read.is_err(), "{word}: {read:?}");
        } else {
            assert_eq!(read.map(|v| v["k"].clone()), Ok(wanted), "{word}");
        }
    }
}

#[test]
fn maps_and_lists_are_read_by_their_indentation() {
    let text = "---\n# a note\nall:\n  hosts:\n    web1:\n    web2: {port: 22, tags: [a, 'b', \"c\"]}\n  vars:\n    list:\n    - one\n    -   two: 2\n        three: 3\n    - - x\n      - y\n    text: a line\n      that goes on\n\n      and on\n    empty:\n...\nrest: of another document\n";
    assert_eq!(
        value(text),
        json!({"all": {
            "hosts": {"web1": null, "web2": {"port": 22, "tags": ["a", "b", "c"]}},
            "vars": {"list": ["one", {"two": 2, "three": 3}, ["x", "y"]], "text": "a line that goes on\nand on", "empty": null},
        }})
    );
}

#[test]
fn blocks_of_text_are_kept_or_folded() {
    assert_eq!(value("a: |\n  one\n   two\n\n  three\n\nb: 1\n"), json!({"a": "one\n two\n\nthree\n", "b": 1}));
    assert_eq!(value("a: >-\n  one\n  two\n\n  three\n    more\n  four\n"), json!({"a": "one two\nthree\n  more\nfour"}));
    assert_eq!(value("a: |+\n  one\n\nb: |2\n   two\n"), json!({"a": "one\n\n", "b": " two\n"}));
    assert_eq!(value("- |\n  x\n- y\n"), json!(["x\n", "y"]));
}

#[test]
fn anchors_and_merges_are_followed() {
    let text = "base: &b {user: ops, port: 22}\nmore: &m\n  port: 23\nweb:\n  <<: *b\n  user: root\nboth:\n  <<: [*m, *b]\nsame: *m\n";
    let read = value(text);
    assert_eq!(read["web"], json!({"user": "root", "port": 22}));
    assert_eq!((&read["both"], &read["same"]), (&json!({"user": "ops", "port": 23}), &json!({"port": 23})));
}

#[test]
fn a_vault_is_told_and_its_content_is_not() {
    let read = value("pw: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nnext: 1\n");
    assert_eq!(read, json!({"pw": {"__ansible_vault": null}, "next": 1}));
}

#[test]
fn json_is_yaml() {
    assert_eq!(value("{\"a\": {\"b\": [1, 2.5, null, true]},\n \"c\":\"d\\/e\"}\n"), json!({"a": {"b": [1, 2.5, null, true]}, "c": "d/e"}));
    assert_eq!(value(""), Value::Null);
}

#[test]
fn what_is_not_read_is_said_with_its_line() {
    for (text, line) in [
        ("a: 1\n b: 2\n", 2),
        ("a:\n  b: 1\n c: 2\n", 3),
        ("a: b: c\n", 1),
        ("a: [1, 2\n", 2),
        ("a: 'open\n\n", 1),
        ("a:\n\tb: 1\n", 2),
        ("a: *nowhere\n", 1),
        ("a: 1\nnonsense\n", 2),
        ("? complex\n: key\n", 1),
        ("a: !lookup x\n", 1),
    ] {
        let why = read(text).expect_err(text);
        assert_eq!(why.line, line, "{text:?}: {why:?}");
    }
}

#[test]
fn no_text_makes_it_fail_or_run_away() {
    let deep = "[".repeat(100_000);
    assert!(read(&deep).is_err());
    let bomb: String = (0..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| format!("{text}a{}: &a{} [*a{n}, *a{n}]\n", n + 1, n + 1));
    assert!(read(&bomb).is_err());
    for text in [
        "-",
        ":",
        "- -",
        "{",
        "\"",
        "|",
        "a: |",
        "a: >\n",
        "&",
        "*",
        "!",
        "a: &x",
        "---",
        "...",
        "\u{feff}a: 1",
        "a:\r\n  b: 1\r\n",
        "#",
        "- ---",
    ] {
        let _ = read(text);
    }
}
