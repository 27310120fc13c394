//! The course of a container's life: starts, ends, restarts and probes, with the events that an engine tells of them.

use crate::lab::world::{EndsKind, Engine};

use super::agenda::{Due, Ending, What};
use super::shell::Script;
use super::sim_container::{Health, MILLI, Nanos, PastRun, Phase, RUNS_KEPT, SECOND, SimContainer, Then, Work, hex};
use super::{State, Twin};

/// A run that lasted this long was no quick end.
const SETTLED: Nanos = 10 * SECOND;
/// The first wait before a restart; it doubles.
const FIRST_WAIT: Nanos = 100 * MILLI;
pub(super) const LONGEST_WAIT: Nanos = 60 * SECOND;
/// How long a killed process takes to be gone.
const REAPED: Nanos = 18 * MILLI;
/// A service is unhealthy for so long out of so long, if it is one that flaps.
const FLAP: (Nanos, Nanos) = (210 * SECOND, 900 * SECOND);

impl Twin {
    /// The process begins.
    pub(super) fn begin(&self, state: &mut State, at: usize, now: Nanos) {
        let pid = state.take_pid();
        let container = &mut state.containers[at];
        container.run += 1;
        container.phase = Phase::Running;
        container.then = Then::Policy;
        container.health = container.spec.check.as_ref().map(|_| Health::Starting);
        (container.streak, container.code, container.oom, container.pid) = (0, 0, false, pid);
        if matches!(container.spec.work, Work::Script) {
            let script = Script::play(&container.spec.command, &self.machine.shell(container));
            container.extra().script = Some(script.into());
            container.extra().error.clear();
        }
        state.events.of_network(now, &state.containers[at], "connect");
        let started = state.events.tick(now);
        let container = &mut state.containers[at];
        container.started = started;
        state.events.of_cell(now, container, "start", Vec::new());
        self.plan_run(container, started);
    }

    /// What will become of a run that has just begun, or was begun before the lab.
    pub(super) fn plan_run(&self, container: &SimContainer, now: Nanos) {
        if let Some((after, ending)) = course_of(container) {
            self.due(container, (container.started + after).max(now + MILLI), What::End(ending));
        }
        if let Some(check) = &container.spec.check {
            let wait = if self.probes { check.interval } else { 3 * SECOND };
            if self.probes || container.health != Some(Health::Healthy) {
                // Probes of a world do not come all at once.
                let spread = if self.probes { Nanos::from(container.seed % 1000) * check.interval / 1000 } else { 0 };
                let first = if now > container.started + SECOND { now + spread } else { container.started + wait };
                self.due(container, first, What::Probe);
            }
        }
    }

    /// The process has ended.
    pub(super) fn end(&self, state: &mut State, at: usize, now: Nanos, ending: Ending) {
        let finished = state.events.tick(now);
        let engine = self.machine.engine;
        let container = &mut state.containers[at];
        let Ending { code, oom } = ending;
        let run = PastRun { started: container.started, finished, code, oom };
        let runs = &mut container.extra().runs;
        if runs.len() == RUNS_KEPT {
            runs.remove(0);
        }
        runs.push(run);
        container.run += 1;
        (container.code, container.oom, container.finished, container.pid) = (code, oom, finished, 0);
        container.health = container.health.map(|_| Health::Unhealthy);
        container.quick = if finished - container.started > SETTLED { 0 } else { container.quick.saturating_add(1) };
        let then = container.then;
        self.tell_end(state, at, now, then);
        let container = &mut state.containers[at];
        container.then = Then::Policy;
        container.phase = Phase::Exited;
        match then {
            Then::Rest => {}
            Then::Stop => {
                if engine == Engine::Classic {
                    state.events.of_cell(now, &state.containers[at], "stop", Vec::new());
                }
            }
            Then::Restart => {
                if engine == Engine::Classic {
                    state.events.of_cell(now, &state.containers[at], "stop", Vec::new());
                }
                self.begin(state, at, now);
                state.events.of_cell(now, &state.containers[at], "restart", Vec::new());
            }
            Then::Remove => state.destroy(at, now),
            Then::Policy => self.after_end(state, at, now),
        }
    }

    /// Sends a signal; those that end the process do so a moment later.
    pub(super) fn signal(&self, state: &mut State, at: usize, now: Nanos, signal: i32) {
        let container = &state.containers[at];
        state.events.of_cell(now, container, "kill", vec![("signal", signal.to_string())]);
        let end = match signal {
            9 => Some((REAPED, 137)),
            // Process 1 gets only what it has asked for; services end well, in their own time.
            2 | 3 | 15 if container.heeds_term() => {
                Some((Nanos::from(40 + container.seed % 360) * MILLI, if signal == 15 { 143 } else { 0 }))
            }
            _ => None,
        };
        if let Some((after, code)) = end {
            self.due(container, now + after, What::End(Ending { code, oom: false }));
        }
    }

    /// Something is due. True where it changed anything.
    pub(in crate::lab) fn come(&self, due: &Due) -> bool {
        self.with(|state, now| {
            let Some(at) = state.containers.iter().position(|container| container.id == due.id) else { return false };
            let container = &state.containers[at];
            if container.run != due.run {
                return false;
            }
            match due.what {
                Start if !container.phase.is_up() => self.begin(state, at, now),
                End(ending) if container.phase == Phase::Running => self.end(state, at, now, ending),
                Kill if container.phase.is_up() => self.signal(state, at, now, 9),
                Probe if container.phase == Phase::Running => self.probe(state, at, now),
                // A frozen process does neither; it goes on when it is thawed.
                End(_) | Probe if container.phase == Phase::Paused => self.due(&state.containers[at], now + SECOND, due.what),
                _ => return false,
            }
            true
        })
    }

    /// Ends a running container for no reason that its world file gives. Returns how many changes follow.
    pub(in crate::lab) fn upset(&self, random: &mut fastrand::Rng) -> u32 {
        self.with(|state, now| {
            if state.containers.is_empty() {
                return 0;
            }
            let at = random.usize(..state.containers.len());
            let container = &state.containers[at];
            if container.phase != Phase::Running
                || container.ends.is_some()
                || container.habits().is_none()
                || container.then != Then::Policy
            {
                return 0;
            }
            let code = [0, 1, 1, 2, 139, 143][random.usize(..6)];
            self.end(state, at, now, Ending { code, oom: false });
            2
        })
    }

    pub(super) fn due(&self, container: &SimContainer, at: Nanos, what: What) {
        self.agenda.add(Due { at, twin: self.index, id: container.id, run: container.run, what });
    }

    fn tell_end(&self, state: &mut State, at: usize, now: Nanos, then: Then) {
        let container = &state.containers[at];
        if container.oom {
            state.events.of_cell(now, container, "oom", Vec::new());
        }
        let mut more = vec![("exitCode", container.code.to_string())];
        match self.machine.engine {
            Engine::Classic => {
                state.events.of_cell(now, container, "die", more);
                state.events.of_network(now, container, "disconnect");
            }
            Engine::Newer => {
                more.push(("execDuration", ((container.finished - container.started) / SECOND).to_string()));
                state.events.of_network(now, container, "disconnect");
                if matches!(then, Then::Stop | Then::Restart) {
                    state.events.of_cell(now, container, "stop", Vec::new());
                }
                state.events.of_cell(now, container, "die", more);
            }
        }
    }

    fn after_end(&self, state: &mut State, at: usize, now: Nanos) {
        let container = &mut state.containers[at];
        let policy = &container.spec.policy;
        let again = match policy.name.as_str() {
            "always" | "unless-stopped" => true,
            "on-failure" => container.code != 0 && (policy.most == 0 || container.restarts < policy.most),
            _ => false,
        };
        if again {
            container.phase = Phase::Restarting;
            container.restarts += 1;
            let wait = (FIRST_WAIT << u32::from(container.quick.min(16))).min(LONGEST_WAIT);
            self.due(&state.containers[at], now + wait, What::Start);
        } else if container.spec.auto_remove {
            state.destroy(at, now);
        } else if container.ends == Some(EndsKind::Job) {
            let every = container.habits().map_or(0, |habits| Nanos::from(habits.every_s) * SECOND);
            self.due(&state.containers[at], now + every, What::Start);
        }
    }

    fn probe(&self, state: &mut State, at: usize, now: Nanos) {
        let Some(check) = state.containers[at].spec.check.clone() else { return };
        let mut random = fastrand::Rng::with_seed(u64::from(state.containers[at].seed) ^ now.unsigned_abs());
        let container = &mut state.containers[at];
        container.probed = now;
        let fails = container.flaps && is_out(container.seed, now);
        container.streak = if fails { container.streak.saturating_add(1) } else { 0 };
        let health = if !fails {
            Health::Healthy
        } else if u32::from(container.streak) >= check.retries.max(1) {
            Health::Unhealthy
        } else {
            container.health.unwrap_or(Health::Starting)
        };
        let news = container.health != Some(health);
        container.health = Some(health);
        let container = &state.containers[at];
        if self.probes {
            let words = check.test.get(1..).unwrap_or_default().join(" ");
            let words = if check.test.first().is_some_and(|kind| kind == "CMD-SHELL") { format!("/bin/sh -c {words}") } else { words };
            let mut exec = [0u8; 32];
            random.fill(&mut exec);
            let exec = hex(&exec);
            for action in ["exec_create", "exec_start"] {
                state.events.of_cell(now, container, format!("{action}: {words}"), vec![("execID", exec.clone())]);
            }
            let code = u8::from(fails).to_string();
            state.events.of_cell(now, container, "exec_die", vec![("execID", exec), ("exitCode", code)]);
            self.due(container, now + check.interval, What::Probe);
        }
        if news {
            state.events.of_cell(now, container, format!("health_status: {}", health.word()), Vec::new());
        }
    }
}

use What::{End, Kill, Probe, Start};

/// True while a service that flaps is not well.
pub(super) fn is_out(seed: u32, now: Nanos) -> bool {
    (now + Nanos::from(seed) * MILLI) % FLAP.1 < FLAP.0
}

/// After how long a run ends by itself, with what code, and whether memory is the cause.
pub(super) fn course_of(container: &SimContainer) -> Option<(Nanos, Ending)> {
    if let Some(script) = container.extra.as_ref().and_then(|extra| extra.script.as_ref()) {
        return script.end.map(|(after, code)| (after, Ending { code, oom: false }));
    }
    let habits = container.habits()?;
    let ends = container.ends?;
    // Not every run is of the same length: between 60 and 140 percent.
    let share = 60 + Nanos::from(container.seed.wrapping_mul(2_654_435_761).wrapping_add(container.run.wrapping_mul(40_503)) >> 8) % 81;
    let after = Nanos::from(habits.end_s.max(1)) * SECOND * share / 100;
    match ends {
        EndsKind::Oom => Some((after, Ending { code: 137, oom: true })),
        EndsKind::Exit | EndsKind::Job | EndsKind::Down => Some((after, Ending { code: habits.code, oom: false })),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small_twin;
    use super::*;
    use crate::model::clock::Clock;

    /// Lets a time pass, and everything in it happen.
    fn pass(twin: &Twin, clock: &Clock, seconds: i64) {
        for _ in 0..seconds * 10 {
            clock.advance(100);
            while let Some(due) = twin.agenda.take(twin.now()) {
                twin.come(&due);
            }
        }
    }

    fn words(twin: &Twin, name: &str) -> Vec<String> {
        twin.read(|state, _| {
            let container = state.containers.iter().find(|container| *container.name == *name).expect("there");
            let lines = state.events.from(0).map(|event| event.json(Engine::Classic));
            lines.filter(|line| line["id"] == container.hex()).map(|line| line["Action"].as_str().expect("an action").to_owned()).collect()
        })
    }

    #[test]
    fn a_crash_is_followed_by_a_restart_and_a_loop_waits_longer_and_longer() {
        let (twin, clock) = small_twin();
        twin.crash("web-1", 1).expect("running");
        pass(&twin, &clock, 1);
        assert_eq!(words(&twin, "web-1"), ["die", "start"]);
        let mut waits = Vec::new();
        for _ in 0..6 {
            twin.crash("web-1", 1).expect("running");
            let begun = twin.now();
            while twin.read(|state, _| !state.containers[state.find("web-1").expect("there")].phase.is_up()) {
                pass(&twin, &clock, 1);
            }
            waits.push((twin.now() - begun) / SECOND);
        }
        assert!(waits.is_sorted() && waits[5] >= 4, "{waits:?}");
        assert_eq!(twin.read(|state, _| state.containers[state.find("web-1").expect("there")].restarts), 7);
    }

    #[test]
    fn a_leak_ends_in_want_of_memory_and_is_told() {
        let (twin, clock) = small_twin();
        let restarts = |twin: &Twin| twin.read(|state, _| state.containers[state.find("web-2").expect("there")].restarts);
        let before = restarts(&twin);
        let limit = twin.with(|state, now| {
            let at = state.find("web-2").expect("there");
            let container = &mut state.containers[at];
            container.ends = Some(EndsKind::Oom);
            container.started = now;
            twin.plan_run(&state.containers[at], now);
            state.containers[at].spec.memory
        });
        let memory = |twin: &Twin| {
            twin.read(|state, now| super::super::curves::Used::at(&state.containers[state.find("web-2").expect("there")], now, 12).memory)
        };
        let first = memory(&twin);
        pass(&twin, &clock, 2);
        assert_eq!(words(&twin, "web-2")[..2], ["oom", "die"], "it ends within 1.4 of the second that its file gives");
        assert!(first < limit);
        let told = words(&twin, "web-2").iter().filter(|word| *word == "oom").count();
        assert_eq!(usize::try_from(restarts(&twin) - before), Ok(told));
    }

    #[test]
    fn what_is_due_for_an_earlier_run_is_void() {
        let (twin, clock) = small_twin();
        twin.with(|state, now| {
            let at = state.find("web-1").expect("there");
            twin.due(&state.containers[at], now + SECOND, End(Ending { code: 9, oom: false }));
        });
        twin.crash("web-1", 1).expect("running");
        pass(&twin, &clock, 3);
        assert_eq!(words(&twin, "web-1"), ["die", "start"]);
    }
}
