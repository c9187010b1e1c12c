//! The pages over a test card: RTMP and web on loopback, until standard input ends.
//!
//! ```text
//! cargo run --example pages -- 127.0.0.1:8080 [STREAM]...
//! ```
//!
//! Prints one JSON object with the addresses. Each line of standard input names a stream to begin,
//! or, after a minus, one to end. After an `@` a stream may have a picture size; one that is live
//! already is taken over.
#![expect(clippy::print_stdout, reason = "a program talks")]

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead;

use onair::Broadcast;
use onair::av::capture::{TestCard, Tone};
use onair::media::{FrameRate, Size};
use onair_receiver::{Receiver, RegistryConfig, Token, Web, WebServer};
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: pages ADDRESS [STREAM]...")?;
    let mut registry = RegistryConfig::default();
    registry.takeover = true;
    let builder = Receiver::builder()
        .listen("127.0.0.1:0".parse()?)
        .registry(registry);
    let receiver = builder.start()?;
    let rtmp = receiver.rtmp_addresses()[0];
    let token = Token::random()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let server = WebServer::new(runtime.block_on(TcpListener::bind(address))?, None);
    let web = server.local_addr()?;
    println!(
        "{{\"rtmp\":\"{rtmp}\",\"web\":\"{web}\",\"token\":\"{}\"}}",
        token.expose()
    );
    let pages = Web::new(receiver.registry().clone())
        .token(token)
        .rtmp(&[(rtmp, false)], false);
    runtime.spawn(server.run(pages));

    let mut broadcasts = HashMap::new();
    let lines = std::io::stdin().lock().lines();
    for line in args.map(Ok).chain(lines) {
        let line = line?;
        let (name, size) = line.split_once('@').unwrap_or((&line, "1280x720"));
        match name.strip_prefix('-') {
            Some(name) => drop(broadcasts.remove(name)),
            None => {
                let url = format!("rtmp://{rtmp}/live/{name}");
                broadcasts.insert(name.to_owned(), publish(&url, size.parse()?)?);
            }
        }
    }
    Ok(())
}

fn publish(url: &str, size: Size) -> Result<Broadcast, Box<dyn Error>> {
    let rate = FrameRate::new(30, 1).ok_or("a rate")?;
    let card = TestCard::new(size, rate);
    let broadcast = Broadcast::builder().video(card).audio(Tone::new(48_000, 2));
    Ok(broadcast.to(url.parse::<onair::rtmp::Url>()?).start()?)
}
