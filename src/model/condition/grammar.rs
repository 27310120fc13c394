//! The forms of a clause, and how a condition is read by them.

use super::{Clause, Wanted};
use crate::model::fault::{Fault, FaultKind};
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};

/// One way to write a clause. Words in capitals stand for a name.
struct Form {
    words: &'static [&'static str],
    means: Text,
    make: fn(&[&str]) -> Option<Clause>,
}

static FORMS: [Form; 11] = [
    Form {
        words: &["run", "ID", "done"],
        means: Text::new("this run has ended and every step of it is done", "该任务已结束且每一步都完成"),
        make: |names| Some(Clause::Run(names.first().copied()?.into())),
    },
    Form {
        words: &["hosts", "up"], means: Text::new("every host answers", "所有主机都有应答"), make: |_| Some(Clause::Hosts(None))
    },
    Form {
        words: &["hosts", "up", "in", "IDC"],
        means: Text::new("every host of this IDC answers", "该机房的所有主机都有应答"),
        make: |names| Some(Clause::Hosts(Some(names.first().copied()?.into()))),
    },
    Form {
        words: &["host", "NAME", "up"],
        means: Text::new("this host answers", "该主机有应答"),
        make: |names| Some(Clause::Host(names.first().copied()?.into())),
    },
    Form {
        words: &["registries", "up"],
        means: Text::new("every registry answers", "所有仓库都有应答"),
        make: |_| Some(Clause::Registries),
    },
    Form {
        words: &["registry", "NAME", "up"],
        means: Text::new("this registry answers", "该仓库有应答"),
        make: |names| Some(Clause::Registry(names.first().copied()?.into())),
    },
    Form {
        words: &["container", "HOST/NAME", "running"],
        means: Text::new("it runs", "该容器在运行"),
        make: |names| container(names, Wanted::Running),
    },
    Form {
        words: &["container", "HOST/NAME", "healthy"],
        means: Text::new("it runs and its health check says so", "该容器在运行且健康检查通过"),
        make: |names| container(names, Wanted::Healthy),
    },
    Form {
        words: &["container", "HOST/NAME", "stopped"],
        means: Text::new("it is there and does not run", "该容器存在且未运行"),
        make: |names| container(names, Wanted::Stopped),
    },
    Form {
        words: &["container", "HOST/NAME", "gone"],
        means: Text::new("its host answers and has no such container", "主机有应答且没有该容器"),
        make: |names| container(names, Wanted::Gone),
    },
    Form {
        words: &["no", "faults"],
        means: Text::new("every host and registry answers, and the config is good", "所有主机与仓库都有应答，且配置无误"),
        make: |_| Some(Clause::NoFaults),
    },
];

/// Between two clauses.
const AND: &str = "and";

/// How a clause may be written, and when it is so: for help and references.
pub fn forms() -> impl Iterator<Item = (String, &'static Text)> {
    FORMS.iter().map(|form| (form.words.join(" "), &form.means))
}

pub(super) fn parse(text: &str) -> Result<Vec<Clause>, Fault> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut clauses, mut at) = (Vec::new(), 0);
    loop {
        let (clause, taken) = clause(&words, at)?;
        clauses.push(clause);
        at += taken;
        match words.get(at) {
            None => return Ok(clauses),
            Some(&AND) => at += 1,
            Some(_) => return Err(expected(&words, at, &may_follow(&words[at - taken..], taken))),
        }
    }
}

/// The longest form that stands at this place, and how many words it has.
fn clause(words: &[&str], at: usize) -> Result<(Clause, usize), Fault> {
    let rest = &words[at..];
    if rest.first() == Some(&"rollout") {
        let cause =
            Text::new("this version of wharf carries out no rollouts, so none can be waited for", "此版本尚不执行发布，因此无从等待");
        return Err(Fault::new("--until", FaultKind::Usage, cause, all_forms()));
    }
    let whole = FORMS.iter().filter(|form| matching(form, rest) == form.words.len()).max_by_key(|form| form.words.len());
    let Some(form) = whole else {
        let furthest = FORMS.iter().map(|form| matching(form, rest)).max().unwrap_or(0);
        return Err(expected(words, at + furthest, &may_follow(rest, furthest)));
    };
    let named = form.words.iter().zip(rest).filter(|(word, _)| is_name(word)).map(|(_, name)| *name);
    match (form.make)(&named.collect::<Vec<_>>()) {
        Some(clause) => Ok((clause, form.words.len())),
        None => Err(expected(words, at + 1, &["HOST/NAME"])),
    }
}

/// How many words of a form stand here.
fn matching(form: &Form, words: &[&str]) -> usize {
    form.words.iter().zip(words).take_while(|(wanted, word)| is_name(wanted) || wanted == word).count()
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_uppercase() || b == b'/')
}

/// What may stand after so many words of a clause.
fn may_follow(clause: &[&str], words: usize) -> Vec<&'static str> {
    let mut may: Vec<&'static str> = Vec::new();
    for form in FORMS.iter().filter(|form| matching(form, clause) >= words) {
        let next = form.words.get(words).copied().unwrap_or(AND);
        if !may.contains(&next) {
            may.push(next);
        }
    }
    may
}

fn container(names: &[&str], wanted: Wanted) -> Option<Clause> {
    let (host, name) = names.first()?.split_once('/')?;
    let whole = !host.is_empty() && !name.is_empty();
    whole.then(|| Clause::Container { host: host.into(), name: name.into(), wanted })
}

/// Something else was to stand at this place.
fn expected(words: &[&str], at: usize, may: &[&'static str]) -> Fault {
    let so_far = clean(&words[..at.min(words.len())].join(" ")).into_owned();
    let list = may.join(", ");
    let (after_en, after_zh) = if so_far.is_empty() {
        ("a condition begins with".to_owned(), "条件应以此开头：".to_owned())
    } else {
        (format!("after '{so_far}' may stand"), format!("“{so_far}”之后可以是 "))
    };
    let (there_en, there_zh) = match words.get(at) {
        Some(word) => (format!(", not '{}'", clean(word)), format!("，而不是“{}”", clean(word))),
        None => (String::new(), String::new()),
    };
    let cause = Text::made(format!("{after_en} {list}{there_en}"), format!("{after_zh}{list}{there_zh}"));
    let near = words.get(at).and_then(|word| nearest(word, may.iter().copied().filter(|word| !is_name(word))));
    let hint = match near {
        Some(near) => Text::made(format!("did you mean '{near}'?"), format!("是否想写“{near}”？")),
        None => all_forms(),
    };
    Fault::new("--until", FaultKind::Usage, cause, hint)
}

fn all_forms() -> Text {
    let all = forms().map(|(words, _)| words).collect::<Vec<_>>().join(" | ");
    Text::made(format!("write one of: {all}; several with 'and' between"), format!("可写：{all}；多个条件之间写 and"))
}
