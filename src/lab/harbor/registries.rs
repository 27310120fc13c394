//! Endpoints of replication, and what Harbor believes of their health.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Kind, Registry, put, time};
use super::{Ask, Harbor, Peers, Reach};

/// How often endpoints are looked at.
const LOOK_EVERY: i64 = 300_000;

impl Harbor {
    /// Adds an endpoint as `POST /registries` does, without looking at it.
    pub fn add_registry(&mut self, name: &str, url: &str, access_key: &str, access_secret: &str, now: Stamp) -> &mut Registry {
        let id = self.sequences.next(Kind::Registry);
        self.registries.push(Registry {
            id,
            name: name.into(),
            url: url.into(),
            kind: "harbor".into(),
            insecure: true,
            description: String::new(),
            credential_kind: "basic".into(),
            access_key: access_key.into(),
            access_secret: access_secret.into(),
            healthy: true,
            created: now,
            updated: now,
        });
        let last = self.registries.len() - 1;
        &mut self.registries[last]
    }

    pub(super) fn list_registries(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "list")?;
        let field = |registry: &&Registry, key: &str| {
            Some(match key {
                "id" => json!(registry.id),
                "name" => json!(registry.name),
                "type" => json!(registry.kind),
                "url" => json!(registry.url),
                _ => return None,
            })
        };
        let registries = self.registries.iter().collect();
        listing::list(ask.request, registries, &Facts { field: &field, sort: "" }, |registry| drawn(registry))
    }

    pub(super) fn read_registry(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "read")?;
        Ok(Answer::json(200, &drawn(self.found_registry(ask.id(0))?)))
    }

    /// Looks before it writes: an endpoint that nobody answers for cannot be made.
    pub(super) fn create_registry(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "create")?;
        let asked = ask.request.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, url, kind) = (text(&asked["name"]), text(&asked["url"]), text(&asked["type"]));
        if name.is_empty() || url.is_empty() {
            return Err(Refusal::bad_request("the name and the URL of a registry are required"));
        }
        if self.registries.iter().any(|registry| registry.name == name) {
            self.sequences.next(Kind::Registry);
            return Err(Refusal::conflict(format!("registry {name} already exists")));
        }
        let credential = &asked["credential"];
        let (key, secret) = (text(&credential["access_key"]), text(&credential["access_secret"]));
        look(ask, &kind, &url, &key, &secret)?;
        let registry = self.add_registry(&name, url.trim_end_matches('/'), &key, &secret, ask.now);
        registry.kind = kind;
        registry.insecure = asked["insecure"] == true;
        registry.description = text(&asked["description"]);
        let place = format!("/api/v2.0/registries/{}", registry.id);
        Ok(Answer::empty(201).with("Location", &place))
    }

    /// Of a saved endpoint the saved address and credential are tried, whatever else the body says.
    pub(super) fn ping_registry(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "read")?;
        let asked = ask.request.json();
        if let Some(id) = asked["id"].as_i64().filter(|id| *id > 0) {
            let registry = self.found_registry(id)?;
            look(ask, &registry.kind, &registry.url, &registry.access_key, &registry.access_secret)?;
        } else {
            let text = |key: &str| asked[key].as_str().unwrap_or_default();
            look(ask, text("type"), text("url"), text("access_key"), text("access_secret"))?;
        }
        Ok(Answer::empty(200))
    }

    /// Looks before it writes, so the endpoint of a dead peer cannot be changed.
    pub(super) fn change_registry(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "update")?;
        let mut changed = self.found_registry(ask.id(0))?.clone();
        let asked = ask.request.json();
        let given = |key: &str| asked[key].as_str().map(str::to_owned);
        if let Some(url) = given("url").filter(|url| *url != changed.url) {
            changed.url = url;
            changed.access_secret.clear();
        }
        for (place, key) in [
            (&mut changed.name, "name"),
            (&mut changed.description, "description"),
            (&mut changed.credential_kind, "credential_type"),
            (&mut changed.access_key, "access_key"),
            (&mut changed.access_secret, "access_secret"),
        ] {
            if let Some(value) = given(key) {
                *place = value;
            }
        }
        changed.insecure = asked["insecure"].as_bool().unwrap_or(changed.insecure);
        changed.updated = ask.now;
        look(ask, &changed.kind, &changed.url, &changed.access_key, &changed.access_secret)?;
        if let Some(registry) = self.registries.iter_mut().find(|registry| registry.id == changed.id) {
            *registry = changed;
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_registry(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "delete")?;
        let id = self.found_registry(ask.id(0))?.id;
        if self.policies.iter().any(|policy| policy.source == id || policy.target == id) {
            return Err(Refusal::precondition(format!("the registry {id} is referenced by replication policies, cannot delete it")));
        }
        self.registries.retain(|registry| registry.id != id);
        Ok(Answer::empty(200))
    }

    /// 0 is this Harbor itself.
    pub(super) fn registry_info(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "registry", "read")?;
        let id = ask.id(0);
        let (kind, labels) = if ask.part(0) == "0" {
            ("harbor".to_owned(), self.global_labels())
        } else {
            let registry = self.found_registry(id)?;
            let peer = ask.peers.all.iter().find(|peer| peer.url == registry.url);
            (registry.kind.clone(), peer.map_or(Value::Null, Harbor::global_labels))
        };
        let triggers = if id == 0 { json!(["manual", "scheduled", "event_based"]) } else { json!(["manual", "scheduled"]) };
        let filter = |kind: &str, style: &str, values: Value| json!({"type": kind, "style": style, "values": values});
        let mut filters = vec![filter("name", "input", Value::Null), filter("tag", "input", Value::Null)];
        if kind == "harbor" {
            filters.push(filter("label", "list", labels));
            filters.push(filter("resource", "radio", json!(["image", "artifact"])));
        }
        let mut shown = json!({"type": kind, "supported_resource_filters": filters, "supported_triggers": triggers});
        put(&mut shown, "supported_copy_by_chunk", kind == "harbor");
        Ok(Answer::json(200, &shown))
    }

    pub(super) fn list_adapters(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-adapter", "list")?;
        Ok(Answer::json(200, &json!(["docker-registry", "harbor"])))
    }

    pub(super) fn list_adapter_infos(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-adapter", "list")?;
        Ok(Answer::json(200, &json!({})))
    }

    /// An endpoint's row where policies show it; 0 is this Harbor itself.
    pub(super) fn draw_endpoint(&self, id: i64) -> Value {
        match self.registries.iter().find(|registry| registry.id == id) {
            Some(registry) => drawn(registry),
            None => json!({"id": 0, "name": "Local", "type": "harbor", "url": self.url, "insecure": true, "status": "healthy",
                "credential": {"type": "secret", "access_secret": "*****"}, "creation_time": time(None), "update_time": time(None)}),
        }
    }

    pub(super) fn found_registry(&self, id: i64) -> Result<&Registry, Refusal> {
        let found = self.registries.iter().find(|registry| registry.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("registry {id} not found")))
    }

    /// The look that comes by itself: a peer that does not answer keeps the status that it had.
    pub(super) fn look_at_endpoints(&mut self, peers: Peers<'_>, now: Stamp) {
        if now.since(self.looked) < LOOK_EVERY.unsigned_abs() || self.knobs.core_down {
            return;
        }
        self.looked = now;
        for registry in &mut self.registries {
            match peers.reach(&registry.url, &registry.access_key, &registry.access_secret, now) {
                Reach::Well => registry.healthy = true,
                Reach::Refused => registry.healthy = false,
                Reach::Down => {}
            }
        }
    }
}

fn look(ask: &Ask<'_>, kind: &str, url: &str, key: &str, secret: &str) -> Result<(), Refusal> {
    if !matches!(kind, "harbor" | "docker-registry") {
        return Err(Refusal::internal());
    }
    match ask.peers.reach(url, key, secret, ask.world) {
        Reach::Well => Ok(()),
        Reach::Refused => Err(Refusal::bad_request("the registry is unhealthy")),
        Reach::Down => Err(Refusal::internal()),
    }
}

fn drawn(registry: &Registry) -> Value {
    let mut credential = json!({"type": registry.credential_kind, "access_secret": "*****"});
    put(&mut credential, "access_key", registry.access_key.as_str());
    let mut row = json!({"id": registry.id, "name": registry.name, "type": registry.kind, "url": registry.url,
        "insecure": registry.insecure, "status": if registry.healthy { "healthy" } else { "unhealthy" }, "credential": credential,
        "creation_time": time(Some(registry.created)), "update_time": time(Some(registry.updated))});
    put(&mut row, "description", registry.description.as_str());
    row
}
