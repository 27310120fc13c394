//! A tiny shell: enough of one for `exec` and for containers that are created over the API to do what their command says.

mod parse;
mod programs;

use super::sim_container::{Nanos, SECOND};

use parse::{Join, Simple};

/// Rounds of an endless loop that are played; after them it sleeps.
const ROUNDS: usize = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// A piece of output and when it comes, counted from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) after: Nanos,
    pub(super) stream: Stream,
    pub(super) text: String,
}

/// The course of a command: what it says when, and how it ends.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) said: Vec<Said>,
    /// When and with what code; `None` goes on until it is killed.
    pub(super) end: Option<(Nanos, i32)>,
    /// The program is not there.
    pub(super) missing: Option<String>,
}

/// What a process in the container sees of the world.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    pub(super) hostname: String,
    pub(super) env: Vec<(String, String)>,
    /// The container's own command, process 1.
    pub(super) first: String,
    pub(super) now: Nanos,
    /// Since when the host is up.
    pub(super) booted: Nanos,
    /// Bytes, of the host.
    pub(super) memory: u64,
    pub(super) kernel: String,
}

/// What one line did.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) said: Vec<Said>,
    pub(super) took: Nanos,
    pub(super) code: i32,
    /// The shell itself ends.
    pub(super) exits: bool,
    /// Something in it never ends.
    pub(super) forever: bool,
}

impl Ran {
    fn say(&mut self, stream: Stream, text: impl Into<String>) {
        self.said.push(Said { after: self.took, stream, text: text.into() });
    }

    fn absorb(&mut self, part: Ran) {
        let shift = self.took;
        self.said.extend(part.said.into_iter().map(|said| Said { after: said.after + shift, ..said }));
        self.took += part.took;
        (self.code, self.exits, self.forever) = (part.code, part.exits, part.forever);
    }
}

impl Script {
    /// Plays a command from its beginning to its end.
    pub(super) fn play(command: &[String], sight: &Sight) -> Self {
        let Some((program, arguments)) = command.split_first() else { return Self::default() };
        let mut shell = Shell::new(sight.clone());
        let ran = match (Shell::is_shell(program), arguments) {
            (true, [flag, script, ..]) if flag == "-c" => shell.run(script),
            // Waits for input that may never come.
            (true, _) => Ran { forever: true, ..Ran::default() },
            _ => match shell.program(program, arguments) {
                Some(ran) => ran,
                None => return Self { missing: Some(missing(program)), ..Self::default() },
            },
        };
        Self { said: ran.said, end: (!ran.forever).then_some((ran.took, ran.code)), missing: None }
    }

    /// What has been said in a run of this length.
    pub(super) fn until(&self, length: Nanos) -> impl Iterator<Item = &Said> {
        self.said.iter().take_while(move |said| said.after <= length)
    }
}

/// A shell with its memory.
#[derive(Debug)]
pub(super) struct Shell {
    sight: Sight,
    directory: String,
    last: i32,
}

impl Shell {
    pub(super) fn new(sight: Sight) -> Self {
        Self { sight, directory: "/".to_owned(), last: 0 }
    }

    pub(super) fn is_shell(program: &str) -> bool {
        matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"))
    }

    pub(super) fn prompt(&self) -> String {
        format!("{} # ", self.directory)
    }

    /// Runs one line or a whole script.
    pub(super) fn run(&mut self, line: &str) -> Ran {
        if let Some(body) = endless_body(line) {
            return self.run_endless(body);
        }
        let mut ran = Ran::default();
        let commands = match parse::commands(line) {
            Ok(commands) => commands,
            Err(odd) => {
                ran.say(Stream::Err, format!("sh: syntax error: unexpected \"{odd}\"\n"));
                ran.code = 2;
                return ran;
            }
        };
        for Simple { join, words, out } in commands {
            let due = match join {
                Join::Always => true,
                Join::And => ran.code == 0,
                Join::Or => ran.code != 0,
            };
            if !due {
                continue;
            }
            let words: Vec<String> = words.iter().map(|word| word.expand(|name| self.variable(name))).collect();
            let mut part = self.command(&words);
            for said in part.said.iter_mut().filter(|said| said.stream == Stream::Out) {
                said.stream = out.unwrap_or(Stream::Out);
            }
            self.last = part.code;
            ran.absorb(part);
            if ran.exits || ran.forever {
                break;
            }
        }
        ran
    }

    fn run_endless(&mut self, body: &str) -> Ran {
        let mut ran = Ran::default();
        for _ in 0..ROUNDS {
            let part = self.run(body);
            let stuck = part.took == 0;
            ran.absorb(part);
            if ran.exits || ran.forever {
                return ran;
            }
            if stuck {
                ran.took += SECOND / 1000;
            }
        }
        Ran { forever: true, ..ran }
    }

    fn command(&mut self, words: &[String]) -> Ran {
        let Some((program, arguments)) = words.split_first() else { return Ran { code: self.last, ..Ran::default() } };
        match (program.as_str(), arguments) {
            ("exit", code) => {
                let code = code.first().map_or(Some(self.last), |code| code.parse().ok()).unwrap_or(2);
                Ran { code, exits: true, ..Ran::default() }
            }
            ("cd", to) => self.change_directory(to.first().map_or("/root", String::as_str)),
            ("export", assignments) => {
                for (name, value) in assignments.iter().filter_map(|word| word.split_once('=')) {
                    self.sight.env.retain(|(have, _)| have != name);
                    self.sight.env.push((name.to_owned(), value.to_owned()));
                }
                Ran::default()
            }
            (shell, [flag, script, ..]) if Self::is_shell(shell) && flag == "-c" => {
                let part = self.run(script);
                Ran { exits: false, ..part }
            }
            ("exec", rest) if !rest.is_empty() => Ran { exits: true, ..self.command(rest) },
            _ => self.program(program, arguments).unwrap_or_else(|| {
                let mut ran = Ran { code: 127, ..Ran::default() };
                ran.say(Stream::Err, format!("sh: {program}: not found\n"));
                ran
            }),
        }
    }

    fn change_directory(&mut self, to: &str) -> Ran {
        let path = programs::resolve(&self.directory, to);
        if programs::is_directory(&path) {
            self.directory = path;
            return Ran::default();
        }
        let mut ran = Ran { code: 1, ..Ran::default() };
        ran.say(Stream::Err, format!("sh: cd: can't cd to {to}: No such file or directory\n"));
        ran
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "?" => self.last.to_string(),
            "$" => "1".to_owned(),
            "PWD" => self.directory.clone(),
            "HOSTNAME" => self.sight.hostname.clone(),
            _ => self.sight.env.iter().find(|(have, _)| have == name).map(|(_, value)| value.clone()).unwrap_or_default(),
        }
    }
}

/// How runc words a program that is not in the image.
fn missing(program: &str) -> String {
    if program.contains('/') {
        format!("exec: \"{program}\": stat {program}: no such file or directory")
    } else {
        format!("exec: \"{program}\": executable file not found in $PATH")
    }
}

fn endless_body(line: &str) -> Option<&str> {
    let rest = line.trim().strip_suffix("done")?;
    let rest = ["while true; do ", "while :; do ", "while true\ndo\n"].iter().find_map(|head| rest.strip_prefix(head))?;
    Some(rest.trim_end().trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(command: &[&str]) -> Script {
        let words: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        Script::play(&words, &Sight { hostname: "c1".into(), env: vec![("MODE".into(), "prod".into())], ..Sight::default() })
    }

    #[test]
    fn a_script_says_things_in_time_and_ends_with_its_code() {
        let script = play(&["/bin/sh", "-c", "echo out1; echo \"err $MODE\" >&2; sleep 1; echo out2; exit 3"]);
        let said: Vec<_> = script.said.iter().map(|said| (said.after / SECOND, said.stream, said.text.as_str())).collect();
        assert_eq!(said, [(0, Stream::Out, "out1\n"), (0, Stream::Err, "err prod\n"), (1, Stream::Out, "out2\n")]);
        assert_eq!(script.end, Some((SECOND, 3)));
    }

    #[test]
    fn programs_live_as_long_as_they_should() {
        assert_eq!(play(&["/bin/sleep", "1000"]).end, Some((1000 * SECOND, 0)));
        assert_eq!(play(&["sleep", "infinity"]).end, None);
        assert_eq!(play(&["/bin/false"]).end, Some((0, 1)));
        assert_eq!(play(&["/nope"]).missing.as_deref(), Some("exec: \"/nope\": stat /nope: no such file or directory"));
        let ticks = play(&["sh", "-c", "while true; do echo tick; sleep 2; done"]);
        assert_eq!((ticks.end, ticks.said[3].after), (None, 6 * SECOND));
    }

    #[test]
    fn a_shell_remembers_and_joins() {
        let mut shell = Shell::new(Sight::default());
        let text = |ran: Ran| ran.said.into_iter().map(|said| said.text).collect::<String>();
        assert_eq!(text(shell.run("cd /etc && pwd || echo no; false; echo $?")), "/etc\n1\n");
        assert_eq!(text(shell.run("export A='x y'; echo \"$A\" ${A}z")), "x y x yz\n");
        assert_eq!(text(shell.run("nosuch")), "sh: nosuch: not found\n");
        assert_eq!(shell.run("echo a | b").code, 2);
        assert!(shell.run("exit 4").exits);
    }
}
