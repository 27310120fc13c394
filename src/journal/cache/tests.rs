//! What is kept is what comes back, and only what changed is written.

use super::*;
use crate::model::clock::Clock;
use crate::model::endpoint::{Address, Freshness};
use crate::model::host::{Container, ContainerId, ContainerState, Health, HostFacts, HostSpec, Port};

/// A host with containers in every state, as a fleet has them.
fn host(number: u32, containers: u32) -> Host {
    let labels: Arc<crate::model::cluster::Labels> = Arc::new(
        [("com.docker.compose.project", "shop"), ("wharf.service", "web")].into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
    );
    let states = [
        ContainerState::Running,
        ContainerState::Exited(Some(137)),
        ContainerState::Restarting(None),
        ContainerState::Paused,
        ContainerState::Other("frozen".into()),
    ];
    let one = |n: u32| {
        let mut id = [0u8; 32];
        id[..4].copy_from_slice(&n.to_be_bytes());
        id[4..8].copy_from_slice(&number.to_be_bytes());
        let state = states.iter().cycle().nth(n as usize).cloned().unwrap_or(ContainerState::Running);
        let ports: Arc<[Port]> = [Port { private: 80, public: Some(8080), ip: Some("0.0.0.0".into()), protocol: "tcp".into() }].into();
        Arc::new(Container {
            id: ContainerId(id),
            name: format!("web-{n}-永丰").into(),
            image: "harbor.yf.example/payment/web:v41".into(),
            state,
            health: n.is_multiple_of(3).then_some(Health::Healthy),
            created: Stamp(1_795_000_000_000 + i64::from(n)),
            since: n.is_multiple_of(2).then_some(Stamp(1_795_400_000_000)),
            service: (!n.is_multiple_of(4)).then(|| "web".into()),
            labels: Arc::clone(&labels),
            ports: if n.is_multiple_of(2) { ports } else { Arc::from([]) },
        })
    };
    Host {
        spec: Arc::new(HostSpec {
            name: format!("yf-web-{number:05}").into(),
            idc: "yf".into(),
            cluster: Some("web".into()),
            pool: None,
            class: Some("12c16g".into()),
            address: Address::Tcp { host: "10.0.0.1".into(), port: 2375, path: "".into() },
            login: None,
            labels: Arc::default(),
        }),
        facts: Arc::new(HostFacts { engine: Some("20.10.24".into()), cores: Some(12), ..HostFacts::default() }),
        containers: Some((0..containers).map(one).collect()),
        freshness: Freshness { generation: 3, good_at: Some(Stamp(1_795_407_000_000)), ..Freshness::default() },
    }
}

fn as_cached(host: &Host) -> Host {
    Host { freshness: Freshness { good_at: host.freshness.good_at, cached: true, ..Freshness::default() }, ..host.clone() }
}

async fn rows(journal: &Journal) -> i64 {
    let guard = journal.inner.cache.lock().await;
    assert!(guard.is_some(), "the cache is open");
    drop(guard);
    let mut conn = sqlite::open(&journal.inner.dir.join("cache.db"), sqlite::Sync::Reading).await.expect("open");
    // Grows with every row that is written, kept or replaced.
    sqlx::query("SELECT count(*) FROM hosts").fetch_one(&mut conn).await.expect("count").get(0)
}

#[tokio::test]
async fn what_was_kept_comes_back() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::manual(Stamp(1_795_407_603_000));
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    assert_eq!(journal.load_hosts().await, Ok(Vec::new()));
    let mut hosts: Vec<Arc<Host>> = (0..450).map(|n| Arc::new(host(n, 7))).collect();
    hosts.push(Arc::new(Host { containers: None, ..host(900, 0) }));
    let never = Arc::new(Host { freshness: Freshness::default(), ..host(901, 0) });
    hosts.push(Arc::clone(&never));
    journal.save_hosts(&hosts).await.expect("saved");
    journal.close().await;

    let journal = Journal::open(dir.path(), &clock).await.expect("open again");
    let back = journal.load_hosts().await.expect("loaded");
    hosts.pop();
    assert_eq!(back, hosts.iter().map(|h| as_cached(h)).collect::<Vec<_>>(), "all but the one that never answered");
    let (a, b) = (&back[0].known_containers()[0], &back[1].known_containers()[0]);
    assert!(Arc::ptr_eq(&a.labels, &b.labels) && Arc::ptr_eq(&a.image, &b.image), "what is the same is kept once");

    journal.save_hosts(&hosts[..10]).await.expect("saved");
    assert_eq!(rows(&journal).await, 10, "hosts that are gone are forgotten");
}

#[tokio::test]
async fn only_what_changed_is_written() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::manual(Stamp(1_795_407_603_000));
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    let mut hosts: Vec<Arc<Host>> = (0..50).map(|n| Arc::new(host(n, 3))).collect();
    journal.save_hosts(&hosts).await.expect("saved");
    let size = || std::fs::metadata(dir.path().join("cache.db-wal")).expect("wal").len();
    let full = size();
    journal.save_hosts(&hosts).await.expect("saved");
    for host in &mut hosts {
        Arc::make_mut(host).freshness.good_at = Some(Stamp(1_795_407_603_000));
    }
    journal.save_hosts(&hosts).await.expect("saved");
    assert_eq!(size(), full, "answering again is no change");
    Arc::make_mut(&mut hosts[7]).containers = Some(Vec::new());
    journal.save_hosts(&hosts).await.expect("saved");
    assert!(size() > full && size() - full < 32_768, "one row: {} bytes", size() - full);

    // After a restart too: what was loaded and not heard again is left alone.
    journal.close().await;
    let journal = Journal::open(dir.path(), &clock).await.expect("open again");
    let back: Vec<Arc<Host>> = journal.load_hosts().await.expect("loaded").into_iter().map(Arc::new).collect();
    assert_eq!(back[7].containers, Some(Vec::new()));
    assert_eq!(back[7].freshness.good_at, Some(Stamp(1_795_407_603_000)), "written at the end");
    journal.save_hosts(&back).await.expect("saved");
    journal.save_hosts(&hosts).await.expect("saved");
    assert_eq!(std::fs::metadata(dir.path().join("cache.db-wal")).map_or(0, |m| m.len()), 0, "nothing to write");
}

#[tokio::test]
async fn a_broken_cache_is_begun_anew() {
    let dir = tempfile::tempdir().expect("dir");
    std::fs::write(dir.path().join("cache.db"), "this is no database, but long enough to be looked at ".repeat(200)).expect("write");
    let journal = Journal::open(dir.path(), &Clock::system()).await.expect("the journal itself is well");
    assert_eq!(journal.load_hosts().await, Ok(Vec::new()));
    journal.save_hosts(&[Arc::new(host(1, 2))]).await.expect("saved");
    assert_eq!(journal.load_hosts().await.map(|h| h.len()), Ok(1));
}
