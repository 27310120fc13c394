//! The config: what is wrong with one is said with file, line and what to write instead; what is right means what it says.

mod mistakes;
mod sources;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use wharf::config::{self, Config, JournalPlace, Places, Problem, SecretRef, User};
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
        Places { system: self.path("system.toml"), user: self.path("wharf.toml"), ..Places::default() }
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
    assert_eq!(config.hosts_tls["yf-web-01"].ca, Some(folder.path("ca.pem")));
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
    let identity =
        |name| config::load(&Places { system: folder.path("none"), user: folder.path(name), ..Places::default() }).expect("good").identity;
    assert_eq!(identity("wharf.toml"), identity("link.toml"));
    folder.write("staging.toml", "");
    assert_ne!(identity("wharf.toml"), identity("staging.toml"));
    assert_eq!(identity("wharf.toml").len(), 12);

    folder.write("system.toml", "");
    let typo = Places { system: folder.path("system.toml"), user: folder.path("wharf.tmol"), ..Places::default() };
    assert!(config::load(&typo).is_err(), "a config that was named must be there, whatever the company's says");
    std::fs::set_permissions(folder.path("wharf.toml"), std::fs::Permissions::from_mode(0o666)).expect("chmod");
    let problems = config::load(&folder.places()).expect_err("others can change it");
    assert!(problems[0].what.en.contains("mode 666") && problems[0].line == 0, "{}", problems[0]);
    std::fs::set_permissions(folder.path("wharf.toml"), std::fs::Permissions::from_mode(0o600)).expect("chmod");

    std::fs::write(folder.path("wharf.toml"), b"a = 1\nb = \"\xff\"\n").expect("write");
    let problems = config::load(&folder.places()).expect_err("latin-1");
    assert_eq!((problems[0].line, &*problems[0].what.en), (2, "is not UTF-8 here"));
}

#[derive(Clone, Copy, PartialEq)]
enum Defaults {
    Shown,
    LeftOut,
}

/// The example with its settings switched on; `defaults` says whether the lines marked as defaults are among them.
fn uncommented(defaults: Defaults) -> String {
    let setting = |line: &str| {
        line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '[')).map(str::to_owned)
    };
    let lines = config::example().lines().filter_map(|line| {
        let text = setting(line)?;
        // A line left out stays as an empty one, so that places agree.
        Some(if defaults == Defaults::Shown || !text.ends_with("# default") { text } else { String::new() })
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

    let all = folder.parse(&uncommented(Defaults::Shown)).unwrap_or_else(|p| panic!("{p:#?}"));
    let without = folder.parse(&uncommented(Defaults::LeftOut)).unwrap_or_else(|p| panic!("{p:#?}"));
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
    let (tell, heard) = mpsc::sync_channel(16);
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

    let inventory = "[[inventory]]\nkind = \"ansible\"\npath = \"inventory.ini\"\n";
    folder.write("wharf.toml", &(title("four") + inventory));
    assert_eq!(next(&heard).map(|c| c.site.hosts.len()), Ok(0));
    folder.write("inventory.ini", "web-1\n");
    assert_eq!(next(&heard).map(|c| c.site.hosts.len()), Ok(1), "an inventory is followed too");

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
        let _ = write!(
            text,
            "[[host]]\nname=\"h{n}\"\nidc=\"yf\"\ncluster=\"web\"\npool=\"frontend\"\nclass=\"12c16g\"\naddress=\"tcp://10.0.{}.{}:2375\"\nlabels={{rack=\"r{}\"}}\n",
            n / 250,
            n % 250,
            n % 40
        );
    }
    let started = Instant::now();
    let config = config::parse(&text, Path::new("/nowhere/wharf.toml")).expect("good");
    assert_eq!(config.site.hosts.len(), 10_000);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?} in a debug build", started.elapsed());
}
