//! Wharf: one terminal for a company's container platform over several data centres.
//!
//! ```text
//!             main ........................ wires everything
//!         tui      cli .................... faces: read the Fleet, send Commands
//!       engine     tables ................. motion | rows and columns as data
//!           operations .................... verbs: Fleet + arguments -> Plan
//!  clients  journal  planning  config  lab  side by side, strangers to each other
//!              model ...................... nouns, named by everyone
//!
//!  key -> pane verb -> Command --> keeper -> executor -> clients ==wire==> world
//!  screen <- draw <- Arc<Fleet> <-- keeper <-- Report <- pollers <==wire==
//! ```
//!
//! Names point down only; `tests/house.rs` holds the table of who may name whom.
//!
//! | floor | what it is for |
//! |---|---|
//! | `model` | nouns: the world in the field's own terms; no I/O, no async, no screen |
//! | `planning` | thought: facts in, decision out; pure |
//! | `clients` | the wire: one protocol each, in front of them the one gate; model nouns or a Fault come back |
//! | `journal` | memory: intents and outcomes, tasks, the cache of the last known Fleet |
//! | `config` | what the user said: the file, its layers, secrets by reference |
//! | `lab` | the far end: a simulated fleet on loopback that speaks the real wire formats |
//! | `operations` | verbs: arguments, help, plan; one file each |
//! | `tables` | rows: one file a noun; for panes, `wharf get` and exports |
//! | `engine` | motion: keeper, pollers, executor, tasks; the only owner and the only spawner |
//! | `tui` | the screen: panes, widgets, keys, themes |
//! | `cli` | the command line |

pub mod cli;
pub mod clients;
pub mod config;
pub mod engine;
pub mod journal;
pub mod lab;
pub mod model;
pub mod operations;
pub mod planning;
pub mod tables;
pub mod tui;
