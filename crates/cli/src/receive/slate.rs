//! The slate of `--slate`: a PNG or JPEG.

use std::fs;
use std::path::Path;

use onair::av::I420;
use onair::media::Size;
use onair_receiver::HoldSlate;
use zune_jpeg::JpegDecoder;
use zune_png::PngDecoder;
use zune_png::zune_core::bytestream::ZCursor;
use zune_png::zune_core::colorspace::ColorSpace;
use zune_png::zune_core::options::DecoderOptions;

use crate::failure::Failure;

/// Larger images are refused: no service shows more.
const MAX_SIDE: usize = 7680;

/// A larger file is no slate.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads what `--slate` names; the usual slate without it.
pub(super) fn open(file: Option<&Path>) -> Result<HoldSlate, Failure> {
    match file {
        None => Ok(HoldSlate::Words),
        Some(name) if name.as_os_str() == "none" => Ok(HoldSlate::None),
        Some(file) => {
            let path = file.display();
            let image = read(file);
            let image = image
                .map_err(|why| Failure::usage(format_args!("cannot use --slate {path}: {why}")))?;
            Ok(HoldSlate::Image(image))
        }
    }
}

fn read(file: &Path) -> Result<I420, String> {
    let length = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if length > MAX_BYTES {
        return Err("it is larger than 64 MB".to_owned());
    }
    decode(&fs::read(file).map_err(|error| error.to_string())?)
}

fn decode(bytes: &[u8]) -> Result<I420, String> {
    match bytes.first_chunk() {
        Some([0x89, b'P', b'N', b'G']) => png(bytes),
        Some([0xFF, 0xD8, 0xFF, _]) => jpeg(bytes),
        _ => Err("it is neither a PNG nor a JPEG: save it as one of them".to_owned()),
    }
}

fn options() -> DecoderOptions {
    DecoderOptions::new_safe()
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .png_set_strip_to_8bit(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
}

fn png(bytes: &[u8]) -> Result<I420, String> {
    let mut decoder = PngDecoder::new_with_options(ZCursor::new(bytes), options());
    let pixels = decoder
        .decode_raw()
        .map_err(|error| damaged(&format!("{error:?}")))?;
    let sides = decoder.dimensions().ok_or("it has no size")?;
    let space = decoder.colorspace().ok_or("it has no colours")?;
    frame(sides, space, &pixels)
}

fn jpeg(bytes: &[u8]) -> Result<I420, String> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    let pixels = decoder
        .decode()
        .map_err(|error| damaged(&error.to_string()))?;
    let sides = decoder.dimensions().ok_or("it has no size")?;
    frame(sides, ColorSpace::RGB, &pixels)
}

fn damaged(why: &str) -> String {
    let why = why.trim();
    format!(
        "it cannot be decoded ({why}): save it anew, in at most {MAX_SIDE} by {MAX_SIDE} pixels"
    )
}

/// A frame of pixels, what is transparent on black.
fn frame(
    (width, height): (usize, usize),
    space: ColorSpace,
    pixels: &[u8],
) -> Result<I420, String> {
    let over_black = |value: u8, alpha: u8| {
        let product = u16::from(value) * u16::from(alpha);
        u8::try_from(product / 255).unwrap_or(u8::MAX)
    };
    let rgb: Vec<u8> = match space {
        ColorSpace::RGB => pixels.to_vec(),
        ColorSpace::RGBA => pixels
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[r, g, b, a]| [r, g, b].map(|value| over_black(value, a)))
            .collect(),
        ColorSpace::Luma => pixels.iter().flat_map(|&luma| [luma; 3]).collect(),
        ColorSpace::LumaA => pixels
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|&[luma, a]| [over_black(luma, a); 3])
            .collect(),
        other => return Err(format!("its colours ({other:?}) are not understood")),
    };
    let side = |side: usize| u32::try_from(side).map_err(|_| "it is too large");
    let size = Size::new(side(width)?, side(height)?);
    I420::from_rgb(size, &rgb).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
