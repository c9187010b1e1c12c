use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A link as a QR code of half-block characters, for a terminal with light text on a dark
/// background; phones read it on a light one too. `None` if the link is too long for one.
pub fn qr_code(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    let mut drawn = code.render::<Dense1x2>();
    drawn
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark);
    Some(drawn.quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: usize = 4;

    #[test]
    fn a_link_becomes_a_square_of_blocks() {
        let drawn =
            qr_code("https://192.168.178.20:8443/live#token=0123456789abcdefghijkl").unwrap();
        let lines: Vec<_> = drawn.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert!(
            lines.len().abs_diff(width / 2) <= 1 && width < 60,
            "{width}"
        );
        assert!(drawn.chars().all(|c| "█▀▄ \n".contains(c)));
    }

    /// What a terminal with light text on a dark background shows, a pixel a module: 255 where it
    /// is lit.
    fn shown(drawn: &str) -> Vec<Vec<u8>> {
        let lit = |is_lit: bool| if is_lit { 255 } else { 0 };
        let rows = drawn.lines().flat_map(|line| {
            let upper = line.chars().map(|c| lit("█▀".contains(c)));
            let lower = line.chars().map(|c| lit("█▄".contains(c)));
            [upper.collect(), lower.collect()]
        });
        rows.collect()
    }

    #[test]
    fn a_camera_reads_the_link_off_the_terminal() {
        let link = "https://192.0.2.7:8443/live#token=rbEwX5_fcKdY4Cne3CN60Q";
        let modules = shown(&qr_code(link).unwrap());
        let (width, height) = (modules[0].len() * PIXELS, modules.len() * PIXELS);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            modules[y / PIXELS][x / PIXELS]
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, link);
    }

    #[test]
    fn a_link_too_long_has_none() {
        assert_eq!(qr_code(&"x".repeat(4000)), None);
    }
}
