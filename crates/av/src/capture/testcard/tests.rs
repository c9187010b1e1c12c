use std::time::Duration;

use super::*;

const WALL: WallTime = WallTime::since_epoch(Duration::from_millis(45_296_789));

fn card(size: Size) -> TestCard {
    TestCard::new(size, FrameRate::new(30, 1).unwrap()).with_wall_clock(|| WALL)
}

/// How bright the disc is, away from its digits.
fn disc_luma(image: &I420) -> u8 {
    let size = image.size();
    let layout = Layout::new(size, &mut Font::default(), "", "");
    let (x, y) = layout.dial.centre();
    image.y()[(y + layout.dial.side() * 33 / 100) * size.width as usize + x]
}

#[test]
fn every_frame_says_which_it_is() {
    let mut card = card(Size::new(320, 180));
    for index in 0..10 {
        let frame = card.next_frame().unwrap().unwrap();
        let Surface::I420(image) = frame.surface;
        let mark = Mark::read(&image).unwrap();
        assert_eq!((mark.frame, mark.millis_of_day), (index, 45_296_789));
    }
}

#[test]
fn a_card_is_a_function_of_number_and_time() {
    let size = Size::new(320, 180);
    let mut busy = card(size);
    for index in 0..70 {
        busy.draw(index, WallTime::default());
    }
    let fresh = card(size).draw(1234, WALL);
    assert_eq!(busy.draw(1234, WALL).data(), fresh.data());
    assert_ne!(busy.draw(1235, WALL).data(), fresh.data());
}

#[test]
fn a_frame_someone_holds_does_not_change() {
    let mut card = card(Size::new(160, 90));
    let held: Vec<I420> = (0..20).map(|index| card.draw(index, WALL)).collect();
    for (index, image) in (0..).zip(&held) {
        assert_eq!(Mark::read(image).unwrap().frame, index);
    }
}

#[test]
fn the_disc_flashes_in_the_first_tenth_of_each_second() {
    for (rate, expected) in [
        (FrameRate::new(30, 1), vec![0, 1, 2, 30, 31, 32]),
        (FrameRate::new(60, 1), vec![0, 1, 2, 3, 4, 5]),
        (FrameRate::new(30_000, 1001), vec![0, 1, 2, 30, 31, 32]),
        (
            FrameRate::new(5, 1),
            vec![0, 5, 10, 15, 20, 25, 30, 35, 40, 45],
        ),
    ] {
        let mut card = TestCard::new(Size::new(160, 90), rate.unwrap());
        let flashes: Vec<u64> = (0..50)
            .filter(|&index| disc_luma(&card.draw(index, WALL)) > 200)
            .collect();
        assert_eq!(flashes, expected, "{rate:?}");
    }
}

#[test]
fn any_size_can_be_drawn() {
    for (width, height) in [
        (1, 1),
        (2, 2),
        (3, 500),
        (500, 3),
        (161, 91),
        (90, 160),
        (640, 480),
    ] {
        let size = Size::new(width, height);
        let image = card(size).draw(17, WALL);
        assert_eq!(image.size(), size);
    }
}
