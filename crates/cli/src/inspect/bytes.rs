//! `onair inspect --bytes`: the start of a stream, byte by byte, and what each means.

mod audio;
mod avc;
mod dump;
mod hevc;
mod origin;
mod script;
mod stream;
mod video;

#[cfg(test)]
mod tests;

use self::origin::Origin;
use self::stream::Stream;
use crate::failure::Failure;
use crate::inspect::Inspect;
use crate::outlet;

/// Dumps until a keyframe and an audio frame were shown, or `most` tags.
pub(super) fn run(opts: &Inspect, most: Option<u32>) -> Result<(), Failure> {
    let (origin, header) = Origin::open(opts)?;
    outlet::print(origin.words())?;
    outlet::print(ABOUT_RTMP)?;
    let mut written = Ok(true);
    let dumped = dump(origin, &header, most, &mut |text| {
        written = outlet::print(text);
        written == Ok(true)
    });
    written?;
    dumped.map_err(|error| super::about(opts, &error))
}

/// Gives `show` one piece of text after another, until it answers that nobody reads any more.
fn dump(
    mut origin: Origin,
    header: &[u8],
    most: Option<u32>,
    show: &mut dyn FnMut(&str) -> bool,
) -> Result<(), String> {
    let mut stream = Stream::default();
    let mut goes_on = show(&stream.file_header(header));
    while goes_on {
        if stream.is_enough(most) {
            show(&stream.farewell(most));
            return Ok(());
        }
        goes_on = match origin.next_tag()? {
            Some(tag) => show(&stream.tag(&tag)),
            None => {
                show("\nThe stream ends here.\n");
                false
            }
        };
    }
    Ok(())
}

const ABOUT_RTMP: &str = "\
Over RTMP the bodies of tags are the same; their type, size, time and stream are in chunk
headers, and there are no back-pointers (PreviousTagSize).
";
