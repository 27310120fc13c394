//! Everything known of one row as lines: what `d` shows and what the preview at the right shows.

use serde_json::Value;

use crate::model::clock::Stamp;
use crate::model::text::{Lang, Text, clean};
use crate::tables::spread::lanes;
use crate::tables::{self, Context, Noun, RowId, Tone, figures};

/// One line: a label, empty where the line goes on, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Said {
    pub label: String,
    pub words: String,
    pub tone: Tone,
}

impl Said {
    pub(in crate::tui) fn new(label: impl Into<String>, words: impl Into<String>, tone: Tone) -> Self {
        Self { label: label.into(), words: words.into(), tone }
    }

    /// A line between paragraphs.
    pub(in crate::tui) fn blank() -> Self {
        Self::new("", "", Tone::Plain)
    }
}

/// All columns, what scripts are told beside them, and the fault in full where the row's endpoint has one.
pub(in crate::tui) fn describe(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let (noun, row) = tables::told_as(noun, row);
    let mut lines = Vec::new();
    for lane in lanes(noun, cx.fleet) {
        let cell = noun.cell(cx, row, lane.place);
        // Columns that a row of this kind has not.
        if cell.text.is_empty() || (lane.column.wide && cell.text == "-") {
            continue;
        }
        lines.push(Said::new(lane.label(cx.lang), cell.text, cell.tone));
    }
    let mut more = Vec::new();
    for (key, value) in noun.extra(cx, row) {
        let is_calm = ZERO_IS_CALM.contains(&key) && value.as_u64() == Some(0);
        let is_said = noun.name() == "edges" && SAID_BY_MODE.contains(&key);
        if !HIDDEN.contains(&key) && !is_said && !is_calm && !noun.columns().iter().any(|c| c.key == key) {
            spell(key, &value, cx, &mut more);
        }
    }
    if !more.is_empty() {
        lines.push(Said::blank());
        lines.append(&mut more);
    }
    let mut why = super::why::why(noun, cx, row);
    // What was said above is not said twice.
    why.retain(|line| line.words.is_empty() || !lines.iter().any(|have| have.words == line.words));
    if !why.is_empty() {
        lines.push(Said::blank());
        lines.extend(why);
    }
    lines
}

/// A time on the clock that the person reads, with its day.
pub(in crate::tui) fn moment(at: Stamp, cx: &Context<'_>) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| "?".to_owned(), |t| t.to_zoned(cx.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Fields for scripts that say nothing new to a person.
const HIDDEN: &[&str] = &[
    "path",
    "currency",
    "costs_per_hour",
    "unpriced",
    "name",
    "about",
    "host",
    "project",
    "repository",
    "tag",
    "role_id",
    "is_member",
    "is_in",
    "sentence",
    "push",
    "unlimited_in",
    "drift_known",
    "unlimited",
    "disabled",
    "succeeded",
    "severity",
    "grants",
    "member",
    "user",
    "robot",
    "sysadmin",
    "kind",
    "deed",
    "resource",
    "resource_type",
];

/// What the column MODE of an edge says in words.
const SAID_BY_MODE: [&str; 4] = ["trigger", "cron", "deletes", "overrides"];

/// Fields whose values are words of protocols.
const SPOKEN_IN: [&str; 2] = ["direction", "trigger"];
/// As people say them.
static SPOKEN: [(&str, Text); 5] = [
    ("push", Text::new("push", "推送")),
    ("pull", Text::new("pull", "拉取")),
    ("manual", Text::new("manual", "手动")),
    ("scheduled", Text::new("scheduled", "定时")),
    ("event_based", Text::new("event", "事件")),
];

/// Counts of trouble that are not worth a line while there is none.
const ZERO_IS_CALM: [&str; 2] = ["lost", "unlisted"];

/// What people call fields that are no columns.
const NAMES: &[(&str, &str)] = &[
    ("cluster", "集群"),
    ("pool", "服务池"),
    ("exit_code", "退出码"),
    ("since", "自"),
    ("mem_limit", "内存上限"),
    ("net_rx", "接收"),
    ("net_tx", "发送"),
    ("login", "登录"),
    ("hostname", "主机名"),
    ("images", "镜像数"),
    ("warnings", "警告"),
    ("cause", "原因"),
    ("up", "在线"),
    ("lost", "失联"),
    ("unlisted", "未列出容器"),
    ("running", "运行"),
    ("idc", "机房"),
    ("title", "名称"),
    ("swarm", "Swarm"),
    ("ports", "端口"),
    ("id", "ID"),
    ("severity", "级别"),
    ("plan", "计划"),
    ("reason", "说明"),
    ("labels", "标签"),
    ("registries", "所在仓库"),
    ("used_in", "用量"),
    ("quota_in", "配额"),
    ("ghosts", "未列出的成员"),
    ("tags_in", "标签"),
    ("pushed_in", "推送"),
    ("pulled_in", "拉取"),
    ("labels_in", "标记"),
    ("hangs_on_it", "附件"),
    ("children", "子制品"),
    ("media_type", "媒体类型"),
    ("realname", "姓名"),
    ("grants", "授权"),
    ("days_left", "剩余天数"),
    ("description", "描述"),
    ("registry", "仓库"),
    ("idc", "机房"),
    ("from", "源端"),
    ("to", "目标端"),
    ("declared", "在配置中"),
    ("policy_id", "策略编号"),
    ("direction", "方向"),
    ("trigger", "触发"),
    ("enabled", "启用"),
    ("deletes", "含删除"),
    ("overrides", "覆盖"),
    ("dual_master", "双主"),
    ("in_ring", "成环"),
    ("claim", "Harbor 称"),
    ("account", "账号"),
    ("last_run", "上次运行"),
    ("trouble_since", "异常始于"),
    ("retrying", "重试中"),
    ("running", "进行中"),
    ("stuck", "卡住"),
    ("skipped", "跳过"),
    ("id", "编号"),
    ("ended", "结束"),
    ("succeed", "成功"),
    ("failed", "失败"),
    ("in_progress", "进行中"),
    ("stopped", "停止"),
    ("status_text", "Harbor 原话"),
    ("final", "已定论"),
    ("endpoint", "端点"),
    ("endpoint_url", "端点地址"),
    ("created", "创建"),
    ("updated", "更新"),
    ("workers", "工作进程"),
    ("heartbeat", "心跳"),
    ("replicated_from", "同步自"),
    ("read_only", "只读"),
    ("clock_skew_ms", "时钟偏差 ms"),
    ("denied", "被拒的查询"),
    ("aliases", "别名"),
    ("budget_currency", "预算币种"),
    ("budget_per", "预算周期"),
    ("class", "机型"),
    ("copy_by_chunk", "分块复制"),
    ("cron", "定时表达式"),
    ("digest", "摘要"),
    ("filter_list", "过滤条件"),
    ("init", "初始化"),
    ("insecure", "不校验证书"),
    ("job_id", "作业编号"),
    ("leads_to", "指向"),
    ("manifest_media_type", "清单类型"),
    ("paused", "暂停"),
    ("replace_count", "替换层数"),
    ("trouble", "异常"),
];

/// A value for scripts as lines for people: lists and maps one line each, nothing for what is not known.
fn spell(label: &str, value: &Value, cx: &Context<'_>, lines: &mut Vec<Said>) {
    let zh = NAMES.iter().find(|(key, _)| *key == label && cx.lang == Lang::Zh).map(|(_, zh)| (*zh).to_owned());
    let head = zh.unwrap_or_else(|| label.to_uppercase().replace('_', " "));
    let counted = value.as_u64().and_then(|n| match label {
        "mem_limit" | "memory_limit" | "size" | "used_in" | "quota_in" => Some(figures::bytes(n)),
        "net_rx" | "net_tx" => Some(figures::rate(n)),
        _ => None,
    });
    if let Some(words) = counted {
        return lines.push(Said::new(head, words, Tone::Plain));
    }
    let spoken = SPOKEN.iter().find(|(word, _)| SPOKEN_IN.contains(&label) && value.as_str() == Some(word));
    if let Some((_, words)) = spoken {
        return lines.push(Said::new(head, words.get(cx.lang), Tone::Plain));
    }
    let many: Vec<String> = match value {
        Value::Null => return,
        Value::Array(list) => list.iter().map(|one| words_of(one, cx)).collect(),
        Value::Object(map) if map.values().all(Value::is_null) => return,
        Value::Object(map) => {
            let sized = |one: &Value| if matches!(label, "used_in" | "quota_in") { one.as_u64().map(figures::bytes) } else { None };
            map.iter().map(|(key, one)| format!("{}={}", clean(key), sized(one).unwrap_or_else(|| words_of(one, cx)))).collect()
        }
        one => vec![words_of(one, cx)],
    };
    for (at, words) in many.into_iter().enumerate() {
        lines.push(Said::new(if at == 0 { head.as_str() } else { "" }, words, Tone::Plain));
    }
}

fn words_of(value: &Value, cx: &Context<'_>) -> String {
    match value {
        Value::String(words) => match Stamp::parse_rfc3339(words) {
            Some(at) => moment(at, cx),
            None => clean(words).into_owned(),
        },
        Value::Bool(yes) => Text::new(["no", "yes"][usize::from(*yes)], ["否", "是"][usize::from(*yes)]).get(cx.lang).to_owned(),
        Value::Object(map) => map.iter().map(|(key, one)| format!("{}={}", clean(key), words_of(one, cx))).collect::<Vec<_>>().join(" "),
        Value::Array(list) => list.iter().map(|one| words_of(one, cx)).collect::<Vec<_>>().join(" "),
        Value::Null => "?".to_owned(),
        Value::Number(number) => number.to_string(),
    }
}

/// What one row of a noun is called; the title of the noun where that fits.
static ONE: [(&str, Text); 23] = [
    ("registries", Text::new("registry", "仓库")),
    ("projects", Text::new("project", "项目")),
    ("members", Text::new("member", "成员")),
    ("users", Text::new("user", "用户")),
    ("repositories", Text::new("repository", "镜像仓库")),
    ("artifacts", Text::new("artifact", "制品")),
    ("tags", Text::new("tag", "标签")),
    ("robots", Text::new("robot", "机器人账号")),
    ("quotas", Text::new("quota", "配额")),
    ("edges", Text::new("edge", "链路")),
    ("policies", Text::new("policy", "策略")),
    ("executions", Text::new("execution", "执行")),
    ("replication_tasks", Text::new("task", "任务")),
    ("queues", Text::new("queue", "队列")),
    ("peers", Text::new("peer", "对端")),
    ("tasks", Text::new("run", "操作")),
    ("containers", Text::new("container", "容器")),
    ("hosts", Text::new("host", "主机")),
    ("host_tree", Text::new("hosts of", "主机")),
    ("idcs", Text::new("IDC", "机房")),
    ("clusters", Text::new("cluster", "集群")),
    ("pools", Text::new("pool", "服务池")),
    ("classes", Text::new("class", "机型")),
];

fn join(parts: &[Option<String>], by: &str) -> Option<String> {
    let known: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    (!known.is_empty()).then(|| known.join(by))
}

/// The words over a box.
pub(in crate::tui) fn title_of(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> String {
    let (fleet, lang) = (cx.fleet, cx.lang);
    let one_of = |noun: &dyn Noun| ONE.iter().find(|(name, _)| *name == noun.name()).map(|(_, one)| one.get(lang));
    if noun.name() == "attention" {
        return noun.title().get(lang).to_owned();
    }
    // A container's key ends in 64 digits that nobody reads.
    if let Some((host, container)) = (noun.name() == "containers").then(|| tables::container_at(fleet, row)).flatten() {
        return format!("{} {}/{}", one_of(noun).unwrap_or_default(), clean(host.name()), clean(&container.name));
    }
    let (told, row) = tables::told_as(noun, row);
    let title = told.title();
    let title = one_of(told).unwrap_or(title.get(lang));
    let cell_of = |key: &str| {
        let place = told.columns().iter().position(|column| column.key == key)?;
        Some(told.cell(cx, row, place).text)
    };
    // Keys that people do not know the row by.
    let known_as = match told.name() {
        "activity" => join(&[cell_of("at"), cell_of("subject")], " "),
        "audit" => join(&[cell_of("at"), cell_of("name")], " "),
        "artifacts" => join(&[cell_of("repository"), cell_of("name")], "@"),
        "edges" => cell_of("edge"),
        "idcs" | "host_tree" | "members" | "access" | "policies" | "peers" | "robots" => cell_of("name"),
        "tasks" => cell_of("id"),
        _ => None,
    };
    format!("{title} {}", known_as.unwrap_or_else(|| clean(&told.key(fleet, row)).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::fixture::NOW;
    use crate::model::fixture::registries::harbors;
    use crate::model::live::Live;
    use crate::tables::Scope;
    use crate::tables::fixture::{publish, published, registries};

    #[test]
    fn every_field_beside_the_columns_has_a_name_in_chinese() {
        let mut missing = BTreeSet::new();
        for fleet in [published(), registries(), publish(harbors())] {
            let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::Zh, zone: &jiff::tz::TimeZone::UTC };
            for noun in tables::all() {
                for row in noun.rows(&fleet, &Scope::default()) {
                    let more = noun.extra(&cx, row).into_iter().map(|(key, _)| key);
                    let shown = more.filter(|key| !HIDDEN.contains(key) && !noun.columns().iter().any(|c| c.key == *key));
                    missing.extend(shown.filter(|key| !NAMES.iter().any(|(name, _)| name == key)));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
