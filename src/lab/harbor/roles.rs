//! Which permissions a role gives in a project, and which a robot may be given: Harbor's own tables.

/// Resource and action; `.` is the project itself.
pub(super) type Right = (&'static str, &'static str);

pub(super) const PROJECT_ADMIN: i64 = 1;
pub(super) const DEVELOPER: i64 = 2;
pub(super) const GUEST: i64 = 3;
pub(super) const MAINTAINER: i64 = 4;
pub(super) const LIMITED_GUEST: i64 = 5;

/// What anybody may do in a public project, signed in or not.
pub(super) const PUBLIC: [Right; 12] = [
    (".", "read"),
    ("repository", "list"),
    ("repository", "pull"),
    ("repository", "read"),
    ("artifact", "list"),
    ("artifact", "read"),
    ("artifact-addition", "read"),
    ("tag", "list"),
    ("accessory", "list"),
    ("scan", "read"),
    ("sbom", "read"),
    ("configuration", "read"),
];

const GUEST_RIGHTS: &str = ".:read member:read,list label:read,list quota:read repository:read,list,pull configuration:read \
    robot:read,list scan:read sbom:read scanner:read tag:list accessory:list artifact:read,list artifact-addition:read";

const ADMIN_BEYOND_GUEST: &str = ".:update,delete member:create,update,delete metadata:create,read,update,delete log:list \
    label:create,update,delete repository:create,update,delete,push \
    tag-retention:create,read,update,delete,list,operate immutable-tag:create,update,delete,list configuration:update \
    robot:create,update,delete notification-policy:create,update,delete,list,read scan:create,stop sbom:create,stop \
    scanner:create artifact:create,delete tag:create,delete artifact-label:create,delete \
    preheat-policy:create,read,update,delete,list export-cve:create,read,list";

const MAINTAINER_BEYOND_GUEST: &str = "metadata:create,read,update,delete label:create,update,delete \
    repository:create,update,delete,push tag-retention:create,read,update,delete,list,operate \
    immutable-tag:create,update,delete,list notification-policy:list,read scan:create,stop sbom:create,stop \
    artifact:create,delete tag:create,delete artifact-label:create,delete";

const DEVELOPER_BEYOND_GUEST: &str = "repository:create,update,push tag-retention:create,read,update,delete,list,operate \
    artifact:create tag:create artifact-label:create,delete export-cve:create,read,list";

const LIMITED_GUEST_RIGHTS: &str = ".:read quota:read repository:read,list,pull configuration:read scan:read sbom:read scanner:read \
    tag:list accessory:list artifact:read,list artifact-addition:read";

const ROBOT_PROJECT: &str = "log:list project:read,delete,update metadata:read,create,delete,list,update \
    repository:read,update,delete,list,pull,push artifact:read,create,list,delete scan:create,read,stop sbom:create,stop,read \
    tag:create,list,delete accessory:list artifact-addition:read artifact-label:create,delete scanner:create,read \
    preheat-policy:read,create,delete,list,update immutable-tag:create,delete,list,update \
    notification-policy:read,create,delete,list,update tag-retention:read,create,delete,list,update \
    label:read,create,delete,list,update quota:read robot:create,read,list,delete export-cve:create,read \
    member:create,read,update,list,delete";

const ROBOT_SYSTEM: &str = "audit-log:list preheat-instance:read,create,delete,list,update project:list,create \
    replication-policy:read,create,delete,list,update replication:read,create,list replication-adapter:list \
    registry:read,create,delete,list,update scan-all:read,update,stop,create system-volumes:read \
    garbage-collection:read,create,list,update,stop purge-audit:read,create,list,update,stop jobservice-monitor:list,stop \
    scanner:read,create,delete,list,update label:read,create,delete,update security-hub:read,list catalog:read quota:read,list \
    robot:create,read,list,delete user:create,read,update,list,delete ldap-user:create,list quota:update \
    user-group:create,read,update,list,delete";

/// The rights of a role in Harbor's own order; an unknown role has none.
pub(super) fn rights(role: i64) -> Vec<Right> {
    match role {
        PROJECT_ADMIN => [spread(GUEST_RIGHTS), spread(ADMIN_BEYOND_GUEST)].concat(),
        MAINTAINER => [spread(GUEST_RIGHTS), spread(MAINTAINER_BEYOND_GUEST)].concat(),
        DEVELOPER => [spread(GUEST_RIGHTS), spread(DEVELOPER_BEYOND_GUEST)].concat(),
        GUEST => spread(GUEST_RIGHTS),
        LIMITED_GUEST => spread(LIMITED_GUEST_RIGHTS),
        _ => Vec::new(),
    }
}

/// What a robot may be given in projects.
pub(super) fn robot_in_projects() -> Vec<Right> {
    spread(ROBOT_PROJECT)
}

/// What a robot may be given over the system.
pub(super) fn robot_over_system() -> Vec<Right> {
    spread(ROBOT_SYSTEM)
}

/// Harbor's word for a role; `None` for a number that it does not know and then leaves out of lists.
pub(super) fn name(role: i64) -> Option<&'static str> {
    Some(match role {
        PROJECT_ADMIN => "projectAdmin",
        DEVELOPER => "developer",
        GUEST => "guest",
        MAINTAINER => "maintainer",
        LIMITED_GUEST => "limitedGuest",
        _ => return None,
    })
}

fn spread(table: &'static str) -> Vec<Right> {
    let rows = table.split_whitespace().filter_map(|row| row.split_once(':'));
    rows.flat_map(|(resource, actions)| actions.split(',').map(move |action| (resource, action))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_as_many_rights_as_harbor_gives_them() {
        let counts = [PROJECT_ADMIN, MAINTAINER, DEVELOPER, GUEST, LIMITED_GUEST].map(|role| rights(role).len());
        assert_eq!(counts, [75, 53, 36, 20, 14]);
        assert_eq!((robot_in_projects().len(), robot_over_system().len()), (70, 70));
        assert!(rights(99).is_empty() && name(99).is_none());
    }
}
