//! Sends a signal to running containers at once.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
use super::families::container::{self, Act, Waves, because, is_active};
use super::operation::{Example, Needs, Operation};
use super::targets::Targets;
use crate::model::call::container::ContainerVerb;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::{Text, clean};

/// Which containers, and which signal.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct KillContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
    /// The signal to send, by name or number
    #[arg(long, value_name = "SIGNAL", default_value = "SIGKILL", add = Completes::Signal)]
    #[serde(default = "sigkill")]
    pub signal: String,
}

impl Operation for KillContainers {
    const NAME: &'static str = "kill-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Send a signal to running containers", "向运行中的容器发信号");
    const DETAILS: &'static str = "The container's own stop signal and time do not count: the signal is sent as it is, to all at once. What a program does on a signal cannot be undone; a container that ended can be started again with `wharf run undo ID`.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "kill-containers yf-web-01/web-1 --signal HUP", does: "tell a server to read its configuration again" },
        Example { line: "kill-containers --service web --host yf-web-02", does: "end a service on one host at once" },
    ];

    fn needs(&self) -> Needs {
        Needs::hosts(self.targets.hosts_named())
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Kill { signal: signal(&self.signal)?.into() },
            waves: Waves::One,
            word: Text::new("kill", "强制终止"),
            skip: &|container| if is_active(container) { None } else { Some(because(container, "", "")) },
        };
        container::plan(self, &self.targets, fleet, now, &act)
    }
}

fn sigkill() -> String {
    "SIGKILL".to_owned()
}

/// A signal as the engine takes it: `SIGHUP` from `hup`, a number as it is.
fn signal(word: &str) -> Result<String, Fault> {
    let upper = word.to_ascii_uppercase();
    let is_number = upper.parse::<u8>().is_ok_and(|n| (1..=64).contains(&n));
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let is_name = (2..=10).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'));
    match (is_number, is_name && name.as_bytes()[0].is_ascii_alphabetic()) {
        (true, _) => Ok(upper),
        (false, true) => Ok(format!("SIG{name}")),
        (false, false) => {
            let word = clean(word);
            let cause = Text::made(format!("'{word}' is no signal"), format!("“{word}”不是信号"));
            Err(Fault::new(
                "--signal",
                FaultKind::Usage,
                cause,
                Text::new("write a name such as SIGHUP, or its number", "请写 SIGHUP 这样的名字或编号"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_names_or_numbers() {
        assert_eq!(signal("hup").as_deref(), Ok("SIGHUP"));
        assert_eq!(signal("SIGRTMIN+3").as_deref(), Ok("SIGRTMIN+3"));
        assert_eq!(signal("9").as_deref(), Ok("9"));
        for bad in ["", "0", "65", "SIG", "KILL&x=1", "x y"] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }
}
