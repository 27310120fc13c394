//! Why replication is not well, and what to do next: for edges, executions, peers and queues.

use super::describe::{Said, moment};
use crate::model::fault::FaultKind;
use crate::model::replication::{Cause, Edge, EdgeState, PeerVerdict, Settled, StuckCause};
use crate::model::text::{Text, clean};
use crate::tables::{Context, Noun, RowId, Tone, edge_at, edge_of_policy, peer_at, queue_at, run_at};

/// Empty where the noun is another one or nothing is wrong.
pub(super) fn why(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    match noun.name() {
        "edges" => edge_at(cx.fleet, row).map(|edge| why_edge(cx, edge)).unwrap_or_default(),
        "policies" => edge_of_policy(cx.fleet, row).map(|edge| why_edge(cx, edge)).unwrap_or_default(),
        "queues" => why_queue(cx, row),
        "executions" => why_run(cx, row),
        "peers" => why_peer(cx, row),
        _ => Vec::new(),
    }
}

fn line(cx: &Context<'_>, label: &Text, words: &Text, tone: Tone) -> Said {
    Said::new(label.get(cx.lang), words.get(cx.lang), tone)
}

fn what(cx: &Context<'_>, words: &Text, tone: Tone) -> Said {
    line(cx, &Text::new("WHAT", "问题"), words, tone)
}

fn next(cx: &Context<'_>, words: &Text) -> Said {
    line(cx, &Text::new("NEXT", "下一步"), words, Tone::Accent)
}

fn why_queue(cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let Some(queue) = queue_at(cx.fleet, row).filter(|queue| queue.paused) else { return Vec::new() };
    let words = Text::made(format!("it is paused: {} wait in it", queue.count), format!("已暂停：{} 个作业在等待", queue.count));
    let name = clean(&queue.job_type);
    let advice =
        Text::made(format!("resume the {name} queue (Harbor: Job Service Dashboard)"), format!("请恢复 {name} 队列（Harbor 任务中心）"));
    vec![what(cx, &words, Tone::Bad), next(cx, &advice)]
}

fn why_edge(cx: &Context<'_>, edge: &Edge) -> Vec<Said> {
    let health = &edge.health;
    let advice = match &health.state {
        EdgeState::Flowing | EdgeState::Running | EdgeState::Disabled | EdgeState::NeverRan | EdgeState::Unread => return Vec::new(),
        EdgeState::NeverFires => Text::new("give it a schedule, or push from the other side", "改为定时触发，或从对端推送"),
        EdgeState::PeerDown(FaultKind::Unauthorized) => credential_words(),
        EdgeState::PeerDown(_) => absence_words(),
        EdgeState::Stuck(cause) => stuck_words(*cause),
        EdgeState::Retrying => retry_words(),
        EdgeState::Failing | EdgeState::Owing if health.lost > 0 => lost_words(),
        EdgeState::Failing | EdgeState::Owing => log_words(),
    };
    let mut lines = vec![what(cx, &health.words(), Tone::Bad)];
    if let Some(cause) = health.cause_words() {
        lines.push(line(cx, &Text::new("CAUSE", "原因"), &cause, Tone::Bad));
    }
    if let Some(since) = health.since {
        lines.push(Said::new(Text::new("SINCE", "自").get(cx.lang), moment(since, cx), Tone::Plain));
    }
    lines.extend(claim(cx, edge.verdict));
    lines.push(next(cx, &advice));
    lines
}

fn why_run(cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let Some((_, run)) = run_at(cx.fleet, row) else { return Vec::new() };
    let (words, advice) = match &run.settled {
        Settled::Succeeded | Settled::Running => return Vec::new(),
        Settled::NothingToDo => (
            Text::new("its filters match nothing, or the other side is a proxy cache", "过滤条件没有匹配的制品，或对端是代理缓存项目"),
            Text::new("compare its filters with the names that there are", "核对过滤条件与现有名称"),
        ),
        Settled::Skipped => (
            Text::new("another run of the same policy was still going", "同一策略的上一次执行尚未结束"),
            Text::new("give its schedule more room", "适当拉长其定时间隔"),
        ),
        Settled::Stopped => (
            Text::new("somebody stopped it", "已被人为停止"),
            Text::new("start its policy again when it is wanted", "需要时请重新启动该策略"),
        ),
        Settled::Retrying => (
            Text::new("a task failed and is tried again, up to three times within minutes", "有任务失败，正在重试（数分钟内最多三次）"),
            retry_words(),
        ),
        Settled::Partial => (Text::new("some of its tasks failed for good", "部分任务最终失败"), log_words()),
        Settled::Failed => (Text::new("its tasks failed for good", "任务最终失败"), log_words()),
        Settled::Lost(_) => (
            Text::new(
                "it failed before it had a task: Harbor does not say what it was about and never tries again",
                "在产生任务之前即失败：Harbor 不记录其内容，也不会重试",
            ),
            lost_words(),
        ),
        Settled::Stuck(cause) => (cause.word(), stuck_words(*cause)),
        Settled::FalseSuccess => (
            Text::new("Harbor calls it a success, and no task ever ran", "Harbor 称其成功，但没有执行过任何任务"),
            Text::new("take it for not done: start its policy by hand", "应视为未执行：请手动启动该策略"),
        ),
        Settled::Unknown(_) => (
            Text::new("Harbor gives it a state that is not known here", "Harbor 给出了未知的状态"),
            Text::new("y shows it as it came", "按 y 查看原始数据"),
        ),
    };
    let mut lines = vec![what(cx, &words, Tone::Bad)];
    let cause = match &run.settled {
        Settled::Lost(cause) => Some(cause.word()),
        _ => run.cause.as_ref().map(Cause::word),
    };
    if let Some(cause) = cause {
        lines.push(line(cx, &Text::new("CAUSE", "原因"), &cause, Tone::Bad));
    }
    if !run.execution.status_text.is_empty() {
        lines.push(Said::new(Text::new("HARBOR SAYS", "Harbor 称").get(cx.lang), clean(&run.execution.status_text), Tone::Dim));
    }
    lines.push(next(cx, &advice));
    lines
}

fn why_peer(cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let Some((_, peer)) = peer_at(cx.fleet, row) else { return Vec::new() };
    let Some(kind) = peer.verdict.trouble() else { return Vec::new() };
    let advice = if kind == FaultKind::Unauthorized { credential_words() } else { absence_words() };
    let mut lines = vec![what(cx, &peer.verdict.word(), Tone::Bad)];
    lines.extend(claim(cx, peer.verdict));
    lines.push(next(cx, &advice));
    lines
}

/// A claim that our own ping contradicts.
fn claim(cx: &Context<'_>, verdict: PeerVerdict) -> Option<Said> {
    let words = match verdict {
        PeerVerdict::ClaimedUpIsDown(_) => Text::new(
            "Harbor calls the peer healthy: it keeps the last state it saw; a ping just now failed",
            "Harbor 称对端正常：它只保留最后一次看到的状态；刚才的实测失败",
        ),
        PeerVerdict::ClaimedDownIsUp => {
            Text::new("Harbor calls the peer unhealthy; a ping just now went through", "Harbor 称对端异常；刚才的实测正常")
        }
        _ => return None,
    };
    Some(line(cx, &Text::new("CLAIM", "声称"), &words, Tone::Warn))
}

fn lost_words() -> Text {
    Text::new(
        "an event that was lost is not made good by later ones: start the policy by hand, then compare both sides",
        "后续事件不会补上已丢失的：请手动启动该策略，再比对两端",
    )
}

fn log_words() -> Text {
    Text::new("l shows the log of its first failed task, while Harbor keeps it (a day)", "按 l 查看首个失败任务的日志（Harbor 只保留一天）")
}

fn retry_words() -> Text {
    Text::new("wait: three minutes after the last failure it is settled", "请稍候：最后一次失败三分钟后见分晓")
}

fn credential_words() -> Text {
    Text::new("renew the credential of the endpoint in Harbor (Registries)", "请在 Harbor 的“仓库管理”中更新该端点的凭证")
}

fn absence_words() -> Text {
    Text::new(
        "see whether the peer lives and the network between the IDCs; events are lost meanwhile",
        "请检查对端与机房间网络；在此期间的事件都会丢失",
    )
}

fn stuck_words(cause: StuckCause) -> Text {
    match cause {
        StuckCause::QueuePaused => {
            Text::new("resume the REPLICATION queue (Harbor: Job Service Dashboard)", "请恢复 REPLICATION 队列（Harbor 任务中心）")
        }
        StuckCause::ReadOnly => Text::new("take that Harbor out of read-only mode", "请将该 Harbor 退出只读模式"),
        StuckCause::NoTasks => Text::new("stop it and start its policy again", "请停止该执行并重新启动策略"),
        StuckCause::WorkersBusy => {
            Text::new("see the queues: scans or retention hold the workers", "请查看队列：多为扫描或清理占用了工作进程")
        }
        StuckCause::NoWorkers => Text::new("see whether that Harbor's jobservice runs", "请检查该 Harbor 的 jobservice 是否在运行"),
        StuckCause::NotRefreshed => {
            Text::new("its core does not hear its jobservice: see core's log", "core 未收到 jobservice 的状态：请查看 core 日志")
        }
        StuckCause::Unknown => Text::new("Enter shows its tasks, l their log", "按 Enter 查看任务，按 l 查看日志"),
    }
}
