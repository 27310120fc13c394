//! Many projects at once, for measurements: rows are made without the pushes that would have made them.

use std::sync::Arc;

use crate::lab::exchange::digest;
use crate::lab::harbor::{Harbor, Image, Visibility};
use crate::model::clock::Stamp;

use super::seed;
use super::spec::FillSpec;

const MINUTE: i64 = 60_000;

/// Adds `p0000`, `p0001`, and so on, each with repositories, tags and members as many as asked for.
pub(super) fn projects(harbor: &mut Harbor, fill: FillSpec, now: Stamp) {
    let mut random = fastrand::Rng::with_seed(fill.projects as u64);
    let people: Vec<String> = (0..fill.members * 3).map(|at| format!("user{at:04}")).collect();
    for name in &people {
        harbor.add_user(name, name, "Lab-password-1", now.plus_millis(-200 * 24 * 60 * MINUTE));
    }
    // Blobs are shared all over: what is measured is rows, not bytes.
    let image: Arc<Image> = Arc::new(seed::image("fill", "amd64", &("sha256:ba5e".into(), 1 << 20), &mut random));
    for at in 0..fill.projects {
        let name = format!("p{at:04}");
        let born = now.plus_millis(-random.i64(100..200_000) * MINUTE);
        harbor.add_project(&name, 1, Visibility::Private, -1, born);
        for place in 0..fill.members {
            let role = [2, 2, 3, 4][place % 4];
            harbor.add_member(&name, &people[(at + place * 7) % people.len()], role);
        }
        for place in 0..fill.repositories {
            let repository = format!("r{place:02}");
            let tags = (0..fill.tags).map(|tag| {
                let digest: Arc<str> = digest(format!("{name}/{repository}:{tag}").as_bytes()).into();
                (format!("v{tag}"), digest, born.plus_millis(i64::try_from(tag).unwrap_or(0) * MINUTE))
            });
            harbor.fill(&name, &repository, &image, tags.collect());
        }
    }
}
