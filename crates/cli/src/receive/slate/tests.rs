use onair::av::I420;

use super::{decode, open};

/// A PNG of 10 by 6 pixels, of which the left half has one value and the right half another (ISO/IEC
/// 15948).
struct Png {
    colour: u8,
    depth: u8,
    halves: [&'static [u16]; 2],
    palette: &'static [u8],
    alphas: &'static [u8],
    interlaced: bool,
}

const WIDTH: usize = 10;
const HEIGHT: usize = 6;

/// The first column, first row, and steps of each pass of Adam7.
const PASSES: [(usize, usize, usize, usize); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

impl Png {
    const fn new(colour: u8, depth: u8, halves: [&'static [u16]; 2]) -> Self {
        Self {
            colour,
            depth,
            halves,
            palette: &[],
            alphas: &[],
            interlaced: false,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut header = Vec::new();
        header.extend(u32::try_from(WIDTH).unwrap().to_be_bytes());
        header.extend(u32::try_from(HEIGHT).unwrap().to_be_bytes());
        header.extend([self.depth, self.colour, 0, 0, u8::from(self.interlaced)]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let optional = [(b"PLTE", self.palette), (b"tRNS", self.alphas)];
        chunk(&mut file, b"IHDR", &header);
        for (name, data) in optional.into_iter().filter(|(_, data)| !data.is_empty()) {
            chunk(&mut file, name, data);
        }
        chunk(&mut file, b"IDAT", &stored(&self.rows()));
        chunk(&mut file, b"IEND", &[]);
        file
    }

    fn rows(&self) -> Vec<u8> {
        let whole = [(0, 0, 1, 1)];
        let passes: &[_] = if self.interlaced { &PASSES } else { &whole };
        let mut rows = Vec::new();
        for (first, row, across, down) in passes {
            for _ in (*row..HEIGHT).step_by(*down) {
                let samples = (*first..WIDTH)
                    .step_by(*across)
                    .flat_map(|column| self.halves[usize::from(column >= WIDTH / 2)]);
                rows.push(0);
                rows.extend(self.packed(samples));
            }
        }
        rows
    }

    /// Samples as bits, from the highest of each byte down.
    fn packed<'a>(&self, samples: impl Iterator<Item = &'a u16>) -> Vec<u8> {
        let depth = u32::from(self.depth);
        let bits = samples.flat_map(|sample| (0..depth).rev().map(move |bit| sample >> bit & 1));
        let bits: Vec<_> = bits.collect();
        let byte = |bits: &[u16]| {
            let all = bits.iter().chain(&[0; 8]).take(8);
            all.fold(0, |byte, bit| byte << 1 | u8::try_from(*bit).unwrap())
        };
        bits.chunks(8).map(byte).collect()
    }
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    let begin = file.len();
    file.extend(name);
    file.extend(data);
    let check = crc(&file[begin..]);
    file.extend(check.to_be_bytes());
}

/// Of ISO/IEC 15948, annex D.
fn crc(bytes: &[u8]) -> u32 {
    let of_bit = |crc: u32| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
    let of_byte = |crc, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| of_bit(crc));
    !bytes.iter().fold(!0, of_byte)
}

/// In zlib's form, not compressed (RFC 1950, RFC 1951 §3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let sums = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    let mut all = vec![0x78, 0x01, 0x01];
    all.extend(length.to_le_bytes());
    all.extend((!length).to_le_bytes());
    all.extend(data);
    all.extend((sums.1 << 16 | sums.0).to_be_bytes());
    all
}

/// The luma of the left and of the right half, which each have one.
fn halves(image: &I420) -> [u8; 2] {
    let size = image.size();
    assert_eq!((size.width as usize, size.height as usize), (WIDTH, HEIGHT));
    let luma = &image.data()[..WIDTH * HEIGHT];
    let half = |range: std::ops::Range<usize>| {
        let pixels = luma.chunks(WIDTH).flat_map(|row| &row[range.clone()]);
        let pixels: Vec<_> = pixels.copied().collect();
        assert!(
            pixels.iter().all(|luma| luma.abs_diff(pixels[0]) <= 2),
            "{luma:?}"
        );
        pixels[0]
    };
    [half(0..WIDTH / 2), half(WIDTH / 2..WIDTH)]
}

const RED_BLUE: [&[u16]; 2] = [&[255, 0, 0], &[0, 0, 255]];
const RED_BLUE_16: [&[u16]; 2] = [&[0xFFFF, 0, 0], &[0, 0, 0xFFFF]];
const FIRST_SECOND: [&[u16]; 2] = [&[0], &[1]];
const TWO_COLOURS: &[u8] = &[255, 0, 0, 0, 0, 255];

/// BT.709 in the range of video.
const WHITE: u8 = 235;
const RED: u8 = 63;
const BLUE: u8 = 32;
const BLACK: u8 = 16;

/// Each kind there is, and the luma of its halves.
fn kinds() -> Vec<(Png, [u8; 2])> {
    let palette = |depth| Png {
        palette: TWO_COLOURS,
        ..Png::new(3, depth, FIRST_SECOND)
    };
    let see_through = Png {
        alphas: &[255, 0],
        ..palette(8)
    };
    let mut kinds = vec![
        (Png::new(0, 1, [&[1], &[0]]), [WHITE, BLACK]),
        (Png::new(0, 2, [&[3], &[0]]), [WHITE, BLACK]),
        (Png::new(0, 4, [&[15], &[0]]), [WHITE, BLACK]),
        (Png::new(0, 8, [&[255], &[0]]), [WHITE, BLACK]),
        (Png::new(0, 16, [&[0xFFFF], &[0]]), [WHITE, BLACK]),
        (Png::new(2, 8, RED_BLUE), [RED, BLUE]),
        (Png::new(2, 16, RED_BLUE_16), [RED, BLUE]),
        (see_through, [RED, BLACK]),
        (Png::new(4, 8, [&[255, 255], &[255, 0]]), [WHITE, BLACK]),
        (
            Png::new(4, 16, [&[0xFFFF, 0xFFFF], &[0xFFFF, 0]]),
            [WHITE, BLACK],
        ),
        (
            Png::new(6, 8, [&[255, 0, 0, 255], &[0, 0, 255, 0]]),
            [RED, BLACK],
        ),
        (
            Png::new(6, 16, [&[0xFFFF, 0, 0, 0xFFFF], &[0, 0, 0xFFFF, 0]]),
            [RED, BLACK],
        ),
    ];
    kinds.extend([1, 2, 4, 8].map(|depth| (palette(depth), [RED, BLUE])));
    kinds
}

#[test]
fn every_kind_of_png_is_what_it_shows_interlaced_or_not() {
    for (png, expected) in kinds() {
        for interlaced in [false, true] {
            let png = Png { interlaced, ..png };
            let what = format!("colour {} of {} bits, {interlaced}", png.colour, png.depth);
            let image = decode(&png.bytes()).unwrap_or_else(|why| panic!("{what}: {why}"));
            let found = halves(&image);
            let is_near = |(is, should): (u8, u8)| is.abs_diff(should) <= 1;
            let is_right = found.into_iter().zip(expected).all(is_near);
            assert!(is_right, "{what}: {found:?} instead of {expected:?}");
        }
    }
}

/// 10 by 6 pixels, white on the left and black on the right.
const JPEG: &[u8] = include_bytes!("halves.jpg");

#[test]
fn a_jpeg_is_what_it_shows() {
    let [left, right] = halves(&decode(JPEG).unwrap());
    assert!(left > 230 && right < 20, "{left} {right}");
}

#[test]
fn a_file_that_was_cut_is_refused_in_words_and_none_that_was_changed_panics() {
    let files = [kinds().remove(5).0.bytes(), JPEG.to_vec()];
    for whole in &files {
        for end in 0..whole.len() * 3 / 4 {
            let why = decode(&whole[..end]).unwrap_err();
            assert!(!why.is_empty() && !why.contains(['{', '"']), "{end}: {why}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xFF;
            let _ = decode(&changed);
        }
    }
}

#[test]
fn an_image_that_is_larger_than_any_screen_is_refused_before_it_takes_memory() {
    let mut file = Png::new(0, 1, [&[1], &[0]]).bytes();
    file[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    let check = crc(&file[12..29]);
    file[29..33].copy_from_slice(&check.to_be_bytes());
    let why = decode(&file).unwrap_err();
    assert!(why.contains("at most 7680 by 7680"), "{why}");
}

#[test]
fn what_cannot_be_used_is_named_with_a_cure() {
    let directory = std::env::temp_dir().join(format!("onair-slate-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("back soon.png");
    let words = || open(Some(&file)).unwrap_err().to_string();
    assert!(words().contains("back soon.png: "), "{}", words());
    for (bytes, cure) in [
        (
            &b"GIF89a"[..],
            "neither a PNG nor a JPEG: save it as one of them",
        ),
        (&JPEG[..60], "save it anew"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        assert!(words().contains(cure), "{}", words());
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
