//! The Harbor twin is held to a real Harbor's recorded answers: every exchange in its order, with equal status, shape and values.

mod swagger;
mod yaml;

use crate::harbor::compare::{self, Masks};
use crate::harbor::recording::{self, Row, rows};
use crate::harbor::stage::{self, Stage};

/// Exchanges of Harbors among the recordings; the rest are Dragonfly's.
const ALL: usize = 376;
/// The least that must be replayed.
const LEAST: usize = 240;

/// Exchanges that are not compared, each with its reason.
const EXCLUDED: &[(u32, &str)] = &[];

/// Performs all exchanges of Harbors in their order and tells what came.
fn replay(mut seen: impl FnMut(&recording::Exchange, &wharf::lab::exchange::Answer, &mut Masks)) -> usize {
    let mut stage = Stage::new();
    let mut masks = Masks::default();
    let mut count = 0;
    for row in rows() {
        match row {
            Row::Step { n, .. } => stage.step(n),
            Row::Exchange(exchange) if exchange.instance == "manager" => {}
            Row::Exchange(exchange) => {
                let answer = stage.perform(&exchange, &masks);
                count += 1;
                seen(&exchange, &answer, &mut masks);
            }
        }
    }
    count
}

#[test]
fn the_twin_answers_as_the_recorded_harbors_did() {
    let (mut replayed, mut excluded) = (0, 0);
    let mut wrong = Vec::new();
    let count = replay(|exchange, answer, masks| {
        if let Some((n, why)) = EXCLUDED.iter().find(|(n, _)| *n == exchange.n) {
            println!("excluded {n}: {why}");
            excluded += 1;
            return;
        }
        let differences = compare::differences(exchange, answer, masks);
        if differences.is_empty() {
            replayed += 1;
        } else {
            let title = format!("{} {} {} {} ({})", exchange.n, exchange.instance, exchange.method, exchange.path, exchange.note);
            wrong.push(format!("{title}\n    {}", differences.join("\n    ")));
        }
    });
    println!("replayed {replayed} / excluded {excluded} of {count}");
    for (n, why) in stage::CORRECTED {
        println!("corrected {n}: {why}");
    }
    assert!(wrong.is_empty(), "{} exchanges differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, ALL, "the recordings hold {ALL} exchanges of Harbors");
    assert!(replayed >= LEAST, "only {replayed} were replayed");
}

#[test]
fn what_the_twin_answers_is_what_the_api_description_allows() {
    let Some(description) = swagger::found() else {
        println!("harbor/swagger.yaml was not there: paths and shapes of the twin are not checked against it");
        return;
    };
    let mut wrong: Vec<String> =
        wharf::lab::harbor::routes().iter().filter_map(|route| description.lacks(route.method, route.template)).collect();
    let mut shapes = 0;
    replay(|exchange, answer, _| {
        let Some(path) = exchange.path.strip_prefix("/api/v2.0") else { return };
        let path = path.split('?').next().unwrap_or(path);
        if answer.status == 200 && exchange.method == "GET" {
            shapes += 1;
            wrong.extend(
                description.misshapen(&exchange.method, path, &answer.value()).into_iter().map(|why| format!("{}: {why}", exchange.n)),
            );
        }
    });
    println!("{} routes and {shapes} answers were checked", wharf::lab::harbor::routes().len());
    assert!(shapes > 100, "only {shapes} answers were looked at");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
