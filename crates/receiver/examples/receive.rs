//! Receives RTMP, plays it, and records and relays it on request, until a line (or the end) of
//! standard input.
//!
//! ```text
//! cargo run --example receive -- 127.0.0.1:1935 [record=DIR] [relay=URL] [NAME=KEY]...
//! ```
#![expect(clippy::print_stdout, reason = "a program talks")]

use std::error::Error;

use onair::Address;
use onair_receiver::{Keys, Receiver};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("an address to listen on is needed")?;
    let mut builder = Receiver::builder().listen(address.parse()?);
    let mut keys = Keys::none();
    for pair in args {
        match pair.split_once('=').ok_or("expected NAME=VALUE")? {
            ("record", directory) => builder = builder.record(directory),
            ("relay", url) => builder = builder.relay(url.parse::<Address>()?),
            (name, key) => keys.add(name, &key.into())?,
        }
    }
    let builder = builder.keys(keys);
    let receiver = builder.start()?;
    println!("listening on {:?}", receiver.rtmp_addresses());
    let mut events = receiver.events();
    std::thread::spawn(move || {
        while let Some(event) = events.blocking_next() {
            println!("{event:?}");
        }
    });
    std::io::stdin().read_line(&mut String::new())?;
    receiver.stop();
    Ok(())
}
