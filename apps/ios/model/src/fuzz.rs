//! Fuzz bodies: plain functions of bytes, which panic when a promise is broken.

use onair::Secret;

use crate::{Address, link, saved};

/// Whatever is found in any text can be used, and no error repeats a secret part of it.
pub fn link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(found) = link::parse(&text) else {
        return;
    };
    assert!(found.server.is_some() || found.key.is_some());
    let (Some(server), Some(key)) = (&found.server, &found.key) else {
        return;
    };
    let address = Address::new(server.expose(), key.expose()).expect("what is found is usable");
    assert_eq!(Address::read(&address.write()), Some(address.clone()));
    assert!(!address.shown().contains('\n'));
}

/// Any text can be read as saved settings, and whatever is read is written and read back the same.
pub fn saved(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (settings, destinations) = saved::read(&text);
    let written = saved::write(&settings, &destinations);
    assert_eq!(saved::read(&written), (settings, destinations));
}

/// Any text can be what the Keychain had.
pub fn address(data: &[u8]) {
    let text = Secret::from(String::from_utf8_lossy(data).into_owned());
    if let Some(address) = Address::read(&text) {
        assert_eq!(Address::read(&address.write()), Some(address));
    }
}

#[cfg(test)]
#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: [&str; 5] = [
        "onair://add?server=rtmps%3A%2F%2Fme%3Apw%40live.example%3A443%2Fapp&key=a+b&name=My+show",
        "Server: rtmp://live.example/app/x?sig=/1\nStream key: k-1?x=2",
        "size 720p\nfps 30\nbitrate 2500\nstabilise off\ncamera front\nrecord on\n\
         to 3 on rtmp://live.example/app My show\nto 4 off s ",
        "to 5 on s The longest name that fits, and what is cut lies behind a word, here",
        "rtmp://[::1]:1936/app/instance\nkey",
    ];

    #[test]
    fn every_prefix_and_every_flipped_byte_is_survived() {
        for text in GOLDEN {
            for end in 0..=text.len() {
                all(&text.as_bytes()[..end]);
            }
            for at in 0..text.len() {
                for flip in [1, 4, 16, 32, 128, 255] {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[at] ^= flip;
                    all(&bytes);
                }
            }
        }
    }

    fn all(data: &[u8]) {
        link(data);
        saved(data);
        address(data);
    }

    #[test]
    fn the_corpora_replay() {
        corpus::replay("link", link);
        corpus::replay("saved", saved);
        corpus::replay("address", address);
    }
}
