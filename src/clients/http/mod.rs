//! The one reqwest layer, for registries and clouds: no cookies, bounded, retried only where that is safe, through the gate.

mod answer;
mod ask;
mod client;
mod domains;
mod retry;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use ask::{Ask, Auth, Credentials, Redirects};
pub use client::{Http, HttpEndpoint, segment};
pub use reqwest::{Method, StatusCode, Url, header};

pub(in crate::clients) use domains::Clients;
