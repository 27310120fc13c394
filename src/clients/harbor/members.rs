//! Members of projects, people and groups.

use super::names::Conditions;
use super::wire::{WireGroup, WireMember, WireUser};
use super::{Harbor, Listing, Question};
use crate::clients::http::{Ask, segment};
use crate::model::fault::Fault;
use crate::model::member::{Group, Member, Members, User};

const MEMBERS: &str = "/api/v2.0/projects/{project}/members";
const MEMBER: &str = "/api/v2.0/projects/{project}/members/{id}";

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
