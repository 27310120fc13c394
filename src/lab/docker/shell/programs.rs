//! The programs of the tiny shell, and the few files they can see.

use super::super::sim_container::{MILLI, Nanos, SECOND};
use super::{Ran, Shell, Stream};

const DIRECTORIES: [(&str, &[&str]); 6] = [
    ("/", &["app", "bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"]),
    ("/app", &["config.yaml", "healthz"]),
    ("/bin", &["cat", "date", "df", "echo", "env", "false", "free", "hostname", "id", "ls", "ps", "pwd", "sh", "sleep", "true", "uname"]),
    ("/etc", &["group", "hostname", "hosts", "os-release", "passwd", "resolv.conf"]),
    ("/root", &[]),
    ("/tmp", &[]),
];
const EMPTY_DIRECTORIES: [&str; 6] = ["/dev", "/home", "/proc", "/sys", "/usr", "/var"];

impl Shell {
    /// Runs a program; `None` where there is none of this name.
    pub(super) fn program(&mut self, program: &str, arguments: &[String]) -> Option<Ran> {
        let name = program.strip_prefix("/bin/").or_else(|| program.strip_prefix("/usr/bin/")).unwrap_or(program);
        let mut ran = Ran::default();
        match name {
            "true" | ":" => {}
            "false" => ran.code = 1,
            "echo" => ran.say(Stream::Out, echo(arguments)),
            "printf" => ran.say(Stream::Out, arguments.first().map(|text| text.replace("\\n", "\n")).unwrap_or_default()),
            "sleep" => sleep(&mut ran, arguments),
            "pwd" => ran.say(Stream::Out, format!("{}\n", self.directory)),
            "ls" => self.list(&mut ran, arguments),
            "cat" => self.print_files(&mut ran, arguments),
            "env" => {
                let lines = self.sight.env.iter().map(|(key, value)| format!("{key}={value}\n"));
                let text = lines.chain([format!("HOSTNAME={}\n", self.sight.hostname), "HOME=/root\n".to_owned()]).collect::<String>();
                ran.say(Stream::Out, text);
            }
            "hostname" => ran.say(Stream::Out, format!("{}\n", self.sight.hostname)),
            "whoami" => ran.say(Stream::Out, "root\n"),
            "id" => ran.say(Stream::Out, "uid=0(root) gid=0(root) groups=0(root)\n"),
            "uname" if arguments.is_empty() => ran.say(Stream::Out, "Linux\n"),
            "uname" => ran.say(Stream::Out, format!("Linux {} {} x86_64 GNU/Linux\n", self.sight.hostname, self.sight.kernel)),
            "date" => ran.say(Stream::Out, format!("{}\n", date(self.sight.now))),
            "uptime" => {
                let up = (self.sight.now - self.sight.booted) / SECOND;
                let (days, hours, minutes) = (up / 86_400, up / 3600 % 24, up / 60 % 60);
                ran.say(Stream::Out, format!(" up {days} days, {hours:02}:{minutes:02},  load average: 1.21, 1.34, 1.30\n"));
            }
            "ps" => ran.say(Stream::Out, format!("PID   USER     TIME  COMMAND\n    1 root      0:07 {}\n   41 root      0:00 ps\n", self.sight.first)),
            "free" => {
                let kib = self.sight.memory / 1024;
                let used = kib / 5 * 3;
                ran.say(Stream::Out, format!("              total        used        free\nMem:    {kib:>11} {used:>11} {:>11}\n", kib - used));
            }
            "df" => ran.say(
                Stream::Out,
                "Filesystem           1K-blocks      Used Available Use% Mounted on\noverlay              103080888  41232356  56589268  42% /\n",
            ),
            "which" => {
                let path = arguments.first().filter(|name| DIRECTORIES[2].1.contains(&name.as_str()));
                match path {
                    Some(name) => ran.say(Stream::Out, format!("/bin/{name}\n")),
                    None => ran.code = 1,
                }
            }
            _ => return None,
        }
        Some(ran)
    }

    fn list(&self, ran: &mut Ran, arguments: &[String]) {
        let long = arguments.iter().any(|word| word.starts_with('-') && word.contains('l'));
        let path = arguments.iter().find(|word| !word.starts_with('-')).map_or("", String::as_str);
        let path = resolve(&self.directory, path);
        let Some(names) = entries(&path) else {
            ran.code = 1;
            ran.say(Stream::Err, format!("ls: {path}: No such file or directory\n"));
            return;
        };
        let line = |name: &str| {
            let kind = if is_directory(&resolve(&path, name)) { "drwxr-xr-x    2" } else { "-rw-r--r--    1" };
            if long { format!("{kind} root     root          4096 Nov  2 08:14 {name}\n") } else { format!("{name}\n") }
        };
        ran.say(Stream::Out, names.iter().map(|name| line(name)).collect::<String>());
    }

    fn print_files(&self, ran: &mut Ran, arguments: &[String]) {
        for path in arguments {
            if let Some(text) = self.file(&resolve(&self.directory, path)) {
                ran.say(Stream::Out, text);
            } else {
                ran.code = 1;
                ran.say(Stream::Err, format!("cat: can't open '{path}': No such file or directory\n"));
            }
        }
    }

    fn file(&self, path: &str) -> Option<String> {
        let text = match path {
            "/etc/hostname" => format!("{}\n", self.sight.hostname),
            "/etc/hosts" => format!("127.0.0.1\tlocalhost\n172.17.0.2\t{}\n", self.sight.hostname),
            "/etc/resolv.conf" => "nameserver 10.1.0.2\nsearch example.internal\n".to_owned(),
            "/etc/passwd" => "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".to_owned(),
            "/etc/group" => "root:x:0:\nnogroup:x:65534:\n".to_owned(),
            "/etc/os-release" => "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.17.3\n".to_owned(),
            "/app/config.yaml" => "listen: 0.0.0.0:8080\nlog: info\n# 不要在这里写密码\n".to_owned(),
            "/app/healthz" => "ok\n".to_owned(),
            "/proc/loadavg" => "1.21 1.34 1.30 2/411 41\n".to_owned(),
            _ => return None,
        };
        Some(text)
    }
}

/// An absolute path without `.` and `..`.
pub(super) fn resolve(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

pub(super) fn is_directory(path: &str) -> bool {
    entries(path).is_some()
}

fn entries(path: &str) -> Option<&'static [&'static str]> {
    DIRECTORIES
        .iter()
        .find(|(directory, _)| *directory == path)
        .map(|(_, names)| *names)
        .or_else(|| EMPTY_DIRECTORIES.contains(&path).then_some(&[]))
}

fn echo(arguments: &[String]) -> String {
    match arguments.split_first() {
        Some((flag, words)) if flag == "-n" => words.join(" "),
        _ => format!("{}\n", arguments.join(" ")),
    }
}

fn sleep(ran: &mut Ran, arguments: &[String]) {
    match arguments.first().map(String::as_str) {
        Some("infinity") => ran.forever = true,
        Some(text) => match text.trim_end_matches('s').parse::<f64>() {
            Ok(seconds) if (0.0..1e9).contains(&seconds) => ran.took = millis(seconds) * MILLI,
            _ => {
                ran.code = 1;
                ran.say(Stream::Err, format!("sleep: invalid number '{text}'\n"));
            }
        },
        None => ran.code = 1,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "below 1e12 by the caller's check")]
fn millis(seconds: f64) -> Nanos {
    (seconds * 1000.0) as Nanos
}

fn date(now: Nanos) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(now))
        .map_or_else(|_| String::new(), |stamp| stamp.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a %b %e %H:%M:%S UTC %Y").to_string())
}
