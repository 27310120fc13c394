//! What is done to a twin without its wire.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use crate::lab::host_control::Glance;

use super::Twin;
use super::agenda::Ending;
use super::query::{Query, Refusal};
use super::sim_container::Phase;

impl Twin {
    pub(in crate::lab) fn glances(&self) -> Vec<Glance> {
        self.read(|state, _| {
            let glance = |container: &super::sim_container::SimContainer| Glance {
                id: container.hex(),
                name: container.name.to_string(),
                image: container.spec.image.to_string(),
                state: container.phase.word(),
                exit_code: container.code,
                restarts: container.restarts,
            };
            state.containers.iter().map(glance).collect()
        })
    }

    pub(in crate::lab) fn run_by_hand(&self, name: &str, image: &str, command: &[&str]) -> Result<String, String> {
        let known = self.read(|state, _| state.images.iter().any(|have| *have.name == *image));
        if !known {
            let pull = Query::read(&format!("fromImage={image}&tag="));
            self.bring_image(&pull).or_else(|_| self.bring_image(&import(image))).map_err(|refusal| refusal.1)?;
        }
        let mut body = json!({ "Image": image });
        if !command.is_empty() {
            body["Cmd"] = json!(command);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let query = Query::read(&format!("name={name}"));
        let made = self.create(&query, &headers, &body.to_string().into()).map_err(|refusal| refusal.1)?;
        let id = made["Id"].as_str().unwrap_or_default().to_owned();
        self.start(&id).map_err(|refusal| refusal.1)?;
        Ok(id)
    }

    pub(in crate::lab) async fn act_by_hand(self: &Arc<Self>, act: &str, what: &str) -> Result<(), String> {
        let none = Query::default();
        let done = match act {
            "start" => self.start(what),
            "stop" => self.stop(what, &none).await,
            "restart" => self.restart(what, &none).await,
            "kill" => self.kill(what, &none).await,
            "pause" => self.pause(what),
            "unpause" => self.unpause(what),
            "remove" => self.remove(what, &Query::read("force=1")).await,
            odd => Err(Refusal::bad(format!("no such act: {odd}"))),
        };
        done.map(drop).map_err(|refusal| refusal.1)
    }

    pub(in crate::lab) fn crash(&self, what: &str, code: i32) -> Result<(), String> {
        self.with(|state, now| {
            let at = state.find(what).map_err(|refusal| refusal.1)?;
            if state.containers[at].phase != Phase::Running {
                return Err(self.not_running(&state.containers[at]).1);
            }
            self.end(state, at, now, Ending { code, oom: false });
            Ok(())
        })
    }
}

fn import(image: &str) -> Query {
    let (repository, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    Query::read(&format!("fromSrc=-&repo={repository}&tag={tag}"))
}
