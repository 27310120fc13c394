//! `wharf plan`: what an operation would do, and nothing more.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::Exit;
use super::arguments::{PlanAsk, PlanFormat};
use super::out::Out;
use super::print::pretty;
use super::settle::{Needs, settle};
use crate::engine::Engine;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::{Plan, Skipped};
use crate::model::run::{Run, run_named};
use crate::model::text::{Lang, clean, width};
use crate::operations::{self, AnyOperation, Limits, danger};

/// How long the journal may take to show the runs it has.
pub(super) const JOURNAL_WITHIN: Duration = Duration::from_secs(3);

/// Waits for the hosts that matter, prints the plan, changes nothing.
pub async fn plan(engine: &Engine, ask: &PlanAsk, limits: &Limits, out: &mut Out<'_>) -> Exit {
    match make(engine, &ask.operation, ask.patience.deadline, limits, out).await {
        Ok(plan) => {
            let text = match ask.output {
                PlanFormat::Table => draw(&plan, out.lang),
                PlanFormat::Json => pretty(&document(&plan, out.lang)),
            };
            out.document(&text);
            Exit::Ok
        }
        Err(fault) => {
            out.complain(&fault);
            Exit::of(&fault)
        }
    }
}

/// The plan against what the hosts say now; those that did not answer are told on standard error.
pub(super) async fn make(
    engine: &Engine,
    operation: &AnyOperation,
    deadline: Duration,
    limits: &Limits,
    out: &mut Out<'_>,
) -> Result<Plan, Fault> {
    let mut needs = operation.needs();
    if let Some(word) = &needs.run {
        needs = operations::Needs::of_run(&*named(engine, word).await?);
    }
    let settled = settle(&mut engine.fleet(), &Needs::Of(needs), deadline).await;
    let mut plan = operation.plan(&settled.fleet, out.clock.now())?;
    danger::reweigh(&mut plan, &settled.fleet, limits);
    Ok(plan)
}

/// The run that people call so, as soon as the journal has shown it.
pub(super) async fn named(engine: &Engine, word: &str) -> Result<Arc<Run>, Fault> {
    let mut fleet = engine.fleet();
    let is_told = |fleet: &Arc<Fleet>| !matches!(run_named(&fleet.runs, word), Err(fault) if fault.kind == FaultKind::NotFound);
    let _ = timeout(JOURNAL_WITHIN, fleet.wait_for(is_told)).await;
    let fleet = Arc::clone(&fleet.borrow());
    run_named(&fleet.runs, word).cloned()
}

/// The plan for people: each target with its exact request, what is left out and why, what it takes.
pub(super) fn draw(plan: &Plan, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let mut text = format!("{}: {}\n", plan.operation, clean(plan.title.get(lang)));
    let targets: Vec<String> = plan.steps.iter().map(|step| clean(&step.target()).into_owned()).collect();
    let wide = targets.iter().map(|target| width(target)).max().unwrap_or(0);
    for (at, (step, target)) in plan.steps.iter().zip(&targets).enumerate() {
        if at > 0 && plan.steps[at - 1].group != step.group {
            text.push_str(if zh { "  然后\n" } else { "  then\n" });
        }
        let pad = " ".repeat(wide - width(target));
        let _ = writeln!(text, "  {target}{pad}  {}", clean(&step.shown()));
    }
    for (title, list) in
        [(if zh { "跳过" } else { "skipped" }, &plan.skipped), (if zh { "无法判断" } else { "undecided" }, &plan.undecided)]
    {
        if !list.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for skipped in list {
            let _ = writeln!(text, "  {}  {}", clean(&skipped.target), clean(skipped.why.get(lang)));
        }
    }
    text.push_str(&summary(plan, lang));
    text
}

fn summary(plan: &Plan, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    if plan.steps.is_empty() {
        return if zh { "没有要做的\n" } else { "nothing is to be done\n" }.to_owned();
    }
    let seconds = plan.seconds();
    let mut text = if zh { format!("约需 {seconds} 秒") } else { format!("takes about {seconds} s") };
    let environments: Vec<String> = plan.danger.environments.iter().map(|name| clean(name).to_uppercase()).collect();
    if !environments.is_empty() {
        let _ = write!(text, "{}{}", if zh { "；环境 " } else { "; in " }, environments.join(", "));
    }
    if plan.danger.destructive {
        text.push_str(if zh { "；不可撤销" } else { "; cannot be undone" });
    }
    for money in &plan.cost_delta {
        let _ = write!(text, "; {:+} {}/h", money.amount, money.currency.code());
    }
    text.push('\n');
    text
}

/// The plan for scripts.
pub(super) fn document(plan: &Plan, lang: Lang) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            json!({
                "target": step.target(),
                "endpoint": step.targets().first().map(|target| Arc::clone(&target.endpoint.name)),
                "request": step.shown(),
                "call": step.call(),
                "group": step.group,
                "seconds": step.seconds,
            })
        })
        .collect();
    let left_out =
        |list: &[Skipped]| -> Vec<Value> { list.iter().map(|s| json!({ "target": s.target, "why": s.why.get(lang) })).collect() };
    json!({
        "operation": plan.operation,
        "arguments": plan.arguments,
        "title": plan.title.get(lang),
        "revision": plan.revision,
        "steps": steps,
        "skipped": left_out(&plan.skipped),
        "undecided": left_out(&plan.undecided),
        "cost_delta": plan.cost_delta,
        "seconds": plan.seconds(),
        "danger": plan.danger,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{NOW, fleet};

    fn planned(words: &str) -> Plan {
        AnyOperation::from_words(words.split_whitespace()).and_then(|o| o.plan(&fleet(), NOW)).expect("a plan")
    }

    #[test]
    fn a_plan_for_people() {
        insta::assert_snapshot!(draw(&planned("restart-containers --service web"), Lang::En));
    }

    #[test]
    fn a_plan_for_people_in_chinese() {
        insta::assert_snapshot!(draw(&planned("kill-containers yf-web-01/web-1 yf-web-02/web-5 aws-1/x"), Lang::Zh));
    }

    #[test]
    fn a_plan_for_scripts_has_what_scripts_rely_on() {
        let document = document(&planned("stop-containers web-1 yf-web-02/web-5 aws-1/x"), Lang::En);
        for key in ["operation", "revision", "steps", "undecided", "cost_delta"] {
            assert!(document.get(key).is_some(), "{key}");
        }
        assert_eq!(document["steps"][0]["target"], "yf-web-01/web-1");
        assert!(document["steps"][0]["request"].as_str().is_some_and(|r| r.starts_with("POST /containers/") && r.ends_with("/stop")));
        assert_eq!(document["skipped"][0]["why"], "exited");
        assert_eq!(document["undecided"][0]["target"], "aws-1/x");
        let nothing = planned("stop-containers yf-web-02/web-5");
        assert_eq!(super::document(&nothing, Lang::En)["steps"], json!([]));
        assert!(draw(&nothing, Lang::En).ends_with("nothing is to be done\n"));
    }
}
