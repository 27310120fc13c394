//! What can be done to a container: start, stop, kill, restart, pause, rename, remove, as the engine does it and refuses it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::lab::world::Engine;

use super::agenda::What;
use super::query::{Query, Refusal};
use super::shell::Script;
use super::sim_container::{MILLI, Nanos, Phase, SECOND, SimContainer, Then, Work};
use super::{State, Twin};

/// How long `stop` waits when it is not told.
const PATIENCE: Nanos = 10 * SECOND;
/// From the end of the patience to the signal.
const RESOLVE: Nanos = 9 * MILLI;

impl Twin {
    pub(super) fn start(&self, what: &str) -> Result<StatusCode, Refusal> {
        self.with(|state, now| {
            let at = state.find(what)?;
            match state.containers[at].phase {
                Phase::Running => Ok(StatusCode::NOT_MODIFIED),
                Phase::Paused => Err(Refusal::conflict("cannot start a paused container, try unpause instead")),
                Phase::Created | Phase::Exited | Phase::Restarting => self.try_begin(state, at, now).map(|()| StatusCode::NO_CONTENT),
            }
        })
    }

    pub(super) async fn stop(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let patience = patience(query)?;
        let waited = self.with(|state, now| {
            let at = state.find(what)?;
            match state.containers[at].phase {
                Phase::Created | Phase::Exited => Ok(None),
                Phase::Restarting => {
                    let container = &mut state.containers[at];
                    container.run += 1;
                    container.phase = Phase::Exited;
                    state.events.of_cell(now, &state.containers[at], "stop", Vec::new());
                    Ok(Some((state.containers[at].id, 0)))
                }
                Phase::Running | Phase::Paused => {
                    self.ask_to_end(state, at, now, Then::Stop, patience);
                    Ok(Some((state.containers[at].id, state.containers[at].run)))
                }
            }
        })?;
        let Some((id, run)) = waited else { return Ok(StatusCode::NOT_MODIFIED) };
        self.until(|state| ended(state, &id, run)).await;
        Ok(StatusCode::NO_CONTENT)
    }

    pub(super) async fn restart(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let patience = patience(query)?;
        let waited = self.with(|state, now| {
            let at = state.find(what)?;
            if state.containers[at].phase.is_up() {
                self.ask_to_end(state, at, now, Then::Restart, patience);
                return Ok(Some((state.containers[at].id, state.containers[at].run)));
            }
            self.try_begin(state, at, now)?;
            state.events.of_cell(now, &state.containers[at], "restart", Vec::new());
            Ok(None)
        })?;
        if let Some((id, run)) = waited {
            self.until(|state| ended(state, &id, run)).await;
        }
        Ok(StatusCode::NO_CONTENT)
    }

    pub(super) async fn kill(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let signal = signal_number(query.text("signal").unwrap_or("KILL"))?;
        let waited = self.with(|state, now| {
            let at = state.find(what).map_err(|refusal| match self.machine.engine {
                Engine::Classic => Refusal(refusal.0, format!("Cannot kill container: {what}: {}", refusal.1)),
                Engine::Newer => refusal,
            })?;
            if !state.containers[at].phase.is_up() {
                let id = state.containers[at].hex();
                return Err(Refusal::conflict(match self.machine.engine {
                    Engine::Classic => format!("Cannot kill container: {id}: Container {id} is not running"),
                    Engine::Newer => format!("cannot kill container: {id}: container {id} is not running"),
                }));
            }
            let container = &mut state.containers[at];
            container.then = Then::Rest;
            if signal == 9 {
                // A frozen process is thawed to die.
                container.phase = Phase::Running;
            }
            self.signal(state, at, now, signal);
            Ok((signal == 9).then_some((state.containers[at].id, state.containers[at].run)))
        })?;
        if let Some((id, run)) = waited {
            self.until(|state| ended(state, &id, run)).await;
        }
        Ok(StatusCode::NO_CONTENT)
    }

    pub(super) fn pause(&self, what: &str) -> Result<StatusCode, Refusal> {
        self.with(|state, now| {
            let at = state.find(what)?;
            let id = state.containers[at].hex();
            match state.containers[at].phase {
                Phase::Running => {
                    let container = &mut state.containers[at];
                    container.phase = Phase::Paused;
                    container.health = container.health.map(|_| super::sim_container::Health::Unhealthy);
                    state.events.of_cell(now, &state.containers[at], "pause", Vec::new());
                    Ok(StatusCode::NO_CONTENT)
                }
                Phase::Paused => Err(Refusal::conflict(self.worded("Container", &format!("{id} is already paused")))),
                _ => Err(self.not_running(&state.containers[at])),
            }
        })
    }

    pub(super) fn unpause(&self, what: &str) -> Result<StatusCode, Refusal> {
        self.with(|state, now| {
            let at = state.find(what)?;
            if state.containers[at].phase != Phase::Paused {
                return Err(Refusal::broken(self.worded("Container", &format!("{} is not paused", state.containers[at].hex()))));
            }
            state.containers[at].phase = Phase::Running;
            state.events.of_cell(now, &state.containers[at], "unpause", Vec::new());
            Ok(StatusCode::NO_CONTENT)
        })
    }

    pub(super) async fn remove(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let waited = self.with(|state, now| {
            let at = state.find(what)?;
            let phase = state.containers[at].phase;
            if !phase.is_up() && phase != Phase::Restarting {
                state.destroy(at, now);
                return Ok(None);
            }
            if !query.flag("force") {
                return Err(self.may_not_remove(&state.containers[at]));
            }
            if phase == Phase::Restarting {
                state.destroy(at, now);
                return Ok(None);
            }
            let container = &mut state.containers[at];
            container.then = Then::Remove;
            container.phase = Phase::Running;
            self.signal(state, at, now, 9);
            Ok(Some(state.containers[at].id))
        })?;
        if let Some(id) = waited {
            self.until(|state| (!state.containers.iter().any(|container| container.id == id)).then_some(())).await;
        }
        Ok(StatusCode::NO_CONTENT)
    }

    pub(super) fn resize(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let (height, width) = (query.number("h")?.unwrap_or(0), query.number("w")?.unwrap_or(0));
        self.with(|state, now| {
            let at = state.find(what)?;
            if !state.containers[at].phase.is_up() {
                return Err(self.not_running(&state.containers[at]));
            }
            let size = vec![("height", height.to_string()), ("width", width.to_string())];
            state.events.of_cell(now, &state.containers[at], "resize", size);
            Ok(StatusCode::OK)
        })
    }

    /// An engine tells that it was asked for the processes.
    pub(super) fn note_top(&self, what: &str) {
        self.with(|state, now| {
            if let Ok(at) = state.find(what) {
                state.events.of_cell(now, &state.containers[at], "top", Vec::new());
            }
        });
    }

    pub(super) fn rename(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        let name = query.text("name").unwrap_or_default().trim_start_matches('/').to_owned();
        self.with(|state, now| {
            let at = state.find(what)?;
            if name.is_empty() {
                return Err(Refusal::bad("Neither old nor new names may be empty"));
            }
            state.check_name(&name).map_err(|refusal| {
                let message = refusal.1.replacen(&format!("({name})"), &format!("(/{name})"), 1);
                Refusal(refusal.0, format!("Error when allocating new name: {message}"))
            })?;
            let old = std::mem::replace(&mut state.containers[at].name, name.into());
            state.events.of_cell(now, &state.containers[at], "rename", vec![("oldName", format!("/{old}"))]);
            Ok(StatusCode::NO_CONTENT)
        })
    }

    /// Waits for a container's end: its exit code.
    pub(super) async fn wait(&self, what: &str) -> Result<Value, Refusal> {
        let (id, run, up) = self.read(|state, _| {
            let container = &state.containers[state.find(what)?];
            Ok((container.id, container.run, container.phase.is_up()))
        })?;
        if up {
            self.until(|state| ended(state, &id, run)).await;
        }
        let code =
            self.read(|state, _| state.containers.iter().find(|container| container.id == id).map_or(137, |container| container.code));
        Ok(match self.machine.engine {
            Engine::Classic => json!({ "StatusCode": code, "Error": null }),
            Engine::Newer => json!({ "StatusCode": code }),
        })
    }

    pub(super) fn prune(&self) -> Value {
        self.with(|state, now| {
            let mut gone = Vec::new();
            while let Some(at) = state.containers.iter().position(|container| matches!(container.phase, Phase::Created | Phase::Exited)) {
                gone.push(state.containers[at].hex());
                state.destroy(at, now);
            }
            state.events.of_kind(now, "container", "prune", vec![("reclaimed", (gone.len() * 4096).to_string())]);
            json!({ "SpaceReclaimed": gone.len() * 4096, "ContainersDeleted": if gone.is_empty() { Value::Null } else { json!(gone) } })
        })
    }

    pub(super) fn not_running(&self, container: &SimContainer) -> Refusal {
        Refusal::conflict(self.worded("Container", &format!("{} is not running", container.hex())))
    }

    /// Newer engines begin their messages in lower case.
    fn worded(&self, first: &str, rest: &str) -> String {
        match self.machine.engine {
            Engine::Classic => format!("{first} {rest}"),
            Engine::Newer => format!("{} {rest}", first.to_ascii_lowercase()),
        }
    }

    fn may_not_remove(&self, container: &SimContainer) -> Refusal {
        let (id, phase) = (container.hex(), container.phase.word());
        let paused = container.phase == Phase::Paused;
        Refusal::conflict(match (self.machine.engine, paused) {
            (Engine::Classic, true) => format!(
                "You cannot remove a paused container {id}. Unpause and then stop the container before attempting removal or force remove"
            ),
            (Engine::Classic, false) => {
                format!("You cannot remove a {phase} container {id}. Stop the container before attempting removal or force remove")
            }
            (Engine::Newer, true) => format!("cannot remove container \"{id}\": container is paused and must be unpaused first"),
            (Engine::Newer, false) => {
                format!("cannot remove container \"{id}\": container is {phase}: stop the container before removing or force remove")
            }
        })
    }

    /// Starts the process, or says why its program cannot be started.
    fn try_begin(&self, state: &mut State, at: usize, now: Nanos) -> Result<(), Refusal> {
        let container = &state.containers[at];
        if matches!(container.spec.work, Work::Script)
            && let Some(missing) = Script::play(&container.spec.command, &self.machine.shell(container)).missing
        {
            let what = format!(
                "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {missing}: unknown"
            );
            state.events.of_network(now, container, "connect");
            state.events.of_network(now, container, "disconnect");
            let container = &mut state.containers[at];
            container.code = 127;
            container.extra().error.clone_from(&what);
            return Err(Refusal::bad(what));
        }
        self.begin(state, at, now);
        Ok(())
    }

    fn ask_to_end(&self, state: &mut State, at: usize, now: Nanos, then: Then, patience: Option<Nanos>) {
        let container = &mut state.containers[at];
        container.then = then;
        container.phase = Phase::Running;
        self.signal(state, at, now, 15);
        if let Some(patience) = patience {
            self.due(&state.containers[at], now + patience + RESOLVE, What::Kill);
        }
    }
}

/// A run is over when the container has begun another, or is gone.
fn ended(state: &State, id: &[u8; 32], run: u32) -> Option<()> {
    state.containers.iter().find(|container| container.id == *id).is_none_or(|container| container.run > run).then_some(())
}

/// `t` in seconds; negative is for ever.
fn patience(query: &Query) -> Result<Option<Nanos>, Refusal> {
    Ok(match query.number("t")? {
        None => Some(PATIENCE),
        Some(seconds) if seconds < 0 => None,
        Some(seconds) => Some(seconds.saturating_mul(SECOND)),
    })
}

fn signal_number(text: &str) -> Result<i32, Refusal> {
    const NAMES: [(&str, i32); 14] = [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ABRT", 6),
        ("KILL", 9),
        ("USR1", 10),
        ("SEGV", 11),
        ("USR2", 12),
        ("PIPE", 13),
        ("ALRM", 14),
        ("TERM", 15),
        ("CONT", 18),
        ("STOP", 19),
        ("WINCH", 28),
    ];
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let by_number = text.parse().ok().filter(|number| (1..=64).contains(number));
    by_number
        .or_else(|| NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number))
        .ok_or_else(|| Refusal::bad(format!("Invalid signal: {text}")))
}
