//! The whole command line as clap reads it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Exit;
use super::span;
use crate::model::condition;
use crate::model::text::Lang;
use crate::operations::{AnyOperation, Needs};
use crate::tables;

const AFTER: &str = "Exit codes: 0 ok, 1 partial, 2 unreachable or failed, 3 refused, 4 the plan has changed, 5 waiting at a gate, \
                     64 usage, 78 config.";

/// One terminal for a company's container platform over several data centres.
#[derive(Clone, Debug, Parser)]
#[command(name = "wharf", version, about, after_help = AFTER, max_term_width = 100, subcommand_negates_reqs = true)]
pub struct Cli {
    #[command(flatten)]
    pub always: Always,
    /// How long one request may take [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = span::read)]
    timeout: Option<Duration>,
    #[command(subcommand)]
    pub face: Option<Face>,
}

/// What every face takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Always {
    /// The config file
    #[arg(long, global = true, value_name = "FILE", env = "WHARF_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory of the journal and the cache
    #[arg(long, global = true, value_name = "DIR", env = "WHARF_STATE")]
    pub state: Option<PathBuf>,
    /// Language of words [default: by the config, then LANG]
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Language>,
    /// Change nothing: no request that writes leaves the process
    #[arg(long, global = true)]
    pub read_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    En,
    Zh,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}

/// What to be; without one, the console on the user's config.
#[derive(Clone, Debug, Subcommand)]
pub enum Face {
    /// The console on a simulated fleet that speaks the real protocols on loopback
    Lab(Lab),
    /// The console, read-only, for a wall display or a waiting script
    Watch(Watch),
    /// Print rows: what the panes show, for scripts and pipes
    Get(Get),
    /// Print what an operation would do; change nothing
    Plan(PlanAsk),
    /// Carry an operation out
    Run(Box<RunArguments>),
    /// Try every endpoint and credential; say what is missing and how to mend it
    Doctor(Doctor),
    /// The config file
    #[command(subcommand)]
    Config(ConfigAsk),
}

#[derive(Clone, Debug, Args)]
pub struct Lab {
    /// Which world: default, small, dense, target
    #[arg(long, value_name = "NAME")]
    pub world: Option<String>,
    /// Only the far end: print a config for it and serve until interrupted
    #[arg(long)]
    pub serve: bool,
    /// The port that the far end listens on [default: a free one]
    #[arg(long)]
    pub port: Option<u16>,
    #[arg(long, value_name = "TIME", value_parser = span::read, help = "How long one request may take [default: 10s]")]
    pub timeout: Option<Duration>,
}

#[derive(Clone, Debug, Args)]
pub struct Watch {
    /// End when this is so: 'run ID done', 'hosts up', 'container HOST/NAME healthy and no faults'
    #[arg(long, value_name = "WHAT", long_help = until_help())]
    pub until: Option<String>,
    /// How long to wait for it [default: as long as it takes]
    #[arg(long, value_name = "TIME", value_parser = span::read, requires = "until")]
    pub deadline: Option<Duration>,
    #[arg(long, value_name = "TIME", value_parser = span::read, help = "How long one request may take [default: 10s]")]
    pub timeout: Option<Duration>,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    /// The table with all its columns
    Wide,
    /// One document with full facts
    Json,
    Csv,
}

#[derive(Clone, Debug, Args)]
pub struct Get {
    /// What to list
    #[arg(value_parser = PossibleValuesParser::new(nouns()))]
    pub noun: String,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
    /// Which rows: words, !without, ~fuzzy, column:value, column:=exact,or-this, column:>5, /regex/
    #[arg(short, long, default_value = "", hide_default_value = true)]
    pub filter: String,
    /// By which column; -COLUMN for the greatest first
    #[arg(short, long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Measure CPU, memory and network of the containers first, which takes some seconds; done by itself for a filter or sort by them
    #[arg(long)]
    pub figures: bool,
    #[command(flatten)]
    pub patience: Patience,
}

/// How long to wait.
#[derive(Clone, Debug, Args)]
pub struct Patience {
    /// How long one request may take [default: 10s]
    #[arg(long, global = true, value_name = "TIME", value_parser = span::read)]
    pub timeout: Option<Duration>,
    /// How long all of it may take
    #[arg(long, global = true, value_name = "TIME", value_parser = span::read, default_value = "60s")]
    pub deadline: Duration,
}

/// How a plan or a run is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    #[default]
    Table,
    Json,
}

#[derive(Clone, Debug, Args)]
pub struct PlanAsk {
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub output: PlanFormat,
    #[command(flatten)]
    pub patience: Patience,
    #[command(subcommand)]
    pub operation: AnyOperation,
}

#[derive(Clone, Debug, Args)]
pub struct RunArguments {
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub output: PlanFormat,
    #[command(flatten)]
    pub patience: Patience,
    /// Do not ask
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Do not wait for the end
    #[arg(long, global = true)]
    pub detach: bool,
    /// Why, for the journal
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(subcommand)]
    pub what: RunWhat,
}

/// What to run.
#[derive(Clone, Debug, Subcommand)]
pub enum RunWhat {
    #[command(flatten)]
    Operation(AnyOperation),
    /// Go on with a run whose console is gone
    Resume {
        /// The run's id, or the beginning of its last eight digits
        #[arg(value_name = "ID")]
        run: Option<String>,
        /// Carry it out in a session of its own: what a console starts for what takes long
        #[arg(long, hide = true)]
        as_runner: bool,
    },
    /// Begin no more steps of a run, whoever carries it out; wait for those under way
    Cancel {
        /// The run's id, or the beginning of its last eight digits
        #[arg(value_name = "ID")]
        run: String,
    },
}

impl RunWhat {
    /// What has to have answered first. A run that goes on may have calls of every kind.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Operation(operation) => operation.needs(),
            Self::Resume { .. } | Self::Cancel { .. } => Needs::default(),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAsk {
    /// Write a commented config with what is found on this machine
    Init {
        /// Write to standard output instead
        #[arg(long)]
        print: bool,
    },
    /// Read the config and say what is wrong with it: file, line, what to write instead
    Check,
    /// Where the config is looked for
    Path,
}

impl Cli {
    /// Reads the process's arguments. Help and version go to standard output and end with 0; mistakes to
    /// standard error and end with 64.
    ///
    /// # Errors
    /// The exit that the process should end with.
    pub fn read() -> Result<Self, Exit> {
        Self::read_from(std::env::args_os())
    }

    /// As [`Cli::read`], from these words; the first is the program's name.
    ///
    /// # Errors
    /// The exit that the process should end with.
    pub fn read_from(words: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        Self::try_parse_from(words).map_err(|error| {
            // A reader that went away needs no help text.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Ok }
        })
    }

    /// How long one request may take, as said on this face or before it.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        let own = match &self.face {
            Some(Face::Lab(lab)) => lab.timeout,
            Some(Face::Watch(watch)) => watch.timeout,
            Some(Face::Get(get)) => get.patience.timeout,
            Some(Face::Plan(plan)) => plan.patience.timeout,
            Some(Face::Run(run)) => run.patience.timeout,
            Some(Face::Doctor(doctor)) => doctor.patience.timeout,
            Some(Face::Config(_)) | None => None,
        };
        own.or(self.timeout).unwrap_or(Duration::from_secs(10))
    }

    /// The language of words: as asked, else the config's, else the locale's.
    #[must_use]
    pub fn lang(&self, config: Option<Lang>, locale: &str) -> Lang {
        self.always.lang.map(Lang::from).or(config).unwrap_or_else(|| Lang::from_locale(locale))
    }
}

/// Every form of a condition, for `wharf watch --help`.
fn until_help() -> String {
    let wide = condition::forms().map(|(words, _)| words.len()).max().unwrap_or(0);
    let forms: Vec<String> = condition::forms().map(|(words, means)| format!("  {words:wide$}  {}", means.en)).collect();
    format!(
        "End when this is so; several with 'and' between:\n{}\nExits with 0 when it is so, 1 when it is missed in part or not so within \
         --deadline, 2 when it has failed or nothing can answer. Without a terminal there is no console: lines tell how it stands.",
        forms.join("\n")
    )
}

/// Nouns that are lists; trees are for panes.
fn nouns() -> Vec<&'static str> {
    tables::all().iter().filter(|noun| !noun.is_tree()).map(|noun| noun.name()).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn read(words: &str) -> Result<Cli, Exit> {
        Cli::read_from(words.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_request_may_take_as_long_as_the_nearest_word_says() {
        let timeout = |words: &str| read(words).map(|cli| cli.timeout().as_secs());
        assert_eq!(timeout("wharf"), Ok(10));
        assert_eq!(timeout("wharf --timeout 3s get hosts"), Ok(3));
        assert_eq!(timeout("wharf --timeout 3s get hosts --timeout 4s"), Ok(4));
        assert_eq!(timeout("wharf run --timeout 5s stop-containers h/c --stop-timeout 30"), Ok(5));
        assert_eq!(timeout("wharf plan stop-containers h/c --timeout 30"), Ok(30));
        assert_eq!(timeout("wharf get hosts --timeout soon"), Err(Exit::Usage));
    }

    #[test]
    fn words_of_the_face_may_stand_behind_the_operation() {
        let Ok(Cli { face: Some(Face::Run(run)), .. }) = read("wharf run --timeout 5s --yes stop-containers h/c --stop-timeout 30") else {
            panic!("a run");
        };
        let RunWhat::Operation(AnyOperation::StopContainers(stop)) = run.what else { panic!("a stop") };
        assert_eq!((stop.stop_timeout, run.yes), (Some(30), true));
        let after = "wharf run kill-containers h/c --signal HUP --yes --detach --reason drill -o json --deadline 5s --state x";
        let Ok(Cli { face: Some(Face::Run(run)), .. }) = read(after) else { panic!("a run") };
        assert_eq!((run.yes, run.detach, run.reason.as_deref(), run.output), (true, true, Some("drill"), PlanFormat::Json));
        assert_eq!(run.patience.deadline.as_secs(), 5);
        assert!(
            matches!(read("wharf plan start-containers h/c -o json").map(|c| c.face), Ok(Some(Face::Plan(plan))) if plan.output == PlanFormat::Json)
        );
    }

    #[test]
    fn common_words_stand_anywhere_and_mistakes_are_usage() {
        let cli = read("wharf get hosts --lang zh --read-only --config x.toml -o json").expect("good words");
        assert_eq!((cli.lang(Some(Lang::En), "en_US"), cli.always.read_only), (Lang::Zh, true));
        for bad in ["wharf get planets", "wharf launch", "wharf run", "wharf plan", "wharf get hosts -o xml", "wharf --colour"] {
            assert_eq!(read(bad).err(), Some(Exit::Usage), "{bad}");
        }
        assert_eq!(read("wharf --help").err(), Some(Exit::Ok));
        assert_eq!(read("wharf --version").err(), Some(Exit::Ok));
        assert!(
            matches!(read("wharf run resume 7f3c").map(|c| c.face), Ok(Some(Face::Run(run))) if matches!(&run.what, RunWhat::Resume { run: Some(id), .. } if id == "7f3c"))
        );
        assert!(
            matches!(read("wharf get containers -s -cpu").map(|c| c.face), Ok(Some(Face::Get(get))) if get.sort.as_deref() == Some("-cpu"))
        );
    }
}
