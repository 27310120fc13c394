//! Reads the nouns of the site: IDCs, classes, clusters, registries, hosts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draft::{Access, Belongs, ClassDraft, ClusterDraft, HostDraft, IdcDraft, Listed, Name, PoolDraft, RegistryDraft, TlsFiles};
use super::price;
use super::problem::{Said, Sheet};
use super::reader::Table;
use super::schema;
use super::secret::{self, NotARef, SecretRef, User};
use super::secret_file;
use crate::model::cluster::{Class, Labels, Pool, PoolEngine, PoolInit, Quota};
use crate::model::endpoint::Address;
use crate::model::idc::Idc;
use crate::model::registry::{RegistryKind, RegistrySpec};
use crate::model::text::{Text, clean};

/// The environment of an IDC that names none: the one where accidents are made hardest.
pub(super) const ENVIRONMENT: &str = "prod";

/// Characters of a name at most.
const NAME_MAX: usize = 128;

pub(super) fn read_idc(table: &Table<'_>) -> Option<IdcDraft> {
    let name = table.need("name", "\"yongfeng\"")?;
    if !name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        let shown = clean(name.value);
        let better: String = name.value.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        table.sheet.wrong(
            &name.place,
            Text::made(format!("the IDC name '{shown}' is not of a-z, 0-9 and -"), format!("IDC 名 {shown} 只能含 a-z、0-9 和 -")),
            Text::made(
                format!("write name = \"{better}\" and title = \"{shown}\""),
                format!("应写 name = \"{better}\"，中文名写在 title = \"{shown}\""),
            ),
        );
        return None;
    }
    let name = owned(name);
    let title = table.text("title").filter(|t| !t.value.is_empty()).map_or_else(|| Arc::clone(&name.value), |t| clean(t.value).into());
    let environment =
        table.text("environment").filter(|e| !e.value.is_empty()).map_or_else(|| ENVIRONMENT.into(), |e| clean(e.value).into());
    let parent = table.text("parent").filter(|p| !p.value.is_empty()).map(owned);
    let idc = Idc { name: Arc::clone(&name.value), title, environment, parent: parent.as_ref().map(|p| Arc::clone(&p.value)) };
    Some(IdcDraft { name, idc, parent })
}

pub(super) fn read_class(table: &Table<'_>) -> Option<ClassDraft> {
    let name = read_name(table, "\"12c16g\"");
    if !table.has("cores") {
        table.missing("cores", "12");
    }
    if !table.has("memory") {
        table.missing("memory", "\"16GiB\"");
    }
    let cores = table.whole("cores", 1);
    let memory = table.bytes("memory");
    let tier = table.text("tier").map(|t| t.value.into());
    let price = price::read_price(table, "price").map(|(money, per)| money.hourly(per));
    let purchase = price::read_purchase(table, "purchase");
    if table.has("price") && table.has("purchase") {
        table.sheet.wrong(
            &table.place_of("purchase"),
            Text::new("a class has a price or a purchase, not both", "price 与 purchase 只能写一个"),
            Text::new("remove one of them", "删去其中一个"),
        );
    }
    let name = name?;
    let class = Class { name: Arc::clone(&name.value), cores: cores?, memory: memory?, tier, hourly: price.or(purchase) };
    Some(ClassDraft { name, class })
}

pub(super) fn read_cluster(table: &Table<'_>) -> Option<ClusterDraft> {
    let name = read_name(table, "\"web\"");
    let pools = table.tables("pool", &schema::POOL).iter().filter_map(read_pool).collect();
    Some(ClusterDraft { name: name?, pools })
}

fn read_pool(table: &Table<'_>) -> Option<PoolDraft> {
    let name = read_name(table, "\"frontend\"");
    let engine = table.word("engine", &[("direct", PoolEngine::Direct), ("swarm", PoolEngine::Swarm)]).unwrap_or_default();
    let quota = table.table("quota", &schema::QUOTA).map_or_else(Quota::default, |q| Quota {
        cores: q.whole("cores", 0),
        memory: q.bytes("memory"),
        hosts: q.whole("hosts", 0),
    });
    let shared = table.flag("shared").unwrap_or(false);
    let init = table.word("init", &[("ansible", PoolInit::Ansible), ("puppet", PoolInit::Puppet)]);
    let budget = price::read_price(table, "budget");
    let name = name?;
    let pool = Pool { name: Arc::clone(&name.value), engine, quota, shared, init, budget };
    Some(PoolDraft { name, pool })
}

pub(super) fn read_registry(table: &Table<'_>) -> Option<RegistryDraft> {
    let name = read_name(table, "\"yongfeng\"");
    let idc = table.text("idc").map(owned);
    let kind = table.word("kind", &[("harbor", RegistryKind::Harbor), ("oci", RegistryKind::Oci)]);
    let url = table.need("url", "\"https://harbor.example\"").and_then(|url| read_url(table.sheet, &url));
    let aliases = table.texts("aliases").iter().filter_map(|alias| read_url(table.sheet, alias)).map(|(url, _)| url).collect();
    let repositories = table.texts("repositories").iter().map(|r| r.value.into()).collect();
    let pull = table.text("pull").filter(|p| !p.value.is_empty());
    if let Some(pull) = pull.as_ref().filter(|p| p.value.contains("://") || p.value.contains('/')) {
        table.sheet.wrong(
            &pull.place,
            Text::new("'pull' is not a host name", "pull 不是主机名"),
            Text::new("write host or host:port, without https:// and without a path", "应写 host 或 host:port，不带 https:// 与路径"),
        );
    }
    let group = table.text("match").filter(|g| !g.value.is_empty()).map(|g| g.value.into());
    let access = read_access(table);
    if !table.has("kind") {
        table.missing("kind", "\"harbor\"");
    }
    let (name, (url, authority)) = (name?, url?);
    let kind = kind?;
    let pull = pull.map_or(authority, |p| p.value.into());
    let spec = RegistrySpec {
        name: Arc::clone(&name.value),
        idc: idc.as_ref().map_or_else(|| "".into(), |i| Arc::clone(&i.value)),
        kind,
        url,
        pull,
        aliases,
        repositories,
        group,
    };
    Some(RegistryDraft { name, idc, kind, spec, access })
}

/// `user`, `password` and `ca` of a table.
pub(super) fn read_access(table: &Table<'_>) -> Access {
    let user = table.text("user").filter(|u| !u.value.is_empty()).and_then(|said| {
        let is_reference = ["env:", "file:", "command:", "docker-helper:"].iter().any(|way| said.value.starts_with(way));
        if is_reference { read_secret(table, "user").map(User::Kept) } else { Some(User::Plain(clean(said.value).into())) }
    });
    let password = read_secret(table, "password");
    let ca = table.text("ca").filter(|c| !c.value.is_empty()).map(|said| existing(table.sheet, &said));
    Access { user, password, ca }
}

/// A secret by reference. A secret in clear text is a problem, and is not repeated in it.
pub(super) fn read_secret(table: &Table<'_>, key: &'static str) -> Option<SecretRef> {
    let said = table.text(key).filter(|s| !s.value.is_empty())?;
    secret_of(table.sheet, key, &said)
}

pub(super) fn secret_of(sheet: &Sheet, key: &str, said: &Said<&str>) -> Option<SecretRef> {
    let (what, instead) = match SecretRef::read(said.value, sheet.folder()) {
        Ok(SecretRef::File(path)) => match secret_file::check_file(&path) {
            Ok(()) => return Some(SecretRef::File(path)),
            Err(said) => said,
        },
        Ok(SecretRef::Env(name)) => {
            if std::env::var_os(&*name).is_none_or(|value| value.is_empty()) {
                let what = Text::made(format!("the environment variable {name} is not set"), format!("环境变量 {name} 没有设置"));
                sheet.note(&said.place, what, Text::new("export it before starting wharf", "启动 wharf 之前先 export"));
            }
            return Some(SecretRef::Env(name));
        }
        Ok(reference) => return Some(reference),
        Err(NotARef::ClearText) => (
            Text::made(format!("'{key}' is a secret in clear text"), format!("{key} 是明文密钥")),
            Text::made(format!("write {}", secret::WAYS), format!("应写 {}", secret::WAYS)),
        ),
        Err(NotARef::Empty(example)) => (
            Text::made(format!("'{key}' names no place"), format!("{key} 没有写明位置")),
            Text::made(format!("write {example}"), format!("应写 {example}")),
        ),
        Err(NotARef::Quotes) => {
            (Text::made(format!("a quote in '{key}' is not closed"), format!("{key} 中的引号没有闭合")), Text::new("close it", "补上引号"))
        }
    };
    sheet.wrong(&said.place, what, instead);
    None
}

pub(super) fn read_host(table: &Table<'_>) -> Option<HostDraft> {
    let name = read_name(table, "\"yf-web-01\"");
    let belongs = read_belongs(table);
    let address = table.need("address", "\"tcp://10.1.1.11:2376\"").and_then(|said| read_address(table.sheet, &said));
    let login = table.text("login").filter(|l| !l.value.is_empty()).and_then(|said| read_login(table.sheet, &said));
    let tls = read_tls(table);
    if let (Some(address), Some(_)) = (&address, &tls)
        && !matches!(address, Address::Tcp { .. })
    {
        table.sheet.wrong(
            &table.place_of("tls"),
            Text::new("only a tcp:// address has certificates", "只有 tcp:// 地址才用证书"),
            Text::new("remove tls, or write a tcp:// address", "删去 tls，或改用 tcp:// 地址"),
        );
    }
    let labels = read_labels(table);
    Some(HostDraft { name: name?, belongs, address: address?, login, tls, ssh: None, labels, listed: Listed::Here })
}

/// What a host or an inventory belongs to.
pub(super) fn read_belongs(table: &Table<'_>) -> Belongs {
    let name = |key| table.text(key).filter(|n| !n.value.is_empty()).map(owned);
    Belongs { idc: name("idc"), cluster: name("cluster"), pool: name("pool"), class: name("class") }
}

pub(super) fn read_labels(table: &Table<'_>) -> Arc<Labels> {
    Arc::new(table.text_pairs("labels").into_iter().map(|(key, value)| (clean(key.value).into(), clean(value.value).into())).collect())
}

pub(super) fn read_tls(table: &Table<'_>) -> Option<TlsFiles> {
    let tls = table.table("tls", &schema::TLS)?;
    let file = |key| tls.text(key).filter(|f| !f.value.is_empty()).map(|said| existing(tls.sheet, &said));
    let (ca, cert, key) = (file("ca"), file("cert"), file("key"));
    if let Some(key) = key.as_ref().filter(|key| key.exists())
        && let Err((what, instead)) = secret_file::check_file(key)
    {
        tls.sheet.note(&tls.place_of("key"), what, instead);
    }
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => {
            tls.missing("key", "\"key.pem\"");
            return None;
        }
        (None, Some(_)) => {
            tls.missing("cert", "\"cert.pem\"");
            return None;
        }
    };
    Some(TlsFiles { ca, identity, verify: tls.flag("verify").unwrap_or(true) })
}

pub(super) fn read_address(sheet: &Sheet, said: &Said<&str>) -> Option<Address> {
    Address::parse(said.value).map_err(|why| wrong_address(sheet, said, &why)).ok()
}

pub(super) fn read_login(sheet: &Sheet, said: &Said<&str>) -> Option<Address> {
    let address = read_address(sheet, said)?;
    if matches!(address, Address::Ssh { socket: None, .. }) {
        return Some(address);
    }
    sheet.wrong(
        &said.place,
        Text::new("a login goes by ssh", "login 只能走 ssh"),
        Text::new("write ssh://user@host", "应写 ssh://user@host"),
    );
    None
}

/// Says what is wrong with an address; one without a scheme is written out with the schemes it may have meant.
fn wrong_address(sheet: &Sheet, said: &Said<&str>, why: &str) {
    let (given, why) = (clean(said.value), clean(why));
    if said.value.contains("://") && ["unix://", "tcp://", "ssh://"].iter().any(|scheme| said.value.starts_with(scheme)) {
        let forms = "unix:///path, tcp://host:port, ssh://user@host";
        sheet.wrong(
            &said.place,
            Text::made(format!("bad address {why}"), format!("地址有误：{why}")),
            Text::made(format!("the forms are {forms}"), format!("格式为 {forms}")),
        );
        return;
    }
    let rest = given.split_once("://").map_or(&*given, |(_, rest)| rest);
    let (en, zh) = if rest.starts_with('/') {
        (format!("write unix://{rest}"), format!("应写 unix://{rest}"))
    } else {
        (format!("write tcp://{rest} or ssh://{rest}"), format!("应写 tcp://{rest} 或 ssh://{rest}"))
    };
    sheet.wrong(
        &said.place,
        Text::made(format!("'{given}' is not an address of an engine"), format!("{given} 不是引擎地址")),
        Text::made(en, zh),
    );
}

/// A name that stands in one word: no blanks, no `/`, nothing that moves a cursor.
fn read_name(table: &Table<'_>, example: &'static str) -> Option<Name> {
    let name = table.need("name", example)?;
    check_name(table.sheet, &name).then(|| owned(name))
}

pub(super) fn check_name(sheet: &Sheet, name: &Said<&str>) -> bool {
    let bad = |c: char| c.is_whitespace() || c == '/' || crate::model::text::is_hostile(c);
    if !name.value.contains(bad) && name.value.chars().count() <= NAME_MAX && !name.value.starts_with('-') {
        return true;
    }
    let shown = clean(name.value);
    sheet.wrong(
        &name.place,
        Text::made(format!("'{shown}' cannot be a name"), format!("{shown} 不能作名字")),
        Text::new(
            "write one word of at most 128 characters, without blanks, slashes or a leading dash",
            "应写一个词，不超过 128 字符，不含空格、斜杠，也不以 - 开头",
        ),
    );
    false
}

/// An `http(s)://host[:port][/path]` without its trailing slash, and its `host[:port]`.
pub(super) fn read_url(sheet: &Sheet, said: &Said<&str>) -> Option<(Arc<str>, Arc<str>)> {
    let url = said.value.trim_end_matches('/');
    let parsed: Option<http::Uri> = url.parse().ok();
    let authority = parsed
        .as_ref()
        .and_then(http::Uri::authority)
        .filter(|_| matches!(parsed.as_ref().and_then(http::Uri::scheme_str), Some("http" | "https")));
    match authority {
        Some(authority) if !authority.as_str().contains('@') && !url.contains(['?', '#']) => Some((url.into(), authority.as_str().into())),
        Some(authority) if authority.as_str().contains('@') => {
            sheet.wrong(
                &said.place,
                Text::new("an address with a user in it", "地址中带有用户名"),
                Text::new("write user and password as keys of their own", "应另写 user 与 password"),
            );
            None
        }
        _ => {
            sheet.wrong(
                &said.place,
                Text::new("not an http address", "不是 http 地址"),
                Text::new(
                    "write https://host, https://host:port or http://host:port",
                    "应写 https://host、https://host:port 或 http://host:port",
                ),
            );
            None
        }
    }
}

/// A path from the file's folder; one that does not exist is a problem.
pub(super) fn existing(sheet: &Sheet, said: &Said<&str>) -> PathBuf {
    let path = sheet.folder().join(Path::new(said.value));
    if let Err(error) = std::fs::metadata(&path) {
        let shown = path.display().to_string();
        let shown = clean(&shown);
        sheet.wrong(
            &said.place,
            Text::made(format!("{shown}: {error}"), format!("{shown}：{error}")),
            Text::new(
                "name a file that exists; relative paths start from this file's folder",
                "应指向存在的文件；相对路径从本文件所在目录算起",
            ),
        );
    }
    path
}

pub(super) fn owned(said: Said<&str>) -> Name {
    said.map(Arc::from)
}
