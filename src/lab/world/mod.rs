//! Worlds: a simulated fleet as a TOML file, embedded or the user's own, from which hosts and containers are generated.

mod file;
mod generate;

use std::path::Path;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

pub use file::{
    ClassSpec, ClusterSpec, EndsKind, EndsSpec, Engine, GroupSpec, HostTwist, IdcSpec, LifeSpec, PoolSpec, PriceSpec, ServiceSpec, Size,
    Voice, WorldFile,
};
pub use generate::{CellSeed, HostSeed};

/// The worlds that ship with the program: name and text.
const EMBEDDED: [(&str, &str); 4] = [
    ("default", include_str!("../../../assets/worlds/default.toml")),
    ("target", include_str!("../../../assets/worlds/target.toml")),
    ("small", include_str!("../../../assets/worlds/small.toml")),
    ("dense", include_str!("../../../assets/worlds/dense.toml")),
];

/// A world that has been read and is whole: everything it refers to is declared.
#[derive(Clone, Debug)]
pub struct World {
    pub file: WorldFile,
    /// In the order of their addresses.
    pub hosts: Vec<HostSeed>,
}

impl World {
    /// The names of the embedded worlds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// An embedded world by its name, or the file at a path (anything with a `/` or ending in `.toml`).
    ///
    /// # Errors
    /// No such world, an unreadable file, a file that is no world.
    pub fn load(name: &str) -> Result<Self, Fault> {
        if let Some((_, text)) = EMBEDDED.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
        }
        let path = Path::new(name);
        if !name.contains('/') && path.extension().is_none_or(|ending| ending != "toml") {
            let known = Self::names().collect::<Vec<_>>().join(", ");
            return Err(Fault::new(
                format!("world {name}"),
                FaultKind::NotFound,
                Text::new("there is no such world", "没有这个模拟世界"),
                Text::made(
                    format!("choose one of {known}, or give the path of a .toml file"),
                    format!("可选: {known}, 或给出 .toml 文件路径"),
                ),
            ));
        }
        let text = std::fs::read_to_string(path).map_err(|why| {
            Fault::new(
                name,
                FaultKind::Storage,
                Text::made(format!("cannot read the world file: {why}"), format!("无法读取世界文件: {why}")),
                Text::new("check the path and its permissions", "检查路径与权限"),
            )
        })?;
        Self::parse(name, &text)
    }

    /// Reads a world from its text; `origin` is named in the fault.
    ///
    /// # Errors
    /// The text is no TOML, has unknown keys, or refers to what it does not declare.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| {
            Fault::new(
                format!("world {origin}"),
                FaultKind::Config,
                Text::raw(why),
                Text::new(
                    "mend the world file; assets/worlds/default.toml is an example",
                    "修正世界文件; 可参考 assets/worlds/default.toml",
                ),
            )
        };
        let file: WorldFile = toml::from_str(text).map_err(|why| wrong(&why.to_string()))?;
        if let Some(bare) = file.service.iter().find(|service| service.tags.is_empty() || service.command.is_empty()) {
            return Err(wrong(&format!("service {}: tags and command must not be empty", bare.name)));
        }
        let hosts = generate::hosts(&file).map_err(|why| wrong(&why))?;
        Ok(Self { file, hosts })
    }

    /// Containers over all hosts, those that do not run too.
    pub fn containers(&self) -> usize {
        self.hosts.iter().map(|host| host.cells.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_world_is_worth_looking_at() {
        let world = World::load("default").expect("embedded");
        assert!((55..=65).contains(&world.hosts.len()), "{} hosts", world.hosts.len());
        assert!((560..=660).contains(&world.containers()), "{} containers", world.containers());
        assert_eq!(world.file.idc.len(), 4);
        assert!(world.hosts.iter().any(|host| host.class.is_none()), "a host without a price");
        assert!(world.hosts.iter().any(|host| !host.faults.is_empty()), "a host in trouble");
        let engines = |engine| world.hosts.iter().filter(|host| host.engine == engine).count();
        assert!(engines(Engine::Classic) > 0 && engines(Engine::Newer) > 0);
    }

    #[test]
    fn the_target_world_has_its_size() {
        let world = World::load("target").expect("embedded");
        assert_eq!((world.hosts.len(), world.containers()), (10_000, 200_000));
    }

    #[test]
    fn the_dense_world_is_one_host_with_far_too_much_on_it() {
        let world = World::load("dense").expect("embedded");
        assert_eq!((world.hosts.len(), world.containers()), (1, 5_000));
    }

    #[test]
    fn the_same_seed_makes_the_same_world() {
        let (one, two) = (World::load("default").expect("one"), World::load("default").expect("two"));
        assert_eq!(format!("{:?}", one.hosts), format!("{:?}", two.hosts));
    }

    #[test]
    fn a_world_that_is_not_whole_says_what_is_missing() {
        let text = include_str!("../../../assets/worlds/small.toml");
        let why = World::parse("x", &text.replace("pool = \"frontend\"\nclass", "pool = \"nowhere\"\nclass")).expect_err("no pool");
        assert!(why.cause.en.contains("pool 'nowhere' is not declared"), "{why}");
        assert!(World::load("nosuch").expect_err("none").hint.en.contains("default, target"));
        assert!(World::parse("x", &format!("{text}\nspeed = 3\n")).is_err());
    }
}
