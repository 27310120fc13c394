//! The binary: reads the command line, wires the floors together, and ends with the exit code that scripts rely on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt as _;
use wharf::cli::arguments::{Lab as LabAsk, RunWhat, Watch};
use wharf::cli::watch::Until;
use wharf::cli::{self, Cli, Exit, Face, Streams};
use wharf::clients::{Mode, Wire, WireOptions, ansible};
use wharf::config::{self, Config, Places, Problem};
use wharf::engine::{self, PollMode, RunnerCommand, Running, Setup};
use wharf::journal::{self, Journal, Leaving};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::endpoint::EndpointKind;
use wharf::model::fault::Fault;
use wharf::model::registry::Question;
use wharf::operations::Limits;
use wharf::tui::{self, Ability, Alarm, Entry, Kept, Kiosk, Place, ScreenIdentity, Settings};

/// What every face needs.
struct Given {
    cli: Cli,
    places: Places,
    clock: Clock,
    locale: String,
}

/// A place of one config's own: its journal, its cache, what the screen remembers.
struct Premises {
    config: Config,
    state: PathBuf,
    journal: Result<Journal, Fault>,
    about: ScreenIdentity,
}

fn main() -> ExitCode {
    // The one TLS provider of the process; a second installation would be a second provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _ = color_eyre::config::HookBuilder::default().display_env_section(false).install();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return Exit::Failed.into() };
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|n| std::env::var(n).ok()).find(|v| !v.is_empty()).unwrap_or_default();
    let lister = ansible::inventory_lister(runtime.handle().clone(), Clock::system());
    let places = Places::platform(cli.always.config.as_deref()).listing_with(lister);
    let exit = runtime.block_on(run(&Given { cli, places, clock: Clock::system(), locale }));
    // Programs and file reads that hang must not keep a console that was told to go.
    runtime.shutdown_timeout(Duration::from_millis(200));
    exit.into()
}

async fn run(given: &Given) -> Exit {
    match &given.cli.face {
        None => console(given).await,
        Some(Face::Lab(ask)) if ask.serve => serve(given, ask).await,
        Some(Face::Lab(ask)) => lab(given, ask.world.as_deref()).await,
        Some(Face::Config(ask)) => {
            let faults = |config: &Config, places: &Places| tui::config_faults(&config.console, places.themes());
            cli::config::config(ask, &given.places, faults, &mut out(given, None).lend())
        }
        Some(Face::Watch(ask)) => watch(given, ask).await,
        Some(face) => match premises(given).await {
            Ok(premises) => over(given, face, premises.told(given)).await,
            Err(problems) => refuse_config(given, &problems),
        },
    }
}

/// The faces over the user's config.
async fn over(given: &Given, face: &Face, premises: Premises) -> Exit {
    let mut streams = out(given, Some(&premises.config));
    let limits = limits_of(&premises.config);
    let (state, config) = (premises.state.clone(), premises.config.clone());
    match face {
        Face::Get(ask) => {
            let query = match cli::get::Query::new(ask.clone()) {
                Ok(query) => query,
                Err(fault) => return refuse(&fault, &mut streams),
            };
            let interest = if query.wants_journal() || query.wants_figures() { PollMode::Console } else { PollMode::Once };
            let start = Start { mode: Mode::ReadOnly, interest, kinds: query.kinds(), questions: query.questions().to_vec() };
            with_engine(given, premises, start, async |running| cli::get::get(&running.engine, &query, &mut streams.lend()).await).await
        }
        Face::Plan(ask) => {
            let needs = ask.operation.needs();
            let interest = if needs.run.is_some() { PollMode::Console } else { PollMode::Once };
            let start = Start { mode: Mode::ReadOnly, interest, kinds: needs.kinds(), questions: needs.questions };
            with_engine(given, premises, start, async |running| cli::plan::plan(&running.engine, ask, &limits, &mut streams.lend()).await)
                .await
        }
        Face::Run(ask) => {
            if matches!(&ask.what, RunWhat::Resume { as_runner: true, .. }) {
                // A session of its own: it goes on when the terminal that began it is gone.
                let _ = rustix::process::setsid();
            }
            let needs = ask.what.needs();
            let start = Start { mode: writing(given), interest: PollMode::Console, kinds: needs.kinds(), questions: needs.questions };
            with_engine(given, premises, start, async |running| cli::run::run(&running.engine, ask, &limits, &mut streams.lend()).await)
                .await
        }
        Face::Doctor(ask) => {
            let start = Start { mode: Mode::ReadOnly, interest: PollMode::Probe, kinds: Vec::new(), questions: Vec::new() };
            with_engine(given, premises, start, async |running| {
                let premises = cli::doctor::Premises { config: &config, state: Some(&state) };
                cli::doctor::doctor(&running.engine, ask, premises, &mut streams.lend()).await
            })
            .await
        }
        Face::Lab(_) | Face::Watch(_) | Face::Config(_) => Exit::Usage,
    }
}

/// The console that changes nothing; where it waits for something and there is no terminal, lines alone.
async fn watch(given: &Given, ask: &Watch) -> Exit {
    let until = match Until::read(ask) {
        Ok(until) => until,
        Err(fault) => return refuse(&fault, &mut out(given, None)),
    };
    let ability = Ability::from_environment(|name| std::env::var(name).ok());
    let Some(until) = until else { return screen_over_config(given, Mode::ReadOnly, Exit::Ok, Stage::watch).await };
    if ability.check().is_ok() {
        return screen_over_config(given, Mode::ReadOnly, Exit::Partial, |config| Stage { until: Some(until), ..Stage::watch(config) })
            .await;
    }
    let premises = match premises(given).await {
        Ok(premises) => premises.told(given),
        Err(problems) => return refuse_config(given, &problems),
    };
    let mut streams = out(given, Some(&premises.config));
    let start = Start { mode: Mode::ReadOnly, interest: PollMode::Console, kinds: until.kinds(), questions: vec![Question::Identity] };
    with_engine(given, premises, start, async |running| cli::watch::lines(&running.engine, &until, &mut streams.lend()).await).await
}

/// The console on the user's config; with none, what was found, or the lab.
async fn console(given: &Given) -> Exit {
    if !given.places.any() {
        let found = config::discover(&config::Surroundings::here());
        let choice = cli::first_start(&found, &given.places, &mut out(given, None).lend());
        match choice {
            cli::FirstStart::Lab => return lab(given, None).await,
            cli::FirstStart::Written => {}
            cli::FirstStart::Leave(exit) => return exit,
        }
    }
    screen_over_config(given, writing(given), Exit::Ok, |_| Stage::console()).await
}

/// The console over the user's config. The picture of the last run stands on the terminal before the config is read.
/// Who leaves before that ends with `early`.
async fn screen_over_config(given: &Given, mode: Mode, early: Exit, stage: impl FnOnce(&Config) -> Stage) -> Exit {
    let state = state_dir(given, &given.places.identity());
    let first = settings(given, &state, given.about(), &Stage::console());
    let mut entry = Entry::with_last_picture(first, mode, journal::owner_here(&given.clock), given.clock.now());
    let premises = match &mut entry {
        None => Ok(premises(given).await),
        Some(entry) => entry.during(Box::pin(premises(given))).await,
    };
    match premises {
        Ok(Ok(premises)) => {
            let stage = stage(&premises.config);
            Box::pin(screen(given, premises, mode, Opened { stage, entry })).await
        }
        Ok(Err(problems)) => {
            // The problems are told on the ordinary screen.
            drop(entry);
            refuse_config(given, &problems)
        }
        Err(_) => early,
    }
}

/// The console over an embedded world.
async fn lab(given: &Given, world: Option<&str>) -> Exit {
    let mut streams = out(given, None);
    let (lab, config) = match open_lab(given, world, 0).await {
        Ok(opened) => opened,
        Err(fault) => return refuse(&fault, &mut streams),
    };
    let state = state_dir(given, "lab");
    let about = ScreenIdentity { config: "lab".to_owned(), mark: String::new() };
    let journal = Journal::open(&state, &given.clock).await;
    let premises = Premises { config, state, journal, about };
    let exit = screen(given, premises, writing(given), Opened { stage: Stage::lab(), entry: None }).await;
    drop(lab);
    exit
}

/// Only the far end: prints a config for it and serves until it is told to stop.
async fn serve(given: &Given, ask: &LabAsk) -> Exit {
    let mut streams = out(given, None);
    match open_lab(given, ask.world.as_deref(), ask.port.unwrap_or(0)).await {
        Ok((lab, _)) => {
            streams.lend().document(&lab.config_toml());
            interrupted().await;
            Exit::Ok
        }
        Err(fault) => refuse(&fault, &mut streams),
    }
}

async fn open_lab(given: &Given, world: Option<&str>, port: u16) -> Result<(Lab, Config), Fault> {
    let lab = Lab::start(World::load(world.unwrap_or("default"))?, LabOptions { clock: given.clock.clone(), port }).await?;
    let config = config::parse(&lab.config_toml(), Path::new("lab/wharf.toml"));
    let config = config.map_err(|problems| config::fault_of(&problems).unwrap_or_else(wharf::lab::broken_config))?;
    Ok((lab, config))
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind as Kind, signal};
    let signals = [Kind::interrupt(), Kind::terminate(), Kind::hangup()].map(signal);
    let [Ok(mut int), Ok(mut term), Ok(mut hup)] = signals else { return };
    tokio::select! { _ = int.recv() => {} _ = term.recv() => {} _ = hup.recv() => {} }
}

/// What the screen is opened as.
struct Stage {
    place: Place,
    kiosk: Option<Kiosk>,
    until: Option<Until>,
}

impl Stage {
    fn console() -> Self {
        Self { place: Place::Real, kiosk: None, until: None }
    }

    fn lab() -> Self {
        Self { place: Place::Lab, ..Self::console() }
    }

    fn watch(config: &Config) -> Self {
        let kiosk = &config.console.kiosk;
        let alarm = if kiosk.bell { Alarm::Notify } else { Alarm::None };
        Self { kiosk: Some(Kiosk { panes: kiosk.panes.clone(), every: kiosk.every, alarm }), ..Self::console() }
    }
}

/// How a screen begins.
struct Opened {
    stage: Stage,
    /// The terminal, where it was taken already.
    entry: Option<Entry>,
}

async fn screen(given: &Given, premises: Premises, mode: Mode, opened: Opened) -> Exit {
    let mut streams = out(given, Some(&premises.config));
    let _log = cli::log_to(&premises.state);
    let console = &premises.config.console;
    let mut settings = settings(given, &premises.state, premises.about.clone(), &opened.stage).with_config(console);
    if let Some(lang) = given.cli.always.lang {
        settings.lang = lang.into();
    }
    // Without memory nothing may be written to the world, but looking is still possible.
    settings.faults.extend(premises.journal.as_ref().err().cloned());
    let board = cli::watch::board();
    let until = opened.stage.until;
    settings.until = until.as_ref().map(|until| tui::Until { words: until.words().to_owned(), told: board.subscribe() });
    let (clock, entry) = (given.clock.clone(), opened.entry);
    with_engine(given, premises, Start { mode, interest: PollMode::Console, kinds: Vec::new(), questions: Vec::new() }, async |running| {
        let screen = Box::pin(tui::run(running.engine.clone(), settings, clock, entry));
        match &until {
            Some(until) => cli::watch::beside(&running.engine, until, &board, screen.map_ok(drop), &mut streams.lend()).await,
            None => screen.await.map_or_else(|fault| refuse(&fault, &mut streams), |_| Exit::Ok),
        }
    })
    .await
}

/// What a screen is told before the config is known.
fn settings(given: &Given, state: &Path, about: ScreenIdentity, stage: &Stage) -> Settings {
    let ability = Ability::from_environment(|name| std::env::var(name).ok());
    let mut settings = Settings::new(given.cli.lang(None, &given.locale), ability);
    settings.zone = jiff::tz::TimeZone::system();
    settings.place = stage.place;
    settings.kiosk.clone_from(&stage.kiosk);
    settings.themes = given.places.themes();
    settings.background = std::env::var("COLORFGBG").ok();
    settings.about = about;
    settings.first_screen = journal::left_blocking(state, Leaving::Screen);
    settings.memory = journal::left_blocking(state, Leaving::Memory).and_then(|blob| String::from_utf8(blob).ok());
    let state = state.to_owned();
    settings.keep = Some(Arc::new(move |kept: Kept| {
        for (what, blob) in [(Leaving::Screen, kept.first_screen.as_slice()), (Leaving::Memory, kept.memory.as_bytes())] {
            if let Err(fault) = journal::leave_blocking(&state, what, blob) {
                tracing::warn!(%fault, "the look of the screen is not kept");
            }
        }
    }));
    settings
}

/// What an engine is started for.
struct Start {
    mode: Mode,
    interest: PollMode,
    kinds: Vec<EndpointKind>,
    /// What registries are asked; empty: all.
    questions: Vec<Question>,
}

async fn with_engine(given: &Given, premises: Premises, start: Start, face: impl AsyncFnOnce(&Running) -> Exit) -> Exit {
    let mut options = WireOptions::new(start.mode, given.clock.clone(), wharf::clients::runtime_dir());
    options.request_timeout = given.cli.timeout();
    options.ssh_config = std::env::var_os("WHARF_SSH_CONFIG").map(PathBuf::from);
    let wire = match Wire::new(options) {
        Ok(wire) => wire,
        Err(fault) => return refuse(&fault, &mut out(given, Some(&premises.config))),
    };
    let is_lab = premises.config.files.first().is_none_or(|f| f.starts_with("lab"));
    let runner = std::env::current_exe().ok().filter(|_| !is_lab).map(|binary| RunnerCommand {
        binary,
        arguments: vec!["--config".into(), given.places.user.display().to_string(), "--state".into(), premises.state.display().to_string()],
    });
    let running = engine::start(Setup {
        places: (!is_lab).then(|| given.places.clone()),
        config: premises.config,
        wire,
        journal: premises.journal.ok(),
        clock: given.clock.clone(),
        owner: journal::owner_here(&given.clock),
        runner,
        interest: start.interest,
        kinds: start.kinds,
        questions: start.questions,
    });
    let exit = face(&running).await;
    running.close().await;
    exit
}

/// Reads the config and opens the journal.
async fn premises(given: &Given) -> Result<Premises, Vec<Problem>> {
    // Before the files are read: a picture of a config that changes meanwhile is of neither.
    let about = given.about();
    let places = given.places.clone();
    let config = match tokio::task::spawn_blocking(move || config::load(&places)).await {
        Ok(config) => config?,
        Err(died) => std::panic::resume_unwind(died.into_panic()),
    };
    let state = state_dir(given, &config.identity);
    let journal = Journal::open(&state, &given.clock).await;
    Ok(Premises { config, state, journal, about })
}

fn refuse_config(given: &Given, problems: &[Problem]) -> Exit {
    cli::config::tell_problems(problems, &mut out(given, None).lend())
}

impl Premises {
    /// Says on standard error what is wrong with the memory: without it nothing may be written to the world,
    /// but looking is still possible.
    fn told(self, given: &Given) -> Self {
        if let Err(fault) = &self.journal {
            refuse(fault, &mut out(given, Some(&self.config)));
        }
        self
    }
}

impl Given {
    /// What a picture of this console is of, and all that decides how its frame looks.
    fn about(&self) -> ScreenIdentity {
        let lang = self.cli.always.lang.map_or_else(String::new, |lang| format!("{lang:?}"));
        ScreenIdentity { config: self.places.identity(), mark: format!("{} {} {lang}", self.places.mark(), self.locale) }
    }
}

fn writing(given: &Given) -> Mode {
    if given.cli.always.read_only { Mode::ReadOnly } else { Mode::Writing }
}

fn limits_of(config: &Config) -> Limits {
    let confirm = &config.console.confirm;
    Limits { environments: confirm.environments.clone(), in_these: 0, elsewhere: usize::try_from(confirm.over).unwrap_or(usize::MAX) }
}

/// `--state`, or the platform's own.
fn state_dir(given: &Given, identity: &str) -> PathBuf {
    given.cli.always.state.clone().unwrap_or_else(|| config::state_dir(identity))
}

fn out(given: &Given, config: Option<&Config>) -> Streams {
    let console = config.map(|c| &c.console);
    let lang = given.cli.lang(console.and_then(|c| c.language), &given.locale);
    let zone = console.and_then(|c| c.timezone.clone()).unwrap_or_else(jiff::tz::TimeZone::system);
    Streams::standard(&given.locale, lang, zone, given.clock.clone())
}

fn refuse(fault: &Fault, streams: &mut Streams) -> Exit {
    streams.lend().complain(fault);
    Exit::of(fault)
}
