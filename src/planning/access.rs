//! Who may push to a project in each registry, and by what: a direct role, a group, or the whole registry in their hands.

use crate::model::fleet::Fleet;
use crate::model::member::{MemberKind, Role};
use crate::model::text::{Text, clean};
use crate::model::union::{MemberUnion, Power, Presence, ProjectUnion, power_at};

/// Whether a member may push to a project in one registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// By this role of their own.
    May(Role),
    /// Administers the whole registry.
    Sysadmin,
    /// The role that they have is too small.
    MayNot(Role),
    /// Not a member themselves; groups may let them, and whose people Harbor does not tell.
    UnlessByGroup,
    /// Not a member, and the project has no groups.
    NotMember,
    /// The project is not there.
    NoProject,
    /// It was not read, or the role is not known here.
    Unknown,
}

impl Answer {
    /// Yes, no, or not known.
    #[must_use]
    pub fn may(self) -> Option<bool> {
        match self {
            Self::May(_) | Self::Sysadmin => Some(true),
            Self::MayNot(_) | Self::NotMember | Self::NoProject => Some(false),
            Self::UnlessByGroup | Self::Unknown => None,
        }
    }
}

/// Whether a member may push to the project in one registry. A role of their own that is too small may be widened by a
/// group, so that it is only a no where the project has none there.
#[must_use]
pub fn may_push(fleet: &Fleet, project: &ProjectUnion, member: &MemberUnion, registry: usize) -> Answer {
    if project.at(fleet, registry).here().is_none() {
        return if matches!(project.at(fleet, registry), Presence::Absent) { Answer::NoProject } else { Answer::Unknown };
    }
    let is_person = member.kind == MemberKind::User;
    let power = power_at(fleet, &member.name, registry);
    if is_person && power == Presence::Here(Power::Sysadmin) {
        return Answer::Sysadmin;
    }
    let role = project.role_at(fleet, member, registry);
    match role {
        Presence::Here(role) => match role.may_push() {
            Some(true) => Answer::May(role),
            Some(false) if is_person && pushing_groups(project, registry) => Answer::UnlessByGroup,
            Some(false) => Answer::MayNot(role),
            None => Answer::Unknown,
        },
        Presence::Absent if is_person && pushing_groups(project, registry) => Answer::UnlessByGroup,
        // Whether they are an administrator there was not told.
        Presence::Absent if is_person && power == Presence::Unknown => Answer::Unknown,
        Presence::Absent => Answer::NotMember,
        Presence::Unknown => Answer::Unknown,
    }
}

/// Whether some group that is a member there may push, or has a role that is not known here.
fn pushing_groups(project: &ProjectUnion, registry: usize) -> bool {
    let groups = project.members.iter().filter(|member| member.kind == MemberKind::Group);
    groups.flat_map(|group| &group.roles).any(|(at, role)| *at == registry && role.may_push() != Some(false))
}

/// `may push in 永丰, aws-bj (developer, direct); may not in 土城 (guest)`: places of one answer together.
#[must_use]
pub fn sentence(answers: &[(String, Answer)], kind: &MemberKind) -> Text {
    let mut groups: Vec<(Answer, Vec<&str>)> = Vec::new();
    for (place, answer) in answers {
        match groups.iter_mut().find(|(known, _)| known == answer) {
            Some((_, places)) => places.push(place),
            None => groups.push((*answer, vec![place])),
        }
    }
    let said: Vec<Text> = groups.iter().map(|(answer, places)| clause(*answer, places, kind)).collect();
    let join = |words: Vec<&str>, between: &str| words.join(between);
    Text::made(join(said.iter().map(|t| &*t.en).collect(), "; "), join(said.iter().map(|t| &*t.zh).collect(), "；"))
}

fn clause(answer: Answer, places: &[&str], kind: &MemberKind) -> Text {
    let (en, zh) = (clean(&places.join(", ")).into_owned(), clean(&places.join("、")).into_owned());
    let via = if *kind == MemberKind::Group { Text::new("group", "经用户组") } else { Text::new("direct", "直接") };
    match answer {
        Answer::May(role) => {
            let role = role.word();
            Text::made(format!("may push in {en} ({}, {})", role.en, via.en), format!("可推送到{zh}（{}，{}）", role.zh, via.zh))
        }
        Answer::Sysadmin => Text::made(format!("may push in {en} (sysadmin there)"), format!("可推送到{zh}（当地系统管理员）")),
        Answer::MayNot(role) => {
            let role = role.word();
            Text::made(format!("may not in {en} ({})", role.en), format!("不可推送到{zh}（{}）", role.zh))
        }
        Answer::UnlessByGroup => Text::made(
            format!("in {en} only if a group of the project lets them, whose people are not known"),
            format!("{zh}：本人无权，除非属于项目中的某个用户组（组内人员未知）"),
        ),
        Answer::NotMember => Text::made(format!("may not in {en} (not a member)"), format!("不可推送到{zh}（不是成员）")),
        Answer::NoProject => Text::made(format!("no such project in {en}"), format!("{zh}没有该项目")),
        Answer::Unknown => Text::made(format!("not known in {en}"), format!("{zh}未知")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::derived::Derived;
    use crate::model::fixture::NOW;
    use crate::model::fixture::holdings::{declare, harbor, member, members, project, say, user};
    use crate::model::member::Member;
    use crate::model::registry::{Identity, ProjectPart, RegistryFact};
    use crate::planning::derive;

    /// `payment` in one registry with these members and users; none told where `None`.
    fn fleet(list: Option<&[Member]>, users: Option<&[(&str, Power)]>) -> Fleet {
        let mut fleet = Fleet::default();
        declare(&mut fleet, vec![harbor("tucheng", "tucheng", None), harbor("yongfeng", "yongfeng", None)]);
        let all = |name: &str| {
            if name == "yongfeng" {
                Some(vec![member("bob", 2), member("carol", 3), member("eve", 99)])
            } else {
                list.map(<[Member]>::to_vec)
            }
        };
        for name in ["tucheng", "yongfeng"] {
            say(&mut fleet, name, NOW, RegistryFact::Identity(Identity::Robot("robot$wharf".into())));
            say(&mut fleet, name, NOW, RegistryFact::Projects(vec![project("payment", "private")]));
            if let Some(list) = all(name) {
                let part = ProjectPart::Members(Arc::new(members(list, 0)));
                say(&mut fleet, name, NOW, RegistryFact::Project { name: "payment".into(), part });
            }
            if let Some(users) = users {
                let users = users.iter().map(|(name, power)| user(name, *power)).collect();
                say(&mut fleet, name, NOW, RegistryFact::Users(Arc::new(users)));
            }
        }
        fleet.derived = Arc::new(derive(&fleet, NOW, &Derived::default()));
        fleet
    }

    fn answers(fleet: &Fleet, name: &str) -> [Answer; 2] {
        let project = &fleet.derived.projects[0];
        let member = project.members.iter().find(|member| &*member.name == name).expect(name);
        [1, 0].map(|registry| may_push(fleet, project, member, registry))
    }

    #[test]
    fn a_role_of_ones_own_lets_one_push_or_not() {
        let fleet = fleet(Some(&[member("bob", 3)]), Some(&[("bob", Power::User)]));
        assert_eq!(answers(&fleet, "bob"), [Answer::May(Role::Developer), Answer::MayNot(Role::Guest)]);
        assert_eq!(answers(&fleet, "carol")[1], Answer::NotMember);
        assert_eq!(answers(&fleet, "eve")[0], Answer::Unknown, "role 99");
    }

    #[test]
    fn what_was_not_read_is_not_a_no() {
        let unread = fleet(None, Some(&[("bob", Power::User)]));
        assert_eq!(answers(&unread, "bob")[1], Answer::Unknown);
        let no_users = fleet(Some(&[]), None);
        assert_eq!(answers(&no_users, "bob")[1], Answer::Unknown, "may be an administrator");
    }

    #[test]
    fn administrators_may_everywhere_and_groups_make_a_no_uncertain() {
        let fleet = fleet(Some(&[member("bob", 3), member("@sre", 4)]), Some(&[("carol", Power::Sysadmin)]));
        assert_eq!(answers(&fleet, "carol"), [Answer::Sysadmin; 2]);
        assert_eq!(power_at(&fleet, "admin", 0), Presence::Here(Power::Sysadmin), "no list names Harbor's own");
        assert_eq!(answers(&fleet, "bob")[1], Answer::UnlessByGroup);
        assert_eq!(answers(&fleet, "sre"), [Answer::NotMember, Answer::May(Role::Maintainer)]);
    }

    #[test]
    fn answers_read_as_a_sentence() {
        let at = |place: &str, answer| (place.to_owned(), answer);
        let all =
            [at("永丰", Answer::May(Role::Developer)), at("土城", Answer::MayNot(Role::Guest)), at("aws-bj", Answer::May(Role::Developer))];
        let text = sentence(&all, &MemberKind::User);
        assert_eq!(text.en, "may push in 永丰, aws-bj (developer, direct); may not in 土城 (guest)");
        assert_eq!(text.zh, "可推送到永丰、aws-bj（开发者，直接）；不可推送到土城（访客）");
    }
}
