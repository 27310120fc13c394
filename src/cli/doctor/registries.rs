//! What the doctor says of a registry: who we are there, its clock and mode, and each read that it refused with how to mend it.

use super::Row;
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{Follows, Identity, Level, Question, Registry, RegistryKind};
use crate::model::text::{Lang, Text, clean};
use crate::tables::Mark;

/// A clock this far off is said (milliseconds): ages and lags are shown by it.
const SKEW_SAID_MS: i64 = 5_000;

/// The registry's own line, and one for each thing to know beside it. `silent`: it did not tell all in time.
pub(super) fn rows(registry: &Registry, silent: Option<&Fault>, lang: Lang) -> Vec<Row> {
    let (spec, holdings) = (&registry.spec, &registry.holdings);
    let version = holdings.system.as_ref().and_then(|system| system.version.as_deref());
    let latency = holdings.ping_ms.filter(|_| registry.freshness.fault.is_none());
    let cells = [
        spec.name.to_string(),
        spec.url.to_string(),
        version.map_or_else(|| if spec.kind == RegistryKind::Oci { "oci" } else { "?" }.to_owned(), |v| clean(v).into_owned()),
        holdings.identity.as_ref().map_or_else(String::new, |identity| who(identity, lang)),
        latency.map_or_else(String::new, |ms| format!("{ms} ms")),
    ];
    if let Some(fault) = registry.freshness.fault.as_deref().or(silent) {
        return vec![Row { cells, ..said(Mark::Bad, &fault.cause, &fault.hint, lang) }];
    }
    let mut rows = vec![Row { mark: Mark::Good, cells, cause: String::new(), hint: String::new() }];
    if matches!(holdings.identity, Some(Identity::Anonymous)) {
        let cause = Text::new("no credential: only what is public is seen", "没有凭证：只能看到公开内容");
        let hint = Text::new("give this [[registry]] a user and a password", "请为该 [[registry]] 配置 user 与 password");
        rows.push(said(Mark::Warn, &cause, &hint, lang));
    }
    if let Some(system) = &holdings.system {
        if let Some(skew) = system.skew_ms.filter(|skew| skew.abs() >= SKEW_SAID_MS) {
            let seconds = skew.abs() / 1_000;
            let cause = if skew > 0 {
                Text::made(format!("its clock is {seconds} s ahead of this machine's"), format!("其时钟比本机快 {seconds} 秒"))
            } else {
                Text::made(format!("its clock is {seconds} s behind this machine's"), format!("其时钟比本机慢 {seconds} 秒"))
            };
            let hint =
                Text::new("ages and lags take it into account; let NTP set both clocks", "时延计算已扣除该偏差；请用 NTP 校准两端时钟");
            rows.push(said(Mark::Warn, &cause, &hint, lang));
        }
        if system.read_only == Some(true) {
            let cause = Text::new("it is in read-only mode: nothing can be pushed or changed", "处于只读模式：不能推送或修改");
            let hint = Text::new("an administrator ends it under Configuration, System Settings", "由管理员在“配置管理 - 系统设置”中解除");
            rows.push(said(Mark::Warn, &cause, &hint, lang));
        }
    }
    if let Some(gap) = holdings.follows.and_then(Follows::gap) {
        rows.push(said(Mark::Warn, &gap, &Text::new("", ""), lang));
    }
    for question in Question::ALL {
        rows.extend(holdings.refusals(&[question]).iter().map(|fault| refused(question, fault, holdings.identity.as_ref(), lang)));
    }
    rows
}

fn who(identity: &Identity, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    match identity {
        Identity::User(user) if user.sysadmin || user.admin_by_auth => {
            format!("{} ({})", clean(&user.name), if zh { "系统管理员" } else { "administrator" })
        }
        Identity::User(user) => clean(&user.name).into_owned(),
        Identity::Robot(name) => clean(name).into_owned(),
        Identity::Anonymous => if zh { "匿名" } else { "anonymous" }.to_owned(),
    }
}

/// One read that was refused. What a version does not have, or an answer that was none, is no matter of rights.
fn refused(question: Question, fault: &Fault, identity: Option<&Identity>, lang: Lang) -> Row {
    match (fault.kind, question.right()) {
        (FaultKind::Forbidden | FaultKind::Unauthorized, Some((level, right))) => {
            let what = question.words();
            let cause = Text::made(format!("may not read {}", what.en), format!("不能读取{}", what.zh));
            said(Mark::Warn, &cause, &mend(level, right, identity), lang)
        }
        (FaultKind::NotFound, _) => {
            let hint = Text::new("this version may not have it", "该版本可能没有此功能");
            said(Mark::Warn, &fault.cause, &hint, lang)
        }
        _ => said(Mark::Bad, &fault.cause, &fault.hint, lang),
    }
}

fn mend(level: Level, right: &str, identity: Option<&Identity>) -> Text {
    let (en, zh) = match level {
        Level::System => ("system", "系统级"),
        Level::Projects => ("of all projects", "所有项目"),
    };
    match identity {
        Some(Identity::Robot(name)) => {
            let name = clean(name);
            Text::made(format!("give {name} the permission {right} ({en})"), format!("为 {name} 授予权限 {right}（{zh}）"))
        }
        _ => Text::made(
            format!("use an administrator, or a robot with the permission {right} ({en})"),
            format!("改用管理员，或具有权限 {right}（{zh}）的机器人账号"),
        ),
    }
}

fn said(mark: Mark, cause: &Text, hint: &Text, lang: Lang) -> Row {
    Row { mark, cells: Default::default(), cause: clean(cause.get(lang)).into_owned(), hint: clean(hint.get(lang)).into_owned() }
}
