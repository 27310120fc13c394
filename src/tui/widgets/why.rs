//! Why a row is not well: what `w` shows, with the next step.

use super::describe::{Said, moment};
use crate::model::clock::Stamp;
use crate::model::derived::{AttentionTarget, RegistryIssue};
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::host::{Container, ContainerState, Health};
use crate::model::text::{Text, clean};
use crate::tables::spread::lanes;
use crate::tables::{Context, Mark, Noun, RowId, Tone, attention_at, container_at};

/// Hosts of one line of attention whose faults are told.
const HOSTS_TOLD: usize = 5;

/// Why a row is not well: where, what, since when, and what to do next. Empty where nothing is wrong with it.
pub(in crate::tui) fn why(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    if noun.name() == "attention" {
        return why_attention(cx, row);
    }
    let causes = noun.causes(cx, row);
    if !causes.is_empty() {
        return causes.iter().flat_map(|(fault, since)| why_cause(fault, *since, cx)).collect();
    }
    let mut lines = match endpoint_of(noun, cx, row) {
        Some((name, freshness)) => why_stale(&name, freshness, cx),
        None => Vec::new(),
    };
    let more = super::why_replication::why(noun, cx, row);
    if !lines.is_empty() && !more.is_empty() {
        lines.push(Said::blank());
    }
    lines.extend(more);
    if noun.name() == "containers" {
        lines.extend(container_at(cx.fleet, row).map(|(_, c)| why_container(c, cx)).unwrap_or_default());
    }
    if let (true, Some((_, why))) = (lines.is_empty(), noun.staleness(cx, row)) {
        lines.push(said(cx, &Text::new("WHY", "原因"), why.get(cx.lang), Tone::Warn));
    }
    if lines.is_empty() && !matches!(noun.mark(cx, row), Mark::Good | Mark::None) {
        lines = what_is_marked(noun, cx, row);
    }
    lines
}

/// The cells that make the row what it is, where nobody has more to say of it.
fn what_is_marked(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let cells = lanes(noun, cx.fleet).into_iter().map(|lane| (lane.label(cx.lang), noun.cell(cx, row, lane.place)));
    let bad = cells.filter(|(_, cell)| matches!(cell.tone, Tone::Bad | Tone::Warn | Tone::Changing));
    bad.map(|(label, cell)| Said::new(label, cell.text, cell.tone)).collect()
}

/// One fault or refusal behind a row.
fn why_cause(fault: &Fault, since: Option<Stamp>, cx: &Context<'_>) -> Vec<Said> {
    let mut lines = vec![
        said(cx, &Text::new("WHERE", "位置"), &fault.endpoint, Tone::Plain),
        said(cx, &Text::new("WHAT", "问题"), fault.cause.get(cx.lang), Tone::Bad),
    ];
    if let Some(since) = since {
        lines.push(said(cx, &Text::new("SINCE", "自"), &moment(since, cx), Tone::Plain));
    }
    lines.push(said(cx, &Text::new("NEXT", "下一步"), fault.hint.get(cx.lang), Tone::Accent));
    lines
}

/// What is wrong with an endpoint, in full.
fn why_stale(name: &str, freshness: &Freshness, cx: &Context<'_>) -> Vec<Said> {
    let say = |text: Text| text.get(cx.lang).to_owned();
    let mut lines = Vec::new();
    if let Some(fault) = &freshness.fault {
        lines.push(Said::new(say(Text::new("WHERE", "位置")), fault.endpoint.clone(), Tone::Plain));
        lines.push(Said::new(say(Text::new("WHAT", "问题")), fault.cause.get(cx.lang), Tone::Bad));
        if let Some(since) = freshness.fault_since {
            lines.push(Said::new(say(Text::new("SINCE", "自")), moment(since, cx), Tone::Plain));
        }
        lines.push(Said::new(say(Text::new("NEXT", "下一步")), fault.hint.get(cx.lang), Tone::Accent));
        if let Some(id) = &fault.request_id {
            lines.push(Said::new(say(Text::new("REQUEST", "请求号")), clean(id), Tone::Dim));
        }
    } else if !freshness.is_stale() {
        return lines;
    } else {
        let words = if freshness.cached {
            Text::new("from the cache of an earlier run, not confirmed yet", "来自上次运行的缓存，尚未确认")
        } else {
            Text::new("not answered yet", "尚未应答")
        };
        lines.push(Said::new(say(Text::new("WHERE", "位置")), name, Tone::Plain));
        lines.push(Said::new(say(Text::new("WHAT", "问题")), say(words), Tone::Unknown));
    }
    if let Some(good) = freshness.good_at {
        lines.push(Said::new(say(Text::new("LAST GOOD", "上次正常")), moment(good, cx), Tone::Dim));
    }
    lines
}

fn said(cx: &Context<'_>, label: &Text, words: &str, tone: Tone) -> Said {
    Said::new(label.get(cx.lang), words, tone)
}

/// A line that needs attention: its words, and the faults of the hosts it is about.
fn why_attention(cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let Some(line) = attention_at(cx.fleet, row) else { return Vec::new() };
    let mut lines = vec![said(cx, &Text::new("WHAT", "问题"), line.text.get(cx.lang), Tone::Bad)];
    if let Some(since) = line.since {
        lines.push(said(cx, &Text::new("SINCE", "自"), &moment(since, cx), Tone::Plain));
    }
    if let AttentionTarget::Hosts { names, .. } = &line.about {
        for host in names.iter().take(HOSTS_TOLD).filter_map(|name| cx.fleet.host(name)) {
            lines.push(Said::blank());
            lines.extend(why_stale(host.name(), &host.freshness, cx));
        }
    } else if let AttentionTarget::Registry { name, matter: RegistryIssue::Away } = &line.about {
        if let Some(registry) = cx.fleet.registry(name) {
            lines.push(Said::blank());
            lines.extend(why_stale(name, &registry.freshness, cx));
        }
    } else if line.about == AttentionTarget::Config {
        if let Some(fault) = &cx.fleet.config_fault {
            lines.push(said(cx, &Text::new("WHERE", "位置"), &fault.endpoint, Tone::Plain));
            lines.push(said(cx, &Text::new("NEXT", "下一步"), fault.hint.get(cx.lang), Tone::Accent));
        }
    } else {
        let go = Text::new("Enter leads to where it is mended", "按 Enter 前往处理");
        lines.push(said(cx, &Text::new("NEXT", "下一步"), go.get(cx.lang), Tone::Accent));
    }
    lines
}

/// What a container's state means, where it is not simply running.
fn why_container(container: &Container, cx: &Context<'_>) -> Vec<Said> {
    let logs = Text::new("l shows its last words", "按 l 查看最后的输出");
    let (what, next, tone) = match (&container.state, container.health) {
        (ContainerState::Exited(Some(code)) | ContainerState::Restarting(Some(code)), _) if *code != 0 => {
            (exit_words(*code), logs, Tone::Bad)
        }
        (ContainerState::Restarting(_), _) => (Text::new("keeps ending and is started again", "反复退出并被重新拉起"), logs, Tone::Warn),
        (ContainerState::Dead, _) => {
            let next = Text::new("remove it; if that fails, look at the engine's own log", "请删除；若失败，请查看引擎日志");
            (Text::new("the engine could not remove it whole", "引擎未能完整删除它"), next, Tone::Bad)
        }
        (ContainerState::Running, Some(Health::Unhealthy)) => {
            let next = Text::new("y shows what its health check said", "按 y 查看健康检查的输出");
            (Text::new("runs, but its own health check fails", "在运行，但健康检查失败"), next, Tone::Bad)
        }
        (ContainerState::Running, Some(Health::Starting)) => {
            (Text::new("runs, its health check has not passed yet", "在运行，健康检查尚未通过"), logs, Tone::Changing)
        }
        (ContainerState::Paused, _) => (
            Text::new("paused: it holds its memory and does nothing", "已暂停：占用内存但不运行"),
            Text::new("docker unpause on its host", "请在其主机上执行 docker unpause"),
            Tone::Warn,
        ),
        _ => return Vec::new(),
    };
    let mut lines = vec![said(cx, &Text::new("WHAT", "问题"), what.get(cx.lang), tone)];
    if let Some(since) = container.since {
        lines.push(said(cx, &Text::new("SINCE", "自"), &moment(since, cx), Tone::Plain));
    }
    lines.push(said(cx, &Text::new("NEXT", "下一步"), next.get(cx.lang), Tone::Accent));
    lines
}

/// What an exit code usually means: the shell's and Docker's conventions.
fn exit_words(code: i32) -> Text {
    match code {
        125 => Text::new("code 125: the engine itself could not run it", "退出码 125：引擎自身无法运行它"),
        126 => Text::new("code 126: its command is not executable", "退出码 126：命令不可执行"),
        127 => Text::new("code 127: its command was not found in the image", "退出码 127：镜像中找不到该命令"),
        134 => Text::new("code 134: it aborted (SIGABRT)", "退出码 134：程序异常中止（SIGABRT）"),
        137 => Text::new("code 137: killed (SIGKILL): out of memory, or somebody did", "退出码 137：被强杀（SIGKILL），多为内存不足或人为"),
        139 => Text::new("code 139: it crashed (SIGSEGV)", "退出码 139：程序崩溃（SIGSEGV）"),
        143 => Text::new("code 143: told to stop (SIGTERM)", "退出码 143：被要求停止（SIGTERM）"),
        129..=159 => {
            Text::made(format!("code {code}: ended by signal {}", code - 128), format!("退出码 {code}：被信号 {} 终止", code - 128))
        }
        _ => Text::made(format!("code {code}: its own program says so"), format!("退出码 {code}：由程序自身返回")),
    }
}

/// The one endpoint that a row comes from, and how fresh it is.
fn endpoint_of<'f>(noun: &dyn Noun, cx: &Context<'f>, row: RowId) -> Option<(String, &'f Freshness)> {
    let freshness = noun.freshness(cx.fleet, row)?;
    let extra = noun.extra(cx, row);
    let told = |wanted: &str| extra.iter().find(|(key, _)| *key == wanted).and_then(|(_, value)| value.as_str()).map(str::to_owned);
    let name = told("host").or_else(|| told("registry")).unwrap_or_else(|| noun.key(cx.fleet, row).to_string());
    Some((clean(&name).into_owned(), freshness))
}
