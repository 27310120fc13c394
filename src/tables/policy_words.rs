//! Policies in a few words: what starts them, what they take along, what they are about.

use crate::model::replication::{Decoration, Filter, Policy, TriggerKind};
use crate::model::text::{Lang, clean};

/// `event, deletes`, `02:00 UTC daily`.
pub fn mode(policy: &Policy, lang: Lang) -> String {
    let mut words = trigger(policy, lang);
    let mut add = |en: &str, zh: &str| {
        words.push_str(if lang == Lang::Zh { "，" } else { ", " });
        words.push_str(if lang == Lang::Zh { zh } else { en });
    };
    if policy.deletes {
        add("deletes", "含删除");
    }
    if !policy.overrides {
        add("keeps existing", "不覆盖");
    }
    words
}

/// What starts it.
pub(super) fn trigger(policy: &Policy, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    match (&policy.trigger.kind, &policy.trigger.cron) {
        (TriggerKind::Manual, _) => if zh { "手动" } else { "manual" }.to_owned(),
        (TriggerKind::Event, _) => if zh { "事件" } else { "event" }.to_owned(),
        (TriggerKind::Scheduled, Some(cron)) => clock(cron, lang),
        (TriggerKind::Scheduled, None) => if zh { "定时" } else { "scheduled" }.to_owned(),
        (TriggerKind::Other(word), _) => clean(word).into_owned(),
    }
}

/// A cron of six fields, as people say it where it is one that people use; in UTC, as Harbor reads it.
fn clock(cron: &str, lang: Lang) -> String {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let zh = lang == Lang::Zh;
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u8>().ok());
    let any = |from: usize| fields.get(from..).is_some_and(|rest| rest.iter().all(|field| matches!(*field, "*" | "?")));
    match (fields.len(), number(1), number(2)) {
        (6, Some(minute), Some(hour)) if any(3) => {
            if zh {
                format!("每日 {hour:02}:{minute:02} UTC")
            } else {
                format!("{hour:02}:{minute:02} UTC daily")
            }
        }
        (6, Some(minute), None) if any(2) => {
            if zh {
                format!("每小时 :{minute:02}")
            } else {
                format!("hourly :{minute:02}")
            }
        }
        (6, Some(minute), Some(hour)) if matches!(fields[3], "*" | "?") && matches!(fields[4], "*" | "?") => {
            const DAYS: [(&str, &str); 7] =
                [("Sun", "日"), ("Mon", "一"), ("Tue", "二"), ("Wed", "三"), ("Thu", "四"), ("Fri", "五"), ("Sat", "六")];
            match number(5).map(|day| DAYS[usize::from(day) % 7]) {
                Some((_, day)) if zh => format!("每周{day} {hour:02}:{minute:02} UTC"),
                Some((day, _)) => format!("{hour:02}:{minute:02} UTC {day}"),
                None => clean(cron).into_owned(),
            }
        }
        _ => clean(cron).into_owned(),
    }
}

/// `payment/**, tag v*, not tag *-dev`; nothing where it is about everything.
pub(super) fn filters(policy: &Policy, lang: Lang) -> String {
    let parts: Vec<String> = policy.filters.iter().filter(|f| f.values.iter().any(|v| !v.is_empty())).map(|f| filter(f, lang)).collect();
    parts.join(if lang == Lang::Zh { "，" } else { ", " })
}

fn filter(filter: &Filter, lang: Lang) -> String {
    use crate::model::replication::FilterKind;
    let zh = lang == Lang::Zh;
    let kind = match &filter.kind {
        FilterKind::Name => "",
        FilterKind::Tag => {
            if zh {
                "标签 "
            } else {
                "tag "
            }
        }
        FilterKind::Label => {
            if zh {
                "标记 "
            } else {
                "label "
            }
        }
        FilterKind::Resource => {
            if zh {
                "类型 "
            } else {
                "type "
            }
        }
        FilterKind::Other(word) => word,
    };
    let not = if filter.decoration == Decoration::Excludes { if zh { "非" } else { "not " } } else { "" };
    format!("{not}{kind}{}", clean(&filter.values.join("+")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crons_that_people_use_are_said_as_they_say_them() {
        for (cron, en, zh) in [
            ("0 0 2 * * *", "02:00 UTC daily", "每日 02:00 UTC"),
            ("0 30 14 ? * *", "14:30 UTC daily", "每日 14:30 UTC"),
            ("0 5 * * * *", "hourly :05", "每小时 :05"),
            ("0 0 3 * * 0", "03:00 UTC Sun", "每周日 03:00 UTC"),
            ("0 0 3 1 * *", "0 0 3 1 * *", "0 0 3 1 * *"),
            ("0 0/10 * * * *", "0 0/10 * * * *", "0 0/10 * * * *"),
            ("nonsense\u{1b}", "nonsense\u{FFFD}", "nonsense\u{FFFD}"),
        ] {
            assert_eq!((clock(cron, Lang::En).as_str(), clock(cron, Lang::Zh).as_str()), (en, zh));
        }
    }
}
