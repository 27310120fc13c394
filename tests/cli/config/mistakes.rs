//! Each mistake in a config is said with its file, its line and what to write instead.

use std::os::unix::fs::PermissionsExt;

use super::{Folder, SITE, said};

#[test]
fn each_mistake_is_said_with_its_line_and_what_to_write() {
    let cases: &[(&str, &[&str])] = &[
        ("langage = \"zh\"\n", &["1: unknown key 'langage' in wharf.toml; did you mean 'language'?"]),
        ("language = \"cn\"\n", &["1: language = \"cn\" is not known; did you mean \"en\"? (\"en\" | \"zh\")"]),
        ("\n[[idc]]\nname = \"a\"\nenviroment = \"x\"\n", &["4: unknown key 'enviroment' in [[idc]]; did you mean 'environment'?"]),
        ("[[idc]]\ntitle = \"x\"\n", &["1: [[idc]] has no 'name'; add name = \"yongfeng\""]),
        (
            "[[idc]]\nname = \"Yong Feng\"\n",
            &["2: the IDC name 'Yong Feng' is not of a-z, 0-9 and -; write name = \"yong-feng\" and title = \"Yong Feng\""],
        ),
        ("[[idc]]\nname = \"a\"\n[[idc]]\nname = \"a\"\n", &["4: idc 'a' is already declared in line 2; give one of them another name"]),
        (
            "[[idc]]\nname = \"a\"\nparent = \"b\"\n[[idc]]\nname = \"b\"\nparent = \"a\"\n",
            &["3: the parents go in a circle: a → b → a; set parent = \"\" on the one at the top"],
        ),
        ("[[idc]]\nname = \"a\"\nparent = \"a\"\n", &["3: the parents go in a circle: a → a; set parent = \"\" on the one at the top"]),
        ("[[idc]]\nname = 5\n", &["2: 'name' is a whole number; write a text in quotes"]),
        ("idc = \"a\"\n", &["1: 'idc' is a text; write a list of tables: [[idc]]"]),
        (
            "timezone = \"Asia/Shangai\"\n",
            &["1: there is no time zone 'Asia/Shangai'; write an IANA name such as \"Asia/Shanghai\" or \"UTC\""],
        ),
        (
            "journal = \"postgres://u:hunter2@h/d\"\n",
            &["1: 'journal' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME"],
        ),
        ("[console]\nmouse = 1\n", &["2: 'mouse' is a whole number; write true or false"]),
        ("[console.confirm]\nover = 0\n", &["2: 'over' is out of range; write a whole number from 1 to 4294967295"]),
        ("[console.kiosk]\nevery = \"15\"\n", &["2: 'every' is not a time; write every = \"10s\" (ms, s, m, h, d)"]),
        (
            "[console]\nkeys = { \"hosts.drain\" = \"D\", \"hosts.delete\" = \"D\" }\n",
            &["2: 'D' is given to hosts.delete and to hosts.drain (line 2); give one of them another key"],
        ),
        (
            "a = \"unclosed\nb = 1\n",
            &["1: not TOML: invalid basic string, expected `\"`; mend this line; nothing below it is trusted until then"],
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(said(text), *wanted, "of:\n{text}");
    }
}

#[test]
fn mistakes_in_the_site_are_said_with_the_nearest_right_word() {
    let lines = SITE.lines().count();
    let cases: &[(&str, usize, &str)] = &[
        ("[[host]]\nname=\"h\"\nidc=\"yg\"\naddress=\"unix:///s\"", 3, "no idc 'yg' is declared; did you mean 'yf'?"),
        (
            "[[host]]\nname=\"h\"\nidc=\"aws-beijing\"\naddress=\"unix:///s\"",
            3,
            "no idc 'aws-beijing' is declared; declare it: [[idc]] name = \"aws-beijing\"",
        ),
        ("[[host]]\nname=\"h\"\naddress=\"unix:///s\"", 2, "'h' has no idc; add idc = \"..\""),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\nclass=\"12c16\"\naddress=\"unix:///s\"",
            4,
            "no class '12c16' is declared; did you mean '12c16g'?",
        ),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\ncluster=\"wep\"\naddress=\"unix:///s\"",
            4,
            "no cluster 'wep' is declared; did you mean 'web'?",
        ),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\ncluster=\"web\"\npool=\"frontent\"\naddress=\"unix:///s\"",
            5,
            "no pool 'frontent' is declared; did you mean 'frontend'?",
        ),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\npool=\"frontend\"\naddress=\"unix:///s\"",
            4,
            "pool 'frontend' without a cluster; add cluster = \"..\": a pool belongs to a cluster",
        ),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"10.0.0.1:2375\"",
            4,
            "'10.0.0.1:2375' is not an address of an engine; write tcp://10.0.0.1:2375 or ssh://10.0.0.1:2375",
        ),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:1\"\nlogin=\"tcp://h:2\"", 5, "a login goes by ssh; write ssh://user@host"),
        (
            "[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"ssh://h\"\ntls={ca=\"ca.pem\",cert=\"cert.pem\",key=\"key.pem\"}",
            5,
            "only a tcp:// address has certificates; remove tls, or write a tcp:// address",
        ),
        (
            "[[host]]\nname=\"two words\"\nidc=\"yf\"\naddress=\"ssh://h\"",
            2,
            "'two words' cannot be a name; write one word of at most 128 characters, without blanks, slashes or a leading dash",
        ),
        ("[[class]]\nname=\"c\"\ncores=1\nmemory=\"16Gb\"", 4, "'memory' is not a size; write memory = \"16GiB\""),
        ("[[class]]\nname=\"c\"\ncores=0\nmemory=1", 3, "'cores' is out of range; write a whole number from 1 to 4294967295"),
        (
            "[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1,000\",currency=\"CNY\",per=\"hour\"}",
            5,
            "'amount' is not a plain positive decimal; write amount = \"0.42\"",
        ),
        (
            "[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1\",currency=\"cny\",per=\"hour\"}",
            5,
            "currency 'cny' is not an ISO 4217 code; write \"CNY\"",
        ),
        (
            "[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1\",currency=\"CNY\",per=\"hours\"}",
            5,
            "per = \"hours\" is not known; did you mean \"hour\"? (\"hour\" | \"day\" | \"month\" | \"year\")",
        ),
        (
            "[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"habor\"\nurl=\"https://h\"",
            4,
            "kind = \"habor\" is not known; did you mean \"harbor\"? (\"harbor\" | \"oci\")",
        ),
        (
            "[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"h\"",
            5,
            "not an http address; write https://host, https://host:port or http://host:port",
        ),
        (
            "[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://u:hunter2@h\"",
            5,
            "an address with a user in it; write user and password as keys of their own",
        ),
        (
            "[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://h\"\npassword=\"hunter2\"",
            6,
            "'password' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME",
        ),
        (
            "[[grant]]\nuser=\"a\"\nrole=\"viewer\"\non=\"web/backend\"",
            4,
            "no pool 'backend' is declared; declare it: [[cluster.pool]] name = \"backend\"",
        ),
        ("[[service]]\nname=\"s\"\nimage=\"i\"\npools=[\"wep/frontend\"]", 4, "no cluster 'wep' is declared; did you mean 'web'?"),
        (
            "[[cloud]]\nname=\"c\"\nkind=\"ec2\"\nidc=\"yf\"\nregion=\"r\"\ncredentials={key=\"AKIA\",secret=\"hunter2\"}",
            6,
            "'secret' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME",
        ),
        ("[[inventory]]\nkind=\"yaml\"\npath=\"inventory.ini\"", 2, "kind = \"yaml\" is not known; write \"ansible\" | \"docker-context\""),
    ];
    for (text, line, wanted) in cases {
        let all = said(&format!("{SITE}{text}\n"));
        assert_eq!(all, [format!("{}: {wanted}", lines + line)], "of:\n{text}");
        assert!(!all[0].contains("hunter2"));
    }
}

#[test]
fn files_that_are_missing_or_open_to_others_are_said() {
    let folder = Folder::new();
    let text = format!(
        "{SITE}[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:2376\"\ntls={{ca=\"ca.pem\",cert=\"no.pem\",key=\"key.pem\"}}\n"
    );
    let problems = folder.parse(&text).expect_err("no.pem is missing");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("no.pem: No such file"), "{}", problems[0]);

    std::fs::set_permissions(folder.path("token"), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let text = format!("{SITE}[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://h\"\npassword=\"file:token\"\n");
    let problems = folder.parse(&text).expect_err("others can read it");
    assert!(problems[0].to_string().contains("mode 644") && problems[0].instead.en.contains("chmod 600"), "{}", problems[0]);

    std::fs::set_permissions(folder.path("key.pem"), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let text = format!(
        "{SITE}[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:2376\"\ntls={{ca=\"ca.pem\",cert=\"cert.pem\",key=\"key.pem\"}}\n"
    );
    let config = folder.parse(&text).expect("a key that others can read is told, not refused");
    assert!(config.notes.iter().any(|n| n.to_string().contains("key.pem") && n.line == text.lines().count()), "{:?}", config.notes);
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_lines() {
    let all = said("[[host]]\nname=\"a\"\nidc=\"x\"\naddres=\"unix:///s\"\n[[idc]]\nname=\"y\"\ncolour=1\n");
    let lines: Vec<&str> = all.iter().map(|p| p.split(':').next().unwrap_or("")).collect();
    assert_eq!(lines, ["1", "4", "7"], "{all:#?}");
}

#[test]
fn whatever_is_written_for_a_value_is_taken_or_told_at_its_line() {
    let folder = Folder::new();
    folder.write("inventory.ini", "[yongfeng]\nextra-1\n");
    let example = super::uncommented(super::Defaults::Shown);
    let lines: Vec<&str> = example.lines().collect();
    let odd = [
        "-1",
        "1e99",
        "99999999999999999999999",
        "true",
        "\"\"",
        "\"\u{202e}永\"",
        "[]",
        "[{}]",
        "{}",
        "{ a = 1 }",
        "2026-11-23T00:00:00Z",
    ];
    let mut told = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some((key, was)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with(['#', '['])) else { continue };
        // Each line meets some of the odd values; together all keys meet all kinds.
        for value in odd.iter().skip(at % 3).step_by(3) {
            let mut changed = lines.clone();
            let written = format!("{key} = {value}");
            changed[at] = &written;
            if let Err(problems) = folder.parse(&changed.join("\n")) {
                told += 1;
                for problem in &problems {
                    assert!(problem.line > 0 && !problem.to_string().contains('\u{202e}'), "{written}: {problem}");
                }
                // The wrong type is told where it stands, whatever else comes of it.
                if value == &"true" && was.starts_with('"') {
                    assert!(problems.iter().any(|p| p.line == at + 1), "{written} in line {}: {problems:#?}", at + 1);
                }
            }
        }
    }
    assert!(told > 200, "{told} odd values were told");
}
