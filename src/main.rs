//! The binary: reads the command line, wires the floors together, and ends with the exit code that scripts rely on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use wharf::cli::arguments::{Lab as LabAsk, RunWhat};
use wharf::cli::{self, Cli, Exit, Face, Out, Paper};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config::{self, Config, Places};
use wharf::engine::{self, Interest, RunnerCommand, Running, Setup};
use wharf::journal::{self, Journal, Leaving};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::endpoint::EndpointKind;
use wharf::model::fault::Fault;
use wharf::model::registry::Question;
use wharf::operations::Limits;
use wharf::tui::{self, Ability, Alarm, Kept, Kiosk, Place, Settings};

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
    journal: Option<Journal>,
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
    let places = Places::platform(cli.always.config.as_deref());
    let given = Given { cli, places, clock: Clock::system(), locale };
    let exit = runtime.block_on(run(&given));
    // Programs and file reads that hang must not keep a console that was told to go.
    runtime.shutdown_timeout(Duration::from_millis(200));
    exit.into()
}

async fn run(given: &Given) -> Exit {
    match &given.cli.face {
        None => console(given).await,
        Some(Face::Lab(ask)) if ask.serve => serve(given, ask).await,
        Some(Face::Lab(ask)) => lab(given, ask.world.as_deref()).await,
        Some(Face::Config(ask)) => cli::config::config(ask, &given.places, &mut out(given, None).lend()),
        Some(face) => match premises(given).await {
            Ok(premises) => over(given, face, premises).await,
            Err(exit) => exit,
        },
    }
}

/// The faces over the user's config.
async fn over(given: &Given, face: &Face, premises: Premises) -> Exit {
    let mut streams = out(given, Some(&premises.config));
    let limits = limits_of(&premises.config);
    let (state, config) = (premises.state.clone(), premises.config.clone());
    match face {
        Face::Watch(_) => screen(given, premises, Mode::ReadOnly, Stage::watch(&config)).await,
        Face::Get(ask) => {
            let query = match cli::get::Query::new(ask.clone()) {
                Ok(query) => query,
                Err(fault) => return refuse(&fault, &mut streams),
            };
            let interest = if query.wants_journal() || query.wants_figures() { Interest::Console } else { Interest::Once };
            let start = Start { mode: Mode::ReadOnly, interest, kinds: query.kinds(), questions: query.questions().to_vec() };
            with_engine(given, premises, start, async |running| cli::get::get(&running.engine, &query, &mut streams.lend()).await).await
        }
        Face::Plan(ask) => {
            let start = Start { mode: Mode::ReadOnly, interest: Interest::Once, kinds: vec![EndpointKind::Docker], questions: Vec::new() };
            with_engine(given, premises, start, async |running| cli::plan::plan(&running.engine, ask, &limits, &mut streams.lend()).await)
                .await
        }
        Face::Run(ask) => {
            if matches!(&ask.what, RunWhat::Resume { as_runner: true, .. }) {
                // A session of its own: it goes on when the terminal that began it is gone.
                let _ = rustix::process::setsid();
            }
            let start =
                Start { mode: writing(given), interest: Interest::Console, kinds: vec![EndpointKind::Docker], questions: Vec::new() };
            with_engine(given, premises, start, async |running| cli::run::run(&running.engine, ask, &limits, &mut streams.lend()).await)
                .await
        }
        Face::Doctor(ask) => {
            let start = Start { mode: Mode::ReadOnly, interest: Interest::Trial, kinds: Vec::new(), questions: Vec::new() };
            with_engine(given, premises, start, async |running| {
                let premises = cli::doctor::Premises { config: &config, state: Some(&state) };
                cli::doctor::doctor(&running.engine, ask, premises, &mut streams.lend()).await
            })
            .await
        }
        Face::Lab(_) | Face::Config(_) => Exit::Usage,
    }
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
    match premises(given).await {
        Ok(premises) => screen(given, premises, writing(given), Stage::console()).await,
        Err(exit) => exit,
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
    let journal = Journal::open(&state, &given.clock).await.ok();
    let exit = screen(given, Premises { config, state, journal }, writing(given), Stage::lab()).await;
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
    let config = config.map_err(|problems| config::fault_of(&problems).unwrap_or_else(broken_lab))?;
    Ok((lab, config))
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(mut int), Ok(mut term), Ok(mut hup)] = signals else { return };
    tokio::select! { _ = int.recv() => {} _ = term.recv() => {} _ = hup.recv() => {} }
}

/// What the screen is opened as.
struct Stage {
    place: Place,
    kiosk: Option<Kiosk>,
}

impl Stage {
    fn console() -> Self {
        Self { place: Place::Real, kiosk: None }
    }

    fn lab() -> Self {
        Self { place: Place::Lab, kiosk: None }
    }

    fn watch(config: &Config) -> Self {
        let kiosk = &config.console.kiosk;
        let alarm = if kiosk.bell { Alarm::Notify } else { Alarm::None };
        Self { place: Place::Real, kiosk: Some(Kiosk { panes: kiosk.panes.clone(), every: kiosk.every, alarm }) }
    }
}

async fn screen(given: &Given, premises: Premises, mode: Mode, stage: Stage) -> Exit {
    let mut streams = out(given, Some(&premises.config));
    let _log = log_to(&premises.state);
    let settings = settings(given, &premises, &stage);
    let clock = given.clock.clone();
    with_engine(given, premises, Start { mode, interest: Interest::Console, kinds: Vec::new(), questions: Vec::new() }, async |running| {
        match tui::run(running.engine.clone(), settings, clock).await {
            Ok(_) => Exit::Ok,
            Err(fault) => refuse(&fault, &mut streams),
        }
    })
    .await
}

fn settings(given: &Given, premises: &Premises, stage: &Stage) -> Settings {
    let console = &premises.config.console;
    let ability = Ability::from_environment(|name| std::env::var(name).ok());
    let lang = given.cli.lang(console.language, &given.locale);
    let mut settings = Settings::new(lang, ability);
    settings.zone = jiff::tz::TimeZone::system();
    let mut settings = settings.with_config(console);
    if let Some(lang) = given.cli.always.lang {
        settings.lang = lang.into();
    }
    settings.place = stage.place;
    settings.kiosk.clone_from(&stage.kiosk);
    settings.themes = user_themes(&given.places);
    settings.background = std::env::var("COLORFGBG").ok();
    settings.first_screen = journal::left_blocking(&premises.state, Leaving::Screen);
    settings.memory = journal::left_blocking(&premises.state, Leaving::Memory).and_then(|blob| String::from_utf8(blob).ok());
    let state = premises.state.clone();
    settings.keep = Some(Arc::new(move |kept: Kept| {
        for (what, blob) in [(Leaving::Screen, kept.first_screen.as_slice()), (Leaving::Memory, kept.memory.as_bytes())] {
            if let Err(fault) = journal::leave_blocking(&state, what, blob) {
                tracing::warn!(%fault, "the look of the screen is not kept");
            }
        }
    }));
    settings
}

fn user_themes(places: &Places) -> std::collections::BTreeMap<String, String> {
    let folder = places.user.parent().map(|p| p.join("themes"));
    let files = folder.and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|file| Some((file.path().file_stem()?.to_str()?.to_owned(), std::fs::read_to_string(file.path()).ok()?)))
        .collect()
}

/// What an engine is started for.
struct Start {
    mode: Mode,
    interest: Interest,
    kinds: Vec<EndpointKind>,
    /// What registries are asked; empty: all.
    questions: Vec<Question>,
}

async fn with_engine(given: &Given, premises: Premises, start: Start, face: impl AsyncFnOnce(&Running) -> Exit) -> Exit {
    let mut options = WireOptions::new(start.mode, given.clock.clone(), runtime_dir());
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
        journal: premises.journal,
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

async fn premises(given: &Given) -> Result<Premises, Exit> {
    let config = match config::load(&given.places) {
        Ok(config) => config,
        Err(problems) => return Err(cli::config::tell_problems(&problems, &mut out(given, None).lend())),
    };
    let state = state_dir(given, &config.identity);
    let journal = match Journal::open(&state, &given.clock).await {
        Ok(journal) => Some(journal),
        Err(fault) => {
            // Without memory nothing may be written to the world, but looking is still possible.
            refuse(&fault, &mut out(given, Some(&config)));
            None
        }
    };
    Ok(Premises { config, state, journal })
}

fn writing(given: &Given) -> Mode {
    if given.cli.always.read_only { Mode::ReadOnly } else { Mode::Writing }
}

fn limits_of(config: &Config) -> Limits {
    let confirm = &config.console.confirm;
    Limits { environments: confirm.environments.clone(), in_these: 0, elsewhere: usize::try_from(confirm.over).unwrap_or(usize::MAX) }
}

/// `--state`, or the platform's state directory with a folder of this config's own.
fn state_dir(given: &Given, identity: &str) -> PathBuf {
    if let Some(named) = &given.cli.always.state {
        return named.clone();
    }
    let platform = directories::ProjectDirs::from("", "", "wharf");
    let dir = platform.map_or_else(std::env::temp_dir, |d| d.state_dir().unwrap_or_else(|| d.data_local_dir()).to_owned());
    dir.join(identity)
}

/// Where sockets lie: their paths must be short.
fn runtime_dir() -> PathBuf {
    let uid = rustix::process::getuid().as_raw();
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|d| d.is_dir() && d.as_os_str().len() < 32) {
        Some(dir) => dir.join("wharf"),
        None => std::env::temp_dir().join(format!("wharf-{uid}")),
    }
}

/// A log in the state directory, one file a day, seven kept. Nothing is ever logged to the terminal.
fn log_to(state: &Path) -> Option<tracing_appender::non_blocking::WorkerGuard> {
    use tracing_subscriber::EnvFilter;
    let files = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("wharf")
        .filename_suffix("log")
        .max_log_files(7)
        .build(state)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("WHARF_LOG").unwrap_or_else(|_| EnvFilter::new("wharf=info"));
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter).try_init().ok()?;
    Some(guard)
}

/// Standard output and error, as one face writes on them.
struct Streams {
    paper: Paper,
    lang: wharf::model::text::Lang,
    zone: jiff::tz::TimeZone,
    clock: Clock,
    stdout: std::io::Stdout,
    stderr: std::io::Stderr,
}

impl Streams {
    fn lend(&mut self) -> Out<'_> {
        Out {
            out: &mut self.stdout,
            err: &mut self.stderr,
            paper: self.paper,
            lang: self.lang,
            zone: self.zone.clone(),
            clock: self.clock.clone(),
        }
    }
}

fn out(given: &Given, config: Option<&Config>) -> Streams {
    let console = config.map(|c| &c.console);
    Streams {
        paper: Paper::standard(&given.locale),
        lang: given.cli.lang(console.and_then(|c| c.language), &given.locale),
        zone: console.and_then(|c| c.timezone.clone()).unwrap_or_else(jiff::tz::TimeZone::system),
        clock: given.clock.clone(),
        stdout: std::io::stdout(),
        stderr: std::io::stderr(),
    }
}

fn refuse(fault: &Fault, streams: &mut Streams) -> Exit {
    streams.lend().complain(fault);
    Exit::of(fault)
}

fn broken_lab() -> Fault {
    use wharf::model::fault::FaultKind;
    use wharf::model::text::Text;
    let cause = Text::new("the lab's own config is not a good config", "模拟环境自带的配置有误");
    Fault::new(
        "lab",
        FaultKind::Config,
        cause,
        Text::new("try another world: wharf lab --world default", "请换一个世界：wharf lab --world default"),
    )
}
