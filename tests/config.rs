//! The config: what is wrong with one is said with file, line and what to write instead; what is right means what it says.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use wharf::config::{self, Config, JournalPlace, Places, Problem, SecretRef, Surroundings, User};
use wharf::model::text::Lang;

/// A folder with the files that configs here refer to.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("folder"));
        std::fs::create_dir(folder.path("ca")).expect("ca");
        std::fs::create_dir_all(folder.path("docker/contexts/meta")).expect("docker");
        for file in ["ca/yf.pem", "ca.pem", "cert.pem", "key.pem", "token", "cloud-init.yaml"] {
            folder.write(file, "x\n");
        }
        folder.write("inventory.ini", "");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("write");
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).expect("chmod");
    }

    fn parse(&self, text: &str) -> Result<Config, Vec<Problem>> {
        config::parse(text, &self.path("wharf.toml"))
    }

    fn places(&self) -> Places {
        Places { system: self.path("system.toml"), user: self.path("wharf.toml") }
    }
}

fn good(text: &str) -> Config {
    Folder::new().parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Every problem of a text as `line: what; instead`.
fn said(text: &str) -> Vec<String> {
    match Folder::new().parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|p| format!("{}: {}; {}", p.line, p.what.get(Lang::En), p.instead.get(Lang::En))).collect(),
    }
}

const SITE: &str = r#"
[[idc]]
name = "yf"
[[idc]]
name = "tc"
parent = "yf"
[[class]]
name = "12c16g"
cores = 12
memory = "16GiB"
price = { amount = "306.6", currency = "CNY", per = "month" }
[[cluster]]
name = "web"
[[cluster.pool]]
name = "frontend"
quota = { cores = 400, memory = "800GiB", hosts = 50 }
"#;

#[test]
fn each_mistake_is_said_with_its_line_and_what_to_write() {
    let cases: &[(&str, &[&str])] = &[
        ("langage = \"zh\"\n", &["1: unknown key 'langage' in wharf.toml; did you mean 'language'?"]),
        ("language = \"cn\"\n", &["1: language = \"cn\" is not known; write \"en\" | \"zh\""]),
        ("\n[[idc]]\nname = \"a\"\nenviroment = \"x\"\n", &["4: unknown key 'enviroment' in [[idc]]; did you mean 'environment'?"]),
        ("[[idc]]\ntitle = \"x\"\n", &["1: [[idc]] has no 'name'; add name = \"yongfeng\""]),
        ("[[idc]]\nname = \"Yong Feng\"\n", &["2: the IDC name 'Yong Feng' is not of a-z, 0-9 and -; write name = \"yong-feng\" and title = \"Yong Feng\""]),
        ("[[idc]]\nname = \"a\"\n[[idc]]\nname = \"a\"\n", &["4: there is already a idc 'a' (line 2); give one of them another name"]),
        ("[[idc]]\nname = \"a\"\nparent = \"b\"\n[[idc]]\nname = \"b\"\nparent = \"a\"\n", &["3: the parents go in a circle: a → b → a; set parent = \"\" on the one at the top"]),
        ("[[idc]]\nname = \"a\"\nparent = \"a\"\n", &["3: the parents go in a circle: a → a; set parent = \"\" on the one at the top"]),
        ("[[idc]]\nname = 5\n", &["2: 'name' is a whole number; write a text in quotes"]),
        ("idc = \"a\"\n", &["1: 'idc' is a text; write a list of tables: [[idc]]"]),
        ("timezone = \"Asia/Shangai\"\n", &["1: there is no time zone 'Asia/Shangai'; write an IANA name such as \"Asia/Shanghai\" or \"UTC\""]),
        ("journal = \"postgres://u:hunter2@h/d\"\n", &["1: 'journal' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME"]),
        ("[console]\nmouse = 1\n", &["2: 'mouse' is a whole number; write true or false"]),
        ("[console.confirm]\nover = 0\n", &["2: 'over' is out of range; write a whole number from 1 to 4294967295"]),
        ("[console.kiosk]\nevery = \"15\"\n", &["2: 'every' is not a time; write every = \"10s\" (ms, s, m, h, d)"]),
        ("[console]\nkeys = { \"hosts.drain\" = \"D\", \"hosts.delete\" = \"D\" }\n", &["2: 'D' is given to hosts.delete and to hosts.drain (line 2); give one of them another key"]),
        ("a = \"unclosed\nb = 1\n", &["1: not TOML: invalid basic string, expected `\"`; mend this line; nothing below it is trusted until then"]),
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
        ("[[host]]\nname=\"h\"\nidc=\"aws-beijing\"\naddress=\"unix:///s\"", 3, "no idc 'aws-beijing' is declared; declare it: [[idc]] name = \"aws-beijing\""),
        ("[[host]]\nname=\"h\"\naddress=\"unix:///s\"", 2, "'h' has no idc; add idc = \"..\""),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\nclass=\"12c16\"\naddress=\"unix:///s\"", 4, "no class '12c16' is declared; did you mean '12c16g'?"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\ncluster=\"wep\"\naddress=\"unix:///s\"", 4, "no cluster 'wep' is declared; did you mean 'web'?"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\ncluster=\"web\"\npool=\"frontent\"\naddress=\"unix:///s\"", 5, "no pool 'frontent' is declared; did you mean 'frontend'?"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\npool=\"frontend\"\naddress=\"unix:///s\"", 4, "pool 'frontend' without a cluster; add cluster = \"..\": a pool belongs to a cluster"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"10.0.0.1:2375\"", 4, "bad address '10.0.0.1:2375': write unix:///path, tcp://host:port or ssh://user@host; write unix:///path, tcp://host:port or ssh://user@host"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:1\"\nlogin=\"tcp://h:2\"", 5, "a login goes by ssh; write ssh://user@host"),
        ("[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"ssh://h\"\ntls={ca=\"ca.pem\",cert=\"cert.pem\",key=\"key.pem\"}", 5, "only a tcp:// address has certificates; remove tls, or write a tcp:// address"),
        ("[[host]]\nname=\"two words\"\nidc=\"yf\"\naddress=\"ssh://h\"", 2, "'two words' cannot be a name; write one word of at most 128 characters, without blanks, slashes or a leading dash"),
        ("[[class]]\nname=\"c\"\ncores=1\nmemory=\"16Gb\"", 4, "'memory' is not a size; write memory = \"16GiB\""),
        ("[[class]]\nname=\"c\"\ncores=0\nmemory=1", 3, "'cores' is out of range; write a whole number from 1 to 4294967295"),
        ("[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1,000\",currency=\"CNY\",per=\"hour\"}", 5, "'amount' is not a plain positive decimal; write amount = \"0.42\""),
        ("[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1\",currency=\"cny\",per=\"hour\"}", 5, "currency 'cny' is not an ISO 4217 code; write \"CNY\""),
        ("[[class]]\nname=\"c\"\ncores=1\nmemory=1\nprice={amount=\"1\",currency=\"CNY\",per=\"hours\"}", 5, "per = \"hours\" is not known; did you mean \"hour\"? (\"hour\" | \"day\" | \"month\" | \"year\")"),
        ("[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"habor\"\nurl=\"https://h\"", 4, "kind = \"habor\" is not known; did you mean \"harbor\"? (\"harbor\" | \"oci\")"),
        ("[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"h\"", 5, "not an http address; write https://host, https://host:port or http://host:port"),
        ("[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://u:hunter2@h\"", 5, "an address with a user in it; write user and password as keys of their own"),
        ("[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://h\"\npassword=\"hunter2\"", 6, "'password' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME"),
        ("[[grant]]\nuser=\"a\"\nrole=\"viewer\"\non=\"web/backend\"", 4, "no pool 'backend' is declared; declare it: [[cluster.pool]] name = \"backend\""),
        ("[[service]]\nname=\"s\"\nimage=\"i\"\npools=[\"wep/frontend\"]", 4, "no cluster 'wep' is declared; did you mean 'web'?"),
        ("[[cloud]]\nname=\"c\"\nkind=\"ec2\"\nidc=\"yf\"\nregion=\"r\"\ncredentials={key=\"AKIA\",secret=\"hunter2\"}", 6, "'secret' is a secret in clear text; write env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME"),
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
    let text = format!("{SITE}[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:2376\"\ntls={{ca=\"ca.pem\",cert=\"no.pem\",key=\"key.pem\"}}\n");
    let problems = folder.parse(&text).expect_err("no.pem is missing");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("no.pem: No such file"), "{}", problems[0]);

    std::fs::set_permissions(folder.path("token"), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let text = format!("{SITE}[[registry]]\nname=\"r\"\nidc=\"yf\"\nkind=\"oci\"\nurl=\"https://h\"\npassword=\"file:token\"\n");
    let problems = folder.parse(&text).expect_err("others can read it");
    assert!(problems[0].to_string().contains("mode 644") && problems[0].instead.en.contains("chmod 600"), "{}", problems[0]);

    std::fs::set_permissions(folder.path("key.pem"), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let text = format!("{SITE}[[host]]\nname=\"h\"\nidc=\"yf\"\naddress=\"tcp://h:2376\"\ntls={{ca=\"ca.pem\",cert=\"cert.pem\",key=\"key.pem\"}}\n");
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
fn a_good_config_means_what_it_says() {
    let folder = Folder::new();
    let text = format!(
        "language = \"zh\"\n{SITE}
[[host]]
name = \"yf-web-01\"
idc = \"yf\"
cluster = \"web\"
pool = \"frontend\"
class = \"12c16g\"
address = \"tcp://10.1.1.11:2376\"
login = \"ssh://ops@10.1.1.11\"
tls = {{ ca = \"ca.pem\", cert = \"cert.pem\", key = \"key.pem\" }}
labels = {{ rack = \"r1\" }}
[[registry]]
name = \"yf\"
idc = \"yf\"
kind = \"harbor\"
url = \"https://harbor.yf.example:8443/\"
user = \"ci\"
password = \"env:WHARF_TEST_NOT_SET\"
[[registry]]
name = \"tc\"
idc = \"tc\"
kind = \"oci\"
url = \"http://r.tc.example\"
user = \"file:token\"
"
    );
    let config = folder.parse(&text).expect("good");
    assert_eq!(config.console.language, Some(Lang::Zh));
    let class = &config.site.classes[0];
    assert_eq!((class.cores, class.memory), (12, 16 << 30));
    assert_eq!(class.hourly.map(|m| m.amount.normalize().to_string()), Some("0.42".to_owned()));
    let host = &config.site.hosts[0];
    assert_eq!((&*host.idc, host.pool.as_deref(), host.address.to_string()), ("yf", Some("frontend"), "tcp://10.1.1.11:2376".to_owned()));
    assert_eq!(config.hosts_tls["yf-web-01"].ca, folder.path("ca.pem"));
    assert_eq!(config.site.idcs[1].parent.as_deref(), Some("yf"));
    assert_eq!(&*config.site.idcs[0].environment, "prod", "an IDC that does not say is treated with most care");
    let [yf, tc] = config.registries.as_slice() else { panic!("two registries") };
    assert_eq!((&*yf.spec.url, &*yf.spec.pull), ("https://harbor.yf.example:8443", "harbor.yf.example:8443"));
    assert_eq!(yf.access.user, Some(User::Plain("ci".into())));
    assert_eq!(tc.access.user, Some(User::Kept(SecretRef::File(folder.path("token")))));
    assert!(config.notes.iter().any(|n| n.to_string().contains("WHARF_TEST_NOT_SET is not set")), "{:?}", config.notes);
    assert_eq!(config.journal, JournalPlace::Sqlite);
    assert_eq!(config.site.clusters[0].pools[0].quota.memory, Some(800 << 30));
}

#[test]
fn what_an_own_machine_costs_is_worked_out() {
    // Worked by hand: (60000 - 3000)/(48*730) + 0.45*1.5*0.8 + 2*600/730 + 0.15*60000/8760 + (100 + 46)/730
    // = 1.626712.. + 0.54 + 1.643835.. + 1.027397.. + 0.2 = 5.037945..
    let text = r#"
[[class]]
name = "own"
cores = 32
memory = "32GiB"
purchase = { price = "60000", residual = 3000, currency = "CNY", months = 48, watts = 450, tariff = 0.80, units = 2, rack = "600", maintenance = "0.15", staff = "100", contracts = "46" }
"#;
    let hourly = good(text).site.classes[0].hourly.expect("a price");
    assert_eq!(hourly.amount.to_string(), "5.037945");
    assert_eq!(hourly.currency.code(), "CNY");
    let both = text.replace("purchase", "price = {amount=\"1\",currency=\"CNY\",per=\"hour\"}\npurchase");
    assert!(said(&both)[0].contains("a price or a purchase, not both"));
    assert!(said(&text.replace("3000", "70000"))[0].contains("more than the price"));
}

#[test]
fn the_company_wins_for_registries_grants_and_read_only() {
    let folder = Folder::new();
    folder.write(
        "system.toml",
        "read_only = true\n[console]\nmouse = false\ntheme = \"dark\"\n[[idc]]\nname = \"yf\"\ntitle = \"company\"\n[[registry]]\nname = \"r\"\nidc = \"yf\"\nkind = \"oci\"\nurl = \"https://company\"\n[[grant]]\nteam = \"sre\"\nrole = \"super\"\n",
    );
    folder.write(
        "wharf.toml",
        "read_only = false\n[console]\nmouse = true\n[[idc]]\nname = \"yf\"\ntitle = \"mine\"\n[[registry]]\nname = \"r\"\nidc = \"yf\"\nkind = \"oci\"\nurl = \"https://mine\"\n[[grant]]\nuser = \"me\"\nrole = \"super\"\n[[host]]\nname = \"h\"\naddress = \"unix:///s\"\n",
    );
    let config = config::load(&folder.places()).expect("good");
    assert!(config.read_only);
    assert_eq!(&*config.registries[0].spec.url, "https://company");
    assert_eq!(config.grants.len(), 1);
    assert_eq!(&*config.site.idcs[0].title, "mine");
    assert_eq!(config.site.idcs.len(), 1);
    assert!(config.console.mouse);
    assert_eq!(config.console.theme.as_deref(), Some("dark"));
    assert_eq!(&*config.site.hosts[0].idc, "yf", "the only IDC need not be named");
    let notes: Vec<String> = config.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(notes.iter().all(|n| n.contains("wharf.toml:")), "{notes:#?}");
    assert_eq!(config.files, [folder.path("system.toml"), folder.path("wharf.toml")]);
}

#[test]
fn no_config_at_all_is_one_clear_problem_and_identity_follows_the_file() {
    let folder = Folder::new();
    let problems = config::load(&folder.places()).expect_err("none");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].instead.en.contains("wharf config init"), "{}", problems[0]);

    folder.write("wharf.toml", "");
    std::os::unix::fs::symlink(folder.path("wharf.toml"), folder.path("link.toml")).expect("link");
    let identity = |name| config::load(&Places { system: folder.path("none"), user: folder.path(name) }).expect("good").identity;
    assert_eq!(identity("wharf.toml"), identity("link.toml"));
    folder.write("staging.toml", "");
    assert_ne!(identity("wharf.toml"), identity("staging.toml"));
    assert_eq!(identity("wharf.toml").len(), 12);

    std::fs::write(folder.path("wharf.toml"), b"a = 1\nb = \"\xff\"\n").expect("write");
    let problems = config::load(&folder.places()).expect_err("latin-1");
    assert_eq!((problems[0].line, &*problems[0].what.en), (2, "is not UTF-8 here"));
}

#[test]
fn hosts_come_from_an_ansible_inventory() {
    let folder = Folder::new();
    folder.write(
        "inventory.ini",
        r#"# a comment
lonely wharf_idc=tc ansible_connection=local wharf_address=unix:///var/run/docker.sock
[frontend]
yf-web-[01:03] ansible_user=ops   # trailing words
yf-web-02 ansible_host=10.0.0.2 ansible_port=2222
[web_frontend:children]
frontend
[yf:children]
web_frontend
[yf:vars]
wharf_label_rack="r 7"
wharf_class=12c16g
[all:vars]
ansible_user=root
"#,
    );
    let text = format!("{SITE}[[inventory]]\nkind=\"ansible\"\npath=\"inventory.ini\"\nlabels={{from=\"ansible\"}}\n");
    let config = folder.parse(&text).expect("good");
    let hosts: Vec<String> = config
        .site
        .hosts
        .iter()
        .map(|h| format!("{} {} {} {} {}", h.name, h.idc, h.cluster.as_deref().unwrap_or("-"), h.pool.as_deref().unwrap_or("-"), h.address))
        .collect();
    assert_eq!(
        hosts,
        [
            "lonely tc - - unix:///var/run/docker.sock",
            "yf-web-01 yf web frontend ssh://ops@yf-web-01",
            "yf-web-02 yf web frontend ssh://ops@10.0.0.2:2222",
            "yf-web-03 yf web frontend ssh://ops@yf-web-03",
        ]
    );
    let web = &config.site.hosts[1];
    assert_eq!(web.class.as_deref(), Some("12c16g"));
    assert_eq!(web.labels.get("rack").map(|r| &**r), Some("r 7"));
    assert_eq!(web.labels.get("from").map(|r| &**r), Some("ansible"));
    assert_eq!(config.site.hosts[0].login, None);
    assert!(config.files.contains(&folder.path("inventory.ini")));

    let by_tcp = text.replace("path=", "address=\"tcp://{host}:2376\"\npath=");
    let config = folder.parse(&by_tcp).expect("good");
    assert_eq!(config.site.hosts[2].address.to_string(), "tcp://10.0.0.2:2376");
    assert_eq!(config.site.hosts[2].login.as_ref().map(ToString::to_string), Some("ssh://ops@10.0.0.2:2222".to_owned()));

    folder.write("inventory.ini", "[yf]\nweb[9:1]\nok wharf_class=13c\n[x:bad]\nstray\n");
    let problems = folder.parse(&text).expect_err("three mistakes");
    let lines: Vec<(bool, usize)> = problems.iter().map(|p| (p.file == folder.path("inventory.ini"), p.line)).collect();
    assert_eq!(lines, [(true, 2), (true, 3), (true, 4)], "{problems:#?}");
}

#[test]
fn docker_contexts_are_found_and_the_first_config_parses() {
    let folder = Folder::new();
    let meta = |id: &str, text: &str| {
        std::fs::create_dir_all(folder.path(&format!("docker/contexts/meta/{id}"))).expect("meta");
        folder.write(&format!("docker/contexts/meta/{id}/meta.json"), text);
    };
    meta("aa", r#"{"Name":"jump box","Metadata":{},"Endpoints":{"docker":{"Host":"ssh://ops@jump","SkipTLSVerify":false}}}"#);
    meta("bb", r#"{"Name":"secure","Endpoints":{"docker":{"Host":"tcp://10.0.0.9:2376"}}}"#);
    meta("cc", "not json");
    meta("dd", r#"{"Name":"windows","Endpoints":{"docker":{"Host":"npipe:////./pipe/docker_engine"}}}"#);
    std::fs::create_dir_all(folder.path("docker/contexts/tls/bb/docker")).expect("tls");
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        folder.write(&format!("docker/contexts/tls/bb/docker/{file}"), "x");
    }
    folder.write("docker/config.json", r#"{"auths":{"harbor.example":{"auth":"c2VjcmV0"},"https://index.docker.io/v1/":{}},"credHelpers":{"harbor.example":"pass"}}"#);

    let around = Surroundings { folder: Some(folder.path("docker")), docker_host: Some("tcp://127.0.0.1:1".into()), ..Surroundings::default() };
    let found = config::discover(&around);
    let names: Vec<&str> = found.engines.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["docker-host", "jump box", "secure", "windows"]);
    let text = config::starter(&found);
    assert!(!text.contains("c2VjcmV0"));
    let config = folder.parse(&text).unwrap_or_else(|p| panic!("{p:#?}\n{text}"));
    let hosts: Vec<String> = config.site.hosts.iter().map(|h| format!("{} {}", h.name, h.address)).collect();
    assert_eq!(hosts, ["docker-host tcp://127.0.0.1:1", "jump-box ssh://ops@jump", "secure tcp://10.0.0.9:2376"]);
    assert!(config.hosts_tls.contains_key("secure"));
    assert_eq!(config.registries[0].access.password, Some(SecretRef::DockerHelper("pass".into())));
    assert_eq!(&*config.registries[1].spec.url, "https://registry-1.docker.io");
    good(&config::starter(&config::Discovered::default()));

    let text = format!("{SITE}[[inventory]]\nkind=\"docker-context\"\npath=\"docker\"\nidc=\"yf\"\n");
    let problems = folder.parse(&text).expect_err("npipe is not an address of ours");
    assert!(problems.len() == 1 && problems[0].to_string().contains("docker context 'windows'"), "{problems:#?}");
    std::fs::remove_dir_all(folder.path("docker/contexts/meta/dd")).expect("remove");
    let config = folder.parse(&text).expect("good");
    assert_eq!(config.site.hosts.len(), 2);
    assert_eq!(config.hosts_tls["secure"].key, folder.path("docker/contexts/tls/bb/docker/key.pem"));
}

/// The example with its settings switched on; `keep_defaults` says whether the lines marked as defaults are among them.
fn uncommented(keep_defaults: bool) -> String {
    let setting = |line: &str| line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '[')).map(str::to_owned);
    let lines = config::example().lines().filter_map(|line| {
        let text = setting(line)?;
        (keep_defaults || !text.ends_with("# default")).then_some(text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_is_true() {
    let folder = Folder::new();
    folder.write("inventory.ini", "[yongfeng]\nextra-1\n");
    let bare = folder.parse(config::example()).expect("as it stands");
    let empty = folder.parse("").expect("empty");
    assert_eq!(bare, empty, "as it stands nothing in it is active");

    let all = folder.parse(&uncommented(true)).unwrap_or_else(|p| panic!("{p:#?}"));
    let without = folder.parse(&uncommented(false)).unwrap_or_else(|p| panic!("{p:#?}"));
    let told = |config: Config| Config { notes: Vec::new(), ..config };
    assert_eq!(told(all.clone()), told(without), "a line marked as the default is not the default");
    let marked = config::example().lines().filter(|l| l.ends_with("# default")).count();
    assert!(marked >= 25, "{marked} defaults are shown");
    assert_eq!(all.site.hosts.len(), 2);
    assert_eq!((all.services.len(), all.clouds.len(), all.grants.len(), all.dragonflies.len()), (2, 1, 2, 1));
}

/// Waits for what the watcher says next.
fn next(heard: &mpsc::Receiver<config::Loaded>) -> config::Loaded {
    heard.recv_timeout(Duration::from_secs(10)).expect("the watcher says something")
}

#[test]
fn an_edit_is_read_a_broken_one_is_told_and_editors_that_rename_are_followed() {
    let folder = Folder::new();
    let title = |text: &str| format!("[[idc]]\nname = \"a\"\ntitle = \"{text}\"\n");
    folder.write("wharf.toml", &title("one"));
    let config = config::load(&folder.places()).expect("good");
    let (tell, heard) = mpsc::channel();
    let watcher = config::watch(folder.places(), &config.files, move |loaded| {
        let _ = tell.send(loaded);
    });
    let titled = |loaded: config::Loaded| loaded.map(|c| c.site.idcs[0].title.to_string());

    let edited = Instant::now();
    folder.write("wharf.toml", &title("two"));
    assert_eq!(titled(next(&heard)), Ok("two".to_owned()));
    assert!(edited.elapsed() < Duration::from_secs(4), "told by the system, not found by looking: {:?}", edited.elapsed());

    folder.write("wharf.toml", "[[idc]]\nname = \"a\"\ntitel = 1\n");
    let problems = next(&heard).expect_err("broken");
    assert_eq!(problems[0].line, 3);

    folder.write("new.toml", &title("three"));
    std::fs::rename(folder.path("new.toml"), folder.path("wharf.toml")).expect("as editors do");
    assert_eq!(titled(next(&heard)), Ok("three".to_owned()));

    std::fs::rename(folder.path("wharf.toml"), folder.path("wharf.toml~")).expect("as other editors do");
    folder.write("wharf.toml", &title("four"));
    assert_eq!(titled(next(&heard)), Ok("four".to_owned()));

    folder.write("unrelated", "x");
    assert!(heard.recv_timeout(Duration::from_millis(700)).is_err(), "nothing of the config has changed");
    drop(watcher);
    folder.write("wharf.toml", &title("five"));
    assert!(heard.recv_timeout(Duration::from_millis(700)).is_err(), "a dropped watcher is silent");
}

#[test]
fn a_config_of_ten_thousand_hosts_is_read_fast_enough_to_wait_for() {
    let mut text = SITE.to_owned();
    for n in 0..10_000 {
        text.push_str(&format!("[[host]]\nname=\"h{n}\"\nidc=\"yf\"\ncluster=\"web\"\npool=\"frontend\"\nclass=\"12c16g\"\naddress=\"tcp://10.0.{}.{}:2375\"\nlabels={{rack=\"r{}\"}}\n", n / 250, n % 250, n % 40));
    }
    let started = Instant::now();
    let config = config::parse(&text, Path::new("/nowhere/wharf.toml")).expect("good");
    assert_eq!(config.site.hosts.len(), 10_000);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?} in a debug build", started.elapsed());
}
