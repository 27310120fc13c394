//! Clouds, Dragonfly managers and grants, as declared.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::{Access, Name};
use super::nouns::{owned, read_access, read_secret, read_url, secret_of};
use super::problem::{Place, Said};
use super::reader::Table;
use super::schema;
use super::secret::SecretRef;
use crate::model::text::Text;

/// Whose API a cloud speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloudKind {
    Ec2,
    OpenStack,
    Aliyun,
}

/// A cloud, with the defaults of the machines created there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    pub name: Arc<str>,
    pub kind: CloudKind,
    pub idc: Arc<str>,
    pub region: Arc<str>,
    /// Empty: the vendor's own for the region.
    pub endpoint: Arc<str>,
    pub credentials: BTreeMap<&'static str, Credential>,
    pub image: Option<Arc<str>>,
    pub subnet: Option<Arc<str>>,
    pub security_groups: Vec<Arc<str>>,
    pub key: Option<Arc<str>>,
    pub user_data: Option<Arc<str>>,
    pub zones: Vec<Arc<str>>,
    /// Class → the vendor's type.
    pub types: BTreeMap<Arc<str>, Arc<str>>,
}

/// One part of a cloud's credentials. Names may be plain, secrets may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    Plain(Arc<str>),
    Kept(SecretRef),
}

/// A Dragonfly manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dragonfly {
    pub name: Arc<str>,
    pub idc: Arc<str>,
    pub url: Arc<str>,
    pub token: Option<SecretRef>,
    pub access: Access,
}

/// Who may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Super,
    ClusterAdmin,
    PoolAdmin,
    Viewer,
}

/// Who is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    User(Arc<str>),
    Team(Arc<str>),
}

/// One grant: `on` is a cluster, a `cluster/pool`, or absent for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub to: Grantee,
    pub role: Role,
    pub on: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub(super) struct CloudDraft {
    pub(super) name: Name,
    pub(super) idc: Option<Name>,
    /// The classes that `types` names.
    pub(super) classes: Vec<Name>,
    pub(super) cloud: Cloud,
}

#[derive(Clone, Debug)]
pub(super) struct DragonflyDraft {
    pub(super) name: Name,
    pub(super) idc: Option<Name>,
    pub(super) manager: Dragonfly,
}

#[derive(Clone, Debug)]
pub(super) struct GrantDraft {
    pub(super) place: Place,
    pub(super) on: Option<Name>,
    pub(super) grant: Grant,
}

/// Parts of credentials that are secrets by themselves; the others name somebody or something.
const SECRETS: [&str; 4] = ["secret", "token", "password", "application_credential"];

pub(super) fn read_cloud(table: &Table<'_>) -> Option<CloudDraft> {
    let name = table.need("name", "\"aws-bj\"").map(owned);
    if !table.has("kind") {
        table.missing("kind", "\"ec2\"");
    }
    let kinds = [("ec2", CloudKind::Ec2), ("openstack", CloudKind::OpenStack), ("aliyun", CloudKind::Aliyun)];
    let kind = table.word("kind", &kinds);
    let idc = table.text("idc").map(owned);
    let region = table.need("region", "\"cn-north-1\"");
    let endpoint = table.text("endpoint").filter(|e| !e.value.is_empty()).and_then(|e| read_url(table.sheet, &e));
    let mut credentials = BTreeMap::new();
    if let Some(part) = table.table("credentials", &schema::CREDENTIALS) {
        for key in schema::CREDENTIALS.keys {
            let Some(said) = part.text(key).filter(|s| !s.value.is_empty()) else { continue };
            let named = ["env:", "file:", "command:"].iter().any(|way| said.value.starts_with(way));
            let read = if named || SECRETS.contains(key) {
                secret_of(part.sheet, key, &said).map(Credential::Kept)
            } else {
                Some(Credential::Plain(said.value.into()))
            };
            credentials.extend(read.map(|value| (*key, value)));
        }
    }
    let list = |key| table.texts(key).iter().map(|t: &Said<&str>| t.value.into()).collect();
    let one = |key| table.text(key).filter(|t| !t.value.is_empty()).map(|t| t.value.into());
    let types = table.text_pairs("types");
    let classes = types.iter().map(|(class, _)| owned(class.clone())).collect();
    let cloud = Cloud {
        name: "".into(),
        kind: CloudKind::Ec2,
        idc: idc.as_ref().map_or_else(|| "".into(), |i| Arc::clone(&i.value)),
        region: "".into(),
        endpoint: endpoint.map_or_else(|| "".into(), |(url, _)| url),
        credentials,
        image: one("image"),
        subnet: one("subnet"),
        security_groups: list("security_groups"),
        key: one("key"),
        user_data: one("user_data"),
        zones: list("zones"),
        types: types.into_iter().map(|(class, vendor)| (class.value.into(), vendor.value.into())).collect(),
    };
    let name = name?;
    let cloud = Cloud { name: Arc::clone(&name.value), kind: kind?, region: region?.value.into(), ..cloud };
    Some(CloudDraft { name, idc, classes, cloud })
}

pub(super) fn read_dragonfly(table: &Table<'_>) -> Option<DragonflyDraft> {
    let name = table.need("name", "\"yf-dragonfly\"").map(owned);
    let idc = table.text("idc").map(owned);
    let url = table.need("url", "\"http://manager:8080\"").and_then(|url| read_url(table.sheet, &url));
    let token = read_secret(table, "token");
    let access = read_access(table);
    let name = name?;
    let manager = Dragonfly {
        name: Arc::clone(&name.value),
        idc: idc.as_ref().map_or_else(|| "".into(), |i| Arc::clone(&i.value)),
        url: url?.0,
        token,
        access,
    };
    Some(DragonflyDraft { name, idc, manager })
}

pub(super) fn read_grant(table: &Table<'_>) -> Option<GrantDraft> {
    let to = match (table.text("user"), table.text("team")) {
        (Some(user), None) => Some(Grantee::User(user.value.into())),
        (None, Some(team)) => Some(Grantee::Team(team.value.into())),
        _ => {
            table.sheet.wrong(
                &table.place(),
                Text::new("a grant is for one user or one team", "授权对象应是一个 user 或一个 team"),
                Text::new("write user = \"alice\" or team = \"sre\"", "应写 user = \"alice\" 或 team = \"sre\""),
            );
            None
        }
    };
    if !table.has("role") {
        table.missing("role", "\"viewer\"");
    }
    let roles = [("super", Role::Super), ("cluster-admin", Role::ClusterAdmin), ("pool-admin", Role::PoolAdmin), ("viewer", Role::Viewer)];
    let role = table.word("role", &roles);
    let on = table.text("on").filter(|o| !o.value.is_empty()).map(owned);
    let grant = Grant { to: to?, role: role?, on: on.as_ref().map(|o| Arc::clone(&o.value)) };
    Some(GrantDraft { place: table.place(), on, grant })
}
