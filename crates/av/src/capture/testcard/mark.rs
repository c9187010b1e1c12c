use onair_media::Size;

use super::canvas::{Canvas, Colour, Rect};
use crate::I420;
use crate::clock::WallTime;

/// What the test card's machine-readable strip says: which frame it is and when
/// it was drawn. It survives compression and scaling, so a test or a viewer can
/// tell lost frames and latency from the frame alone.
///
/// The strip is the frame's lowest rows: two rows of forty cells, white for
/// one. Four cells (white, black, white, black) calibrate the reader, 32 carry
/// the number from its highest bit, four its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The frame's number, counted from zero, modulo 2³².
    pub frame: u32,
    /// When it was drawn, in milliseconds since midnight UTC.
    pub millis_of_day: u32,
}

impl Mark {
    /// Reads the strip of a frame, at whatever scale; `None` if there is none.
    pub fn read(image: &I420) -> Option<Self> {
        Self::read_luma(image.y(), image.size())
    }

    /// Reads the strip off a plane of luma without padding.
    pub fn read_luma(luma: &[u8], size: Size) -> Option<Self> {
        let whole = size.width as usize * size.height as usize;
        let luma = luma.get(..whole).filter(|_| fits(size))?;
        Some(Self {
            frame: read_row(luma, size, 0)?,
            millis_of_day: read_row(luma, size, 1)?,
        })
    }

    pub(super) fn new(index: u64, wall: WallTime) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "modulo 2^32 is the contract"
        )]
        let frame = index as u32;
        Self {
            frame,
            millis_of_day: wall.millis_of_day(),
        }
    }

    pub(super) fn draw(self, canvas: &mut Canvas<'_>) {
        let size = canvas.size();
        if !fits(size) {
            return;
        }
        for (row, number) in [self.frame, self.millis_of_day].into_iter().enumerate() {
            for (cell, bit) in bits(number, row).into_iter().enumerate() {
                let colour = if bit { Colour::WHITE } else { Colour::BLACK };
                canvas.fill(cell_rect(size, row, cell), colour);
            }
        }
    }
}

/// How many of the frame's lowest rows the strip takes; zero if it has no room.
pub(super) fn height(size: Size) -> usize {
    if fits(size) {
        ROWS * row_height(size)
    } else {
        0
    }
}

fn fits(size: Size) -> bool {
    size.width as usize >= 2 * CELLS && size.height as usize >= 4 * ROWS * LOWEST_ROW
}

fn row_height(size: Size) -> usize {
    (size.height as usize / 48).max(LOWEST_ROW) & !1
}

fn cell_rect(size: Size, row: usize, cell: usize) -> Rect {
    let (width, height) = (size.width as usize, size.height as usize);
    let left = cell * width / CELLS;
    let right = (cell + 1) * width / CELLS;
    let rows = row_height(size);
    Rect::new(left, height - (ROWS - row) * rows, right - left, rows)
}

fn bits(number: u32, row: usize) -> [bool; CELLS] {
    let word = (CALIBRATION << 36) | (u64::from(number) << 4) | u64::from(check(number, row));
    std::array::from_fn(|cell| word >> (CELLS - 1 - cell) & 1 == 1)
}

/// Four bits over the number, different for each row.
fn check(number: u32, row: usize) -> u8 {
    let nibbles = (0..8).map(|index| (number >> (4 * index) & 15) as u8);
    let turned = |sum: u8| (sum << 1 | sum >> 3) & 15;
    let sum = nibbles.fold(0x6, |sum, nibble| turned(sum) ^ nibble);
    (if row == 0 { sum } else { !sum }) & 15
}

fn read_row(luma: &[u8], size: Size, row: usize) -> Option<u32> {
    let levels: [u32; CELLS] = std::array::from_fn(|cell| {
        let rect = cell_rect(size, row, cell);
        mean(luma, size.width as usize, rect)
    });
    let (white, black) = ((levels[0] + levels[2]) / 2, (levels[1] + levels[3]) / 2);
    if white < black + LEAST_CONTRAST {
        return None;
    }
    let word = levels.iter().fold(0_u64, |word, &level| {
        (word << 1) | u64::from(2 * level > white + black)
    });
    let number = u32::try_from((word >> 4) & u64::from(u32::MAX)).ok()?;
    let audio = word & 15 == u64::from(check(number, row)) && word >> 36 == CALIBRATION;
    audio.then_some(number)
}

/// The mean luma of the middle half of a cell.
fn mean(luma: &[u8], width: usize, cell: Rect) -> u32 {
    let columns = cell.x + cell.width / 4..cell.x + (cell.width * 3).div_ceil(4);
    let rows = cell.y + cell.height / 4..cell.y + (cell.height * 3).div_ceil(4);
    let count = columns.len() * rows.len();
    let sum: usize = rows
        .map(|y| &luma[y * width..][columns.clone()])
        .map(|row| row.iter().map(|&level| usize::from(level)).sum::<usize>())
        .sum();
    u32::try_from(sum / count.max(1)).unwrap_or(0)
}

const ROWS: usize = 2;
const CELLS: usize = 40;
const CALIBRATION: u64 = 0b1010;
const LOWEST_ROW: usize = 6;
const LEAST_CONTRAST: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(size: Size, mark: Mark) -> I420 {
        let mut image = I420::black(size);
        mark.draw(&mut Canvas::new(&mut image).unwrap());
        image
    }

    const MARK: Mark = Mark {
        frame: 0xdead_beef,
        millis_of_day: 45_296_789,
    };

    #[test]
    fn what_is_drawn_is_read_at_any_size() {
        for (width, height) in [(80, 60), (160, 90), (854, 480), (1280, 720), (720, 1280)] {
            let size = Size::new(width, height);
            assert_eq!(Mark::read(&marked(size, MARK)), Some(MARK), "{size}");
        }
    }

    #[test]
    fn a_blank_or_tiny_frame_has_no_mark() {
        assert_eq!(Mark::read(&I420::black(Size::new(320, 180))), None);
        assert_eq!(Mark::read(&marked(Size::new(40, 20), MARK)), None);
    }

    #[test]
    fn a_flipped_cell_is_noticed() {
        let size = Size::new(320, 180);
        for row in 0..ROWS {
            for cell in 0..CELLS {
                let mut image = marked(size, MARK);
                let mut canvas = Canvas::new(&mut image).unwrap();
                let number = [MARK.frame, MARK.millis_of_day][row];
                let was = bits(number, row)[cell];
                let colour = if was { Colour::BLACK } else { Colour::WHITE };
                canvas.fill(cell_rect(size, row, cell), colour);
                assert_eq!(Mark::read(&image), None, "row {row} cell {cell}");
            }
        }
    }
}
