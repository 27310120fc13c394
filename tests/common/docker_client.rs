//! A client of Docker with short times, and what every fault of it must say.
#![allow(dead_code, reason = "each runner uses its part")]

use std::path::Path;
use std::time::Duration;

use wharf::clients::docker::{Docker, DockerEndpoint};
use wharf::clients::{Mode, TlsFiles, Wire, WireOptions};
use wharf::model::clock::Clock;
use wharf::model::endpoint::Address;
use wharf::model::fault::Fault;
use wharf::model::host::ContainerId;

pub(crate) const ID: &str = "663eca101ba773455d1046f9ee5d23605d421eb15ffdb0ddebf59f80f340ee19";

pub(crate) fn id() -> ContainerId {
    ContainerId::parse(ID).expect("an id")
}

/// Short times, so that faults come soon.
pub(crate) fn options(mode: Mode, runtime: &Path) -> WireOptions {
    let mut options = WireOptions::new(mode, Clock::system(), runtime.to_path_buf());
    options.request_timeout = Duration::from_millis(1500);
    options.connect_timeout = Duration::from_secs(1);
    options.max_body = 1 << 20;
    options
}

pub(crate) fn wire(mode: Mode) -> Wire {
    Wire::new(options(mode, Path::new("/tmp/wharf-none"))).expect("a wire")
}

pub(crate) fn docker(wire: &Wire, address: &str, tls: Option<TlsFiles>) -> Docker {
    let address = Address::parse(address).expect("an address");
    Docker::new(wire, DockerEndpoint { name: "web-1".into(), address, tls, ssh_arguments: [].into() }).expect("a client")
}

/// Every fault says where, what and what to do next, in both languages.
pub(crate) fn whole(fault: &Fault) {
    assert_eq!(fault.endpoint, "web-1");
    for text in [&fault.cause, &fault.hint] {
        assert!(text.en.len() > 8 && text.zh.chars().any(|c| c > '\u{2e80}'), "{fault:?}");
        assert!(!text.en.chars().any(char::is_control), "{fault:?}");
    }
}
