use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A link as a QR code of half-block characters, for a terminal with light text on dark ground;
/// phones read it on light ground too. `None` when the link is too long for one.
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

    #[test]
    fn a_link_too_long_has_none() {
        assert_eq!(qr_code(&"x".repeat(4000)), None);
    }
}
