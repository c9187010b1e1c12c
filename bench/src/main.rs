//! onair beside its peers: one run, one table of ratios. What is measured, and
//! how, is in the README.

mod fanout;
mod latency;
mod measure;
mod media;
mod memory;
mod peer;
mod player;
mod proxy;
mod publish;
mod rate;
mod realtime;
mod roundtrips;
mod sink;
mod table;

use std::time::Duration;

use anyhow::Result;

use crate::table::Group;

/// A name to ask for it by, and what it measures.
type Part = (&'static str, fn() -> Result<Vec<Group>>);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if measure::role(&arguments)? {
        return Ok(());
    }
    if arguments == ["sink"] {
        return serve();
    }
    let parts: [Part; 7] = [
        ("memory", memory::run),
        ("publish", publish::run),
        ("realtime", realtime::run),
        ("roundtrips", roundtrips::run),
        ("latency", latency::run),
        ("fanout", fanout::run),
        ("rate", rate::run),
    ];
    println!("{}", table::header());
    for (name, run) in parts {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| wanted == name) {
            continue;
        }
        match run() {
            Ok(groups) => groups.iter().for_each(|group| print!("{group}")),
            Err(why) => eprintln!("SKIPPED: {name}: {why:#}"),
        }
    }
    Ok(())
}

/// The sink alone, to publish to by hand.
fn serve() -> Result<()> {
    let sink = sink::Sink::start()?;
    println!("{}", sink.url());
    loop {
        let session = sink.session(Duration::MAX)?;
        println!("{} tags, {} bytes", session.media.len(), session.body_bytes);
    }
}
