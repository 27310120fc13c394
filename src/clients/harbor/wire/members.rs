//! Members, people and groups, as told.

use serde::Deserialize;

use super::{FromWire, When, Word, at, some, word};
use crate::model::member::{Group, GroupKind, Member, MemberKind, Role, User};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireMember {
    id: Option<i64>,
    project_id: Option<i64>,
    entity_name: Option<Word>,
    entity_type: Option<Word>,
    entity_id: Option<i64>,
    role_id: Option<i64>,
    role_name: Option<Word>,
}

impl FromWire for WireMember {
    type Noun = Member;

    fn noun(self) -> Member {
        Member {
            id: self.id.unwrap_or_default(),
            project_id: self.project_id.unwrap_or_default(),
            name: word(self.entity_name),
            kind: MemberKind::parse(&word(self.entity_type)),
            entity_id: self.entity_id.unwrap_or_default(),
            role: Role::from_id(self.role_id.unwrap_or_default()),
            role_name: word(self.role_name),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireUser {
    user_id: Option<i64>,
    username: Option<Word>,
    realname: Option<Word>,
    email: Option<Word>,
    sysadmin_flag: Option<bool>,
    creation_time: Option<When>,
}

impl FromWire for WireUser {
    type Noun = User;

    fn noun(self) -> User {
        User {
            id: self.user_id.unwrap_or_default(),
            name: word(self.username),
            realname: some(self.realname),
            email: some(self.email),
            sysadmin: self.sysadmin_flag.unwrap_or_default(),
            created: at(self.creation_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireGroup {
    id: Option<i64>,
    group_name: Option<Word>,
    group_type: Option<i64>,
    ldap_group_dn: Option<Word>,
}

impl FromWire for WireGroup {
    type Noun = Group;

    fn noun(self) -> Group {
        Group {
            id: self.id.unwrap_or_default(),
            name: word(self.group_name),
            kind: GroupKind::from_id(self.group_type.unwrap_or_default()),
            ldap_dn: some(self.ldap_group_dn),
        }
    }
}
