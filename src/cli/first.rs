//! The first start: no config yet. What is found on this machine is offered; the lab is always there to look around in.

use std::io::{BufRead as _, IsTerminal as _};

use super::Exit;
use super::config::{Where, init};
use super::out::Out;
use crate::config::{Discovered, Places};
use crate::model::text::{Lang, clean};

/// What a person without a config wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstStart {
    Lab,
    /// A config was written: open it.
    Written,
    Leave(Exit),
}

/// Asks where there is something to ask about and somebody to ask; else the lab.
pub fn first_start(found: &Discovered, places: &Places, out: &mut Out<'_>) -> FirstStart {
    if found.engines.is_empty() || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        // Left on the ordinary screen, for when the console is left.
        out.say(
            "There is no config yet: this opens the lab, a simulated fleet. `wharf config init` writes one for your hosts.",
            "还没有配置：进入模拟环境。`wharf config init` 可为您的主机写一份配置。",
        );
        return FirstStart::Lab;
    }
    let zh = out.lang == Lang::Zh;
    out.say("There is no config yet. Found on this machine:", "还没有配置。在本机找到：");
    for engine in &found.engines {
        out.line(&format!("  docker  {}  {}", clean(&engine.name), clean(&engine.host)));
    }
    for registry in &found.registries {
        out.line(&format!("  {}  {}", if zh { "仓库" } else { "registry" }, clean(&registry.address)));
    }
    let path = clean(&places.user.display().to_string()).into_owned();
    out.say("  w      write a config from this and open it:", "  w      据此写一份配置并打开：");
    out.line(&format!("         {path}"));
    out.say(
        "  Enter  look around in the lab: a simulated fleet; nothing of yours is touched",
        "  Enter  先在模拟环境里看看：不触碰任何真实资源",
    );
    out.say("  q      leave", "  q      离开");
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line).is_err() {
        return FirstStart::Leave(Exit::Ok);
    }
    match line.trim() {
        "" if line.is_empty() => FirstStart::Leave(Exit::Ok),
        "" => FirstStart::Lab,
        "w" | "W" => match init(places, Where::File, out) {
            Exit::Ok => FirstStart::Written,
            exit => FirstStart::Leave(exit),
        },
        _ => FirstStart::Leave(Exit::Ok),
    }
}
