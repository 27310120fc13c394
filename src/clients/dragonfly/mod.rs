//! A Dragonfly manager: clusters, schedulers, peers, jobs, and where an image is warm. Reads only.

mod wire;

use secrecy::{ExposeSecret, SecretString};
use wire::{
    FromWire, WireAccessToken, WireAudit, WireCluster, WireDistribution, WireJob, WirePeer, WireScheduler, WireSchedulerCluster,
    WireSeedPeerCluster, WireSignIn, WireUser,
};

use super::Wire;
use super::gate::Client;
use super::http::{Answer, Ask, Auth, Credentials, Http, HttpEndpoint, Method};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::preheat::{
    AccessToken, Distribution, DragonflyAudit, DragonflyJob, DragonflyUser, Peer, Scheduler, SchedulerCluster, SeedPeerCluster, WarmCluster,
};
use crate::model::text::Text;

const PER_PAGE: usize = 50;
const PAGES_MOST: usize = 2_000;

/// A manager. With a personal access token only clusters and jobs can be read (`/oapi`), with a user's sign-in also
/// schedulers, peers and the rest (`/api`).
#[derive(Clone, Debug)]
pub struct Dragonfly {
    http: Http,
}

/// Which image's layers are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageQuestion {
    /// `https://host/v2/repo/manifests/tag`.
    pub url: String,
    pub scheduler_clusters: Vec<i64>,
}

impl Dragonfly {
    /// No network. The endpoint's credential is the bearer token.
    ///
    /// # Errors
    /// Config, where the address is not http or https.
    pub fn new(wire: &Wire, endpoint: HttpEndpoint) -> Result<Self, Fault> {
        Ok(Self { http: Http::new(wire, HttpEndpoint { client: Client::Dragonfly, ..endpoint })? })
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Protocol, where something else answers with success.
    pub async fn fetch_ping(&self) -> Result<(), Fault> {
        let ask = Ask { auth: Auth::Anonymous, ..Ask::get("/healthy", "/healthy") };
        let answer = self.answer(ask).await?;
        let body = answer.body.trim_ascii();
        if body.eq_ignore_ascii_case(b"OK") || body.eq_ignore_ascii_case(b"\"OK\"") {
            return Ok(());
        }
        Err(Fault::new(
            &**self.http.name(),
            FaultKind::Protocol,
            Text::new("/healthy was not answered with OK", "/healthy 的应答不是 OK"),
            Text::new("another service may answer there; check the address", "应答的可能是别的服务，请检查地址"),
        ))
    }

    /// Signs a user in: the token that `/api` wants, and when it ends. A wrong password is Unauthorized and not tried again.
    pub async fn fetch_sign_in(&self, user: &str, password: &SecretString) -> Result<(Credentials, Option<Stamp>), Fault> {
        let path = "/api/v1/users/signin";
        let body = serde_json::json!({"name": user, "password": password.expose_secret()});
        let ask = Ask { auth: Auth::Anonymous, ..Ask::new(Method::POST, path, path).json(&body) };
        let answer = self.answer(ask).await?;
        // Never shown: a body that cannot be read may hold a token all the same.
        let told: Option<WireSignIn> = serde_json::from_slice(&answer.body).ok();
        let (token, until) = told.map(WireSignIn::parts).unwrap_or_default();
        match token {
            Some(token) => Ok((Credentials::Bearer(token), until)),
            None => Err(Fault::new(
                &**self.http.name(),
                FaultKind::Protocol,
                Text::new("the sign-in was answered without a token", "登录应答里没有令牌"),
                Text::new("another service may answer there; check the address", "应答的可能是别的服务，请检查地址"),
            )),
        }
    }

    pub async fn list_clusters(&self) -> Result<Vec<WarmCluster>, Fault> {
        self.whole::<WireCluster>(Ask::get("/oapi/v1/clusters", "/oapi/v1/clusters"), |row| row.id).await
    }

    /// The newest jobs, of one type (`preheat`, ..) or all. Results and clusters may be missing here; see [`Dragonfly::fetch_job`].
    pub async fn list_jobs(&self, kind: Option<&str>) -> Result<Vec<DragonflyJob>, Fault> {
        let ask = Ask::get("/oapi/v1/jobs", "/oapi/v1/jobs");
        let ask = match kind {
            Some(kind) => ask.query("type", kind),
            None => ask,
        };
        let answer = self.answer(ask.query("page", "1").query("per_page", PER_PAGE.to_string())).await?;
        rows::<WireJob>(&answer)
    }

    pub async fn fetch_job(&self, id: i64) -> Result<DragonflyJob, Fault> {
        let answer = self.answer(Ask::get("/oapi/v1/jobs/{id}", format!("/oapi/v1/jobs/{id}"))).await?;
        Ok(answer.json::<WireJob>()?.noun())
    }

    /// Which peers hold which layers of an image, answered at once. Seed peers are never named. A POST, and a read all the
    /// same: the job's type is the verb.
    pub async fn fetch_distribution(&self, question: &ImageQuestion) -> Result<Distribution, Fault> {
        let kind = "get_image_distribution";
        let body = serde_json::json!({
            "type": kind,
            "args": {"url": question.url},
            "scheduler_cluster_ids": question.scheduler_clusters,
        });
        let ask = Ask { discriminator: kind.into(), ..Ask::new(Method::POST, "/oapi/v1/jobs", "/oapi/v1/jobs").json(&body) };
        Ok(self.answer(ask).await?.json::<WireDistribution>()?.noun())
    }

    pub async fn list_schedulers(&self) -> Result<Vec<Scheduler>, Fault> {
        self.whole::<WireScheduler>(Ask::get("/api/v1/schedulers", "/api/v1/schedulers"), |row| row.id).await
    }

    pub async fn list_scheduler_clusters(&self) -> Result<Vec<SchedulerCluster>, Fault> {
        self.whole::<WireSchedulerCluster>(Ask::get("/api/v1/scheduler-clusters", "/api/v1/scheduler-clusters"), |row| row.id).await
    }

    pub async fn list_seed_peer_clusters(&self) -> Result<Vec<SeedPeerCluster>, Fault> {
        self.whole::<WireSeedPeerCluster>(Ask::get("/api/v1/seed-peer-clusters", "/api/v1/seed-peer-clusters"), |row| row.id).await
    }

    pub async fn list_seed_peers(&self) -> Result<Vec<Peer>, Fault> {
        self.whole::<WirePeer>(Ask::get("/api/v1/seed-peers", "/api/v1/seed-peers"), |row| row.id).await
    }

    /// Peers, as the last `sync_peers` job found them.
    pub async fn list_peers(&self) -> Result<Vec<Peer>, Fault> {
        self.whole::<WirePeer>(Ask::get("/api/v1/peers", "/api/v1/peers"), |row| row.id).await
    }

    /// The clusters for a user who is signed in.
    pub async fn list_clusters_signed_in(&self) -> Result<Vec<WarmCluster>, Fault> {
        self.whole::<WireCluster>(Ask::get("/api/v1/clusters", "/api/v1/clusters"), |row| row.id).await
    }

    pub async fn list_users(&self) -> Result<Vec<DragonflyUser>, Fault> {
        self.whole::<WireUser>(Ask::get("/api/v1/users", "/api/v1/users"), |row| row.id).await
    }

    /// Personal access tokens with their scopes and expiry, without the tokens.
    pub async fn list_access_tokens(&self) -> Result<Vec<AccessToken>, Fault> {
        let path = "/api/v1/personal-access-tokens";
        self.whole::<WireAccessToken>(Ask::get("/api/v1/personal-access-tokens", path), |row| row.id).await
    }

    /// One page of the manager's audit.
    pub async fn list_audits(&self) -> Result<Vec<DragonflyAudit>, Fault> {
        let ask = Ask::get("/api/v1/audits", "/api/v1/audits").query("page", "1").query("per_page", PER_PAGE.to_string());
        rows::<WireAudit>(&self.answer(ask).await?)
    }

    async fn answer(&self, ask: Ask) -> Result<Answer, Fault> {
        self.http.send(ask).await?.success()
    }

    /// A whole list. There is no total, and on the last page `rel=next` points to the page itself: a page that is not full,
    /// or that brings nothing new, is the last.
    async fn whole<W: FromWire>(&self, ask: Ask, key: fn(&W::Noun) -> i64) -> Result<Vec<W::Noun>, Fault> {
        let mut all: Vec<W::Noun> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for page in 1..=PAGES_MOST {
            let ask = ask.clone().query("page", page.to_string()).query("per_page", PER_PAGE.to_string());
            let came = rows::<W>(&self.answer(ask).await?)?;
            let full = came.len() >= PER_PAGE;
            let before = all.len();
            all.extend(came.into_iter().filter(|row| seen.insert(key(row))));
            if !full || all.len() == before {
                break;
            }
        }
        Ok(all)
    }
}

fn rows<W: FromWire>(answer: &Answer) -> Result<Vec<W::Noun>, Fault> {
    Ok(answer.json::<Option<Vec<W>>>()?.unwrap_or_default().into_iter().map(FromWire::noun).collect())
}
