//! Receives RTMP and plays it, until a line (or the end) of standard input.
//!
//! ```text
//! cargo run --example receive -- 127.0.0.1:1935 [NAME=KEY]...
//! ```
#![expect(clippy::print_stdout, reason = "a program talks")]

use std::error::Error;

use onair_receiver::{Keys, Receiver};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: receive ADDRESS [NAME=KEY]...")?;
    let mut keys = Keys::none();
    for pair in args {
        let (name, key) = pair.split_once('=').ok_or("a key is given as NAME=KEY")?;
        keys.add(name, &key.into())?;
    }
    let builder = Receiver::builder().listen(address.parse()?).keys(keys);
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
