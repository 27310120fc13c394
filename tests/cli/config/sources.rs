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
    let problems = folder.parse(&text).expect_err("npipe is not an address of ours");
    assert!(problems.len() == 1 && problems[0].to_string().contains("docker context 'windows'"), "{problems:#?}");
    std::fs::remove_dir_all(folder.path("docker/contexts/meta/dd")).expect("remove");
    let config = folder.parse(&text).expect("good");
    assert_eq!(config.site.hosts.len(), 2);
    assert_eq!(config.hosts_tls["secure"].key, folder.path("docker/contexts/tls/bb/docker/key.pem"));
}
