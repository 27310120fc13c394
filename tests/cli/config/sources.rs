//! Hosts and registries that are listed elsewhere: Ansible inventories, docker contexts, docker's own config.

use wharf::config::{self, SecretRef, Surroundings};

use super::{Folder, SITE, good};

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
    // Files of Ansible's are somebody else's: what is wrong in them is said and stops nothing.
    let config = folder.parse(&text).expect("three mistakes cost only themselves");
    let lines: Vec<(bool, usize)> = config.notes.iter().map(|p| (p.file == folder.path("inventory.ini"), p.line)).collect();
    assert_eq!(lines, [(true, 2), (true, 4), (true, 3)], "{:#?}", config.notes);
    let hosts: Vec<&str> = config.site.hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(hosts, ["ok"]);
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
    folder.write(
        "docker/config.json",
        r#"{"auths":{"harbor.example":{"auth":"c2VjcmV0"},"https://index.docker.io/v1/":{}},"credHelpers":{"harbor.example":"pass"}}"#,
    );

    let around =
        Surroundings { folder: Some(folder.path("docker")), docker_host: Some("tcp://127.0.0.1:1".into()), ..Surroundings::default() };
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
    let config = folder.parse(&text).expect("npipe is not an address of ours, and stops nothing");
    assert_eq!(config.site.hosts.len(), 2);
    assert!(config.notes.len() == 1 && config.notes[0].to_string().contains("docker context 'windows'"), "{:#?}", config.notes);
    std::fs::remove_dir_all(folder.path("docker/contexts/meta/dd")).expect("remove");
    let config = folder.parse(&text).expect("good");
    assert_eq!(config.site.hosts.len(), 2);
    assert_eq!(
        config.hosts_tls["secure"].identity.as_ref().map(|(_, key)| key.clone()),
        Some(folder.path("docker/contexts/tls/bb/docker/key.pem"))
    );
}

/// The contexts of docker's folder as hosts, after these have been written: name, meta, files beside it.
fn contexts(list: &[(&str, &str, &[&str])]) -> config::Config {
    let folder = Folder::new();
    for (id, meta, files) in list {
        std::fs::create_dir_all(folder.path(&format!("docker/contexts/meta/{id}"))).expect("meta");
        folder.write(&format!("docker/contexts/meta/{id}/meta.json"), meta);
        std::fs::create_dir_all(folder.path(&format!("docker/contexts/tls/{id}/docker"))).expect("tls");
        for file in *files {
            folder.write(&format!("docker/contexts/tls/{id}/docker/{file}"), "x");
        }
    }
    folder.parse(&format!("{SITE}[[inventory]]\nkind=\"docker-context\"\npath=\"docker\"\nidc=\"yf\"\n")).expect("good")
}

#[test]
fn tls_that_a_context_asks_for_is_never_dropped() {
    let meta = |name: &str, more: &str| format!(r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"tcp://10.0.0.9:2376"{more}}}}}}}"#);
    let (ca, cert, key, skip) = ("ca.pem", "cert.pem", "key.pem", r#","SkipTLSVerify":true"#);
    let config = contexts(&[
        ("1", &meta("plain", ""), &[]),
        ("2", &meta("only-ca", ""), &[ca]),
        ("3", &meta("only-pair", ""), &[cert, key]),
        ("4", &meta("half-a-pair", ""), &[cert]),
        ("5", &meta("skips", skip), &[]),
        ("6", &meta("skips-with-files", skip), &[ca, cert, key]),
        ("7", &meta("skips-as-text", r#","SkipTLSVerify":"true""#), &[]),
        ("8", &meta("does-not-skip", r#","SkipTLSVerify":false"#), &[ca]),
    ]);
    assert_eq!(config.site.hosts.len(), 8);
    // CA, a certificate of ours, checked.
    let shape = |name: &str| config.hosts_tls.get(name).map(|tls| (tls.ca.is_some(), tls.identity.is_some(), tls.verify));
    for (name, wanted) in [
        ("plain", None),
        ("only-ca", Some((true, false, true))),
        ("only-pair", Some((false, true, true))),
        ("half-a-pair", Some((false, false, true))),
        ("skips", Some((false, false, false))),
        ("skips-with-files", Some((true, true, false))),
        ("skips-as-text", Some((false, false, false))),
        ("does-not-skip", Some((true, false, true))),
    ] {
        assert_eq!(shape(name), wanted, "{name}");
    }
    let told = config.notes.iter().filter(|note| note.to_string().contains("is not checked")).count();
    assert_eq!(told, 3, "{:#?}", config.notes);
}

#[test]
fn an_odd_context_costs_only_itself() {
    let config = contexts(&[
        ("1", r#"{"Name":"good","Endpoints":{"docker":{"Host":"tcp://10.0.0.9:2375"}}}"#, &[]),
        ("2", r#"{"Name":7,"Endpoints":{"docker":{"Host":"tcp://10.0.0.8:2375"}}}"#, &[]),
        ("3", r#"{"Name":"k8s","Endpoints":{"kubernetes":{"Host":"https://10.0.0.1"}}}"#, &[]),
        ("4", r#"{"Name":"null","Endpoints":null}"#, &[]),
        ("5", r#"{"Name":"odd beside","Endpoints":{"docker":{"Host":"tcp://10.0.0.7:2375"},"x":[1]},"Metadata":"text"}"#, &[]),
        ("6", "[]", &[]),
    ]);
    let names: Vec<&str> = config.site.hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(names, ["good", "odd-beside"]);
}

#[test]
fn docker_host_with_tls_is_written_down_with_what_there_is_of_it() {
    let folder = Folder::new();
    let found = |files: &[&str], tls: bool, tls_verify: bool| {
        let certs = tempfile::tempdir_in(folder.path("docker")).expect("certs");
        for file in files {
            std::fs::write(certs.path().join(file), "x").expect("written");
        }
        let around = Surroundings {
            docker_host: Some("tcp://10.0.0.9:2376".into()),
            cert_path: Some(certs.path().to_owned()),
            tls,
            tls_verify,
            ..Surroundings::default()
        };
        let text = config::starter(&config::discover(&around));
        let config = folder.parse(&text).unwrap_or_else(|p| panic!("{p:#?}\n{text}"));
        config.hosts_tls.get("docker-host").map(|tls| (tls.ca.is_some(), tls.identity.is_some(), tls.verify))
    };
    assert_eq!(found(&["ca.pem", "cert.pem", "key.pem"], false, true), Some((true, true, true)));
    assert_eq!(found(&["ca.pem"], false, true), Some((true, false, true)));
    assert_eq!(found(&[], false, true), Some((false, false, true)), "DOCKER_TLS_VERIFY without a file is TLS all the same");
    assert_eq!(found(&[], true, false), Some((false, false, false)), "DOCKER_TLS");
    assert_eq!(found(&["ca.pem"], false, false), None, "files alone ask for nothing");
}

#[test]
fn odd_entries_of_auths_cost_only_themselves() {
    let folder = Folder::new();
    let found = |json: &str| {
        folder.write("docker/config.json", json);
        let around = Surroundings { folder: Some(folder.path("docker")), ..Surroundings::default() };
        let found = config::discover(&around);
        let text = config::starter(&found);
        folder.parse(&text).unwrap_or_else(|p| panic!("{p:#?}\n{text}"));
        found.registries.into_iter().map(|r| format!("{} {}", r.address, r.helper.unwrap_or_default())).collect::<Vec<_>>()
    };
    for (json, wanted) in [
        (r#"{"auths":null,"credHelpers":{"a.example":"pass"}}"#, vec!["a.example pass"]),
        (r#"{"auths":{"a.example":null,"b.example":7,"c.example":{"auth":[]}}}"#, vec!["a.example ", "b.example ", "c.example "]),
        (r#"{"auths":{"":{},"not a host":{},"a.example":{}}}"#, vec!["a.example "]),
        (r#"{"auths":{"a.example":{}},"credsStore":"desktop","credHelpers":{"a.example":""}}"#, vec!["a.example desktop"]),
        (r#"{"auths":{"a.example":{}},"credsStore":7,"credHelpers":["x"]}"#, vec!["a.example "]),
        (
            r#"{"auths":{"https://index.docker.io/v1/":{},"https://index.docker.io/v1/access-token":{},"https://index.docker.io/v1/refresh-token":{}}}"#,
            vec!["https://index.docker.io/v1/ "],
        ),
        (r#"{"auths":{"https://a.example":{}},"credHelpers":{"a.example":"pass"}}"#, vec!["a.example pass"]),
    ] {
        assert_eq!(found(json), wanted, "{json}");
    }
    folder.write("docker/config.json", "not json");
}
