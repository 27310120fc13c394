//! Members of projects, people and groups.

use serde_json::json;

use super::names::Conditions;
use super::wire::{WireGroup, WireMember, WireUser};
use super::{Harbor, Listing, Question};
use crate::clients::http::{Ask, Method, segment};
use crate::model::fault::{Fault, FaultKind};
use crate::model::member::{Group, Member, Members, Role, User};
use crate::model::text::Text;

const MEMBERS: &str = "/api/v2.0/projects/{project}/members";
const MEMBER: &str = "/api/v2.0/projects/{project}/members/{id}";

/// Who is to become a member. A user goes by name, because Harbor then looks in its directory too; a group by its id,
/// because Harbor creates a group whose name it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewMember<'a> {
    User(&'a str),
    Group(i64),
}

impl Harbor {
    /// Who belongs to a project. Harbor orders them by name and counts some that it never lists.
    pub async fn list_members(&self, project: &str) -> Result<Members, Fault> {
        let question = Question::new(MEMBERS, format!("/api/v2.0/projects/{}/members", segment(project)));
        let listing = self.whole::<WireMember, _>(question, |member| member.id).await?;
        Ok(Members { total: listing.total, listed: listing.rows })
    }

    /// The memberships of one name, exactly. The total that Harbor tells here is of all members, so none is given.
    pub async fn list_members_named(&self, project: &str, name: &str) -> Result<Vec<Member>, Fault> {
        let ask = Ask::get(MEMBERS, format!("/api/v2.0/projects/{}/members", segment(project))).query("entityname", name);
        Ok(self.page::<WireMember>(ask).await?.0)
    }

    pub async fn fetch_member(&self, project: &str, id: i64) -> Result<Member, Fault> {
        self.one::<WireMember>(Ask::get(MEMBER, format!("/api/v2.0/projects/{}/members/{id}", segment(project)))).await
    }

    /// Adds a member. The answer has no body; the membership's id is the end of its `Location`, where one came.
    ///
    /// # Errors
    /// Usage for a role that Harbor does not have; `NotFound` for an unknown user or project; Conflict where it is a member
    /// already, also one that Harbor counts and does not list.
    pub async fn create_member(&self, project: &str, who: NewMember<'_>, role: Role) -> Result<Option<i64>, Fault> {
        let role_id = self.sound(role)?;
        let body = match who {
            NewMember::User(name) => json!({ "role_id": role_id, "member_user": { "username": name } }),
            NewMember::Group(id) => json!({ "role_id": role_id, "member_group": { "id": id } }),
        };
        let path = format!("/api/v2.0/projects/{}/members", segment(project));
        let answer = self.answer(Ask::new(Method::POST, MEMBERS, path).json(&body)).await?;
        Ok(answer.header("location").and_then(|place| place.trim_end_matches('/').rsplit('/').next()?.parse().ok()))
    }

    /// Changes a member's role. Harbor answers success for an id that no member has: read it again to know.
    ///
    /// # Errors
    /// Usage for a role that Harbor does not have. It would store it, and the member would vanish from every list.
    pub async fn change_member(&self, project: &str, id: i64, role: Role) -> Result<(), Fault> {
        let body = json!({ "role_id": self.sound(role)? });
        let path = format!("/api/v2.0/projects/{}/members/{id}", segment(project));
        self.answer(Ask::new(Method::PUT, MEMBER, path).json(&body)).await.map(drop)
    }

    /// Takes a member out. Harbor answers success for an id that no member has: read it again to know.
    pub async fn remove_member(&self, project: &str, id: i64) -> Result<(), Fault> {
        let path = format!("/api/v2.0/projects/{}/members/{id}", segment(project));
        self.answer(Ask::new(Method::DELETE, MEMBER, path)).await.map(drop)
    }

    /// The number of a role that Harbor has.
    fn sound(&self, role: Role) -> Result<i64, Fault> {
        if role.name().is_some() {
            return Ok(role.id());
        }
        let id = role.id();
        Err(Fault::new(
            &**self.name(),
            FaultKind::Usage,
            Text::made(format!("Harbor has no role {id}; nothing was sent"), format!("Harbor 没有编号为 {id} 的角色，未发送")),
            Text::new("use one of Harbor's own roles", "请使用 Harbor 自带的角色"),
        ))
    }

    /// Everybody; system administrators, and robots that were given it.
    pub async fn list_users(&self) -> Result<Listing<User>, Fault> {
        let question = Question::new("/api/v2.0/users", "/api/v2.0/users").with("sort", "user_id");
        self.whole::<WireUser, _>(question, |user| user.id).await
    }

    /// People whose name contains this; at most 100 of them.
    pub async fn list_users_like(&self, part: &str) -> Result<Listing<User>, Fault> {
        let q = Conditions::default().like("username", part).text(self.name())?;
        self.first::<WireUser>(Question::new("/api/v2.0/users", "/api/v2.0/users").with("q", q).with("sort", "username"), 100).await
    }

    /// The same for anybody who is signed in, with ids and names only. Harbor gives one page and no other.
    pub async fn search_users(&self, part: &str) -> Result<Vec<User>, Fault> {
        let question = Question::new("/api/v2.0/users/search", "/api/v2.0/users/search").with("username", part);
        Ok(self.first::<WireUser>(question, 100).await?.rows)
    }

    pub async fn list_groups(&self) -> Result<Listing<Group>, Fault> {
        self.whole::<WireGroup, _>(Question::new("/api/v2.0/usergroups", "/api/v2.0/usergroups"), |group| group.id).await
    }
}
