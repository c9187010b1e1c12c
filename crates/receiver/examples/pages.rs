//! The pages over a test card: RTMP and web on loopback, until the end of standard input.
//!
//! ```text
//! cargo run --example pages -- 127.0.0.1:8080 [STREAM]...
//! ```
//!
//! Prints one JSON object with the addresses. Each line read from standard input is a stream to
//! begin, or, behind a minus, one to end.
#![expect(clippy::print_stdout, reason = "a program talks")]

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead;

use onair::Broadcast;
use onair::av::capture::{TestCard, Tone};
use onair::media::{FrameRate, Size};
use onair_receiver::{Receiver, Token, Web, WebServer};
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: pages ADDRESS [STREAM]...")?;
    let receiver = Receiver::builder().listen("127.0.0.1:0".parse()?).start()?;
    let rtmp = receiver.rtmp_addresses()[0];
    let token = Token::random()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let server = WebServer::new(runtime.block_on(TcpListener::bind(address))?, None);
    let web = server.local_addr()?;
    println!(
        "{{\"rtmp\":\"{rtmp}\",\"web\":\"{web}\",\"token\":\"{}\"}}",
        token.expose()
    );
    let pages = Web::new(receiver.hub().clone())
        .token(token)
        .rtmp_port(rtmp.port());
    runtime.spawn(server.run(pages));

    let mut broadcasts = HashMap::new();
    for name in args {
        broadcasts.insert(
            name.clone(),
            publish(&format!("rtmp://{rtmp}/live/{name}"))?,
        );
    }
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if let Some(name) = line.strip_prefix('-') {
            broadcasts.remove(name);
        } else {
            broadcasts.insert(
                line.clone(),
                publish(&format!("rtmp://{rtmp}/live/{line}"))?,
            );
        }
    }
    Ok(())
}

fn publish(url: &str) -> Result<Broadcast, Box<dyn Error>> {
    let rate = FrameRate::new(30, 1).ok_or("a rate")?;
    let card = TestCard::new(Size::new(1280, 720), rate);
    let broadcast = Broadcast::builder().video(card).audio(Tone::new(48_000, 2));
    Ok(broadcast.to(url.parse::<onair::rtmp::Url>()?).start()?)
}
