//! Pictures that a camera reads (ISO/IEC 18004), drawn as one path, so that a page shows them without any script or file.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use super::page::AppOffer;
use crate::flows::totp::Offer;

/// Light squares around the picture, as the standard demands.
const MARGIN: usize = 4;

/// What a page shows of a new app.
pub fn offered(Offer { handle, secret, uri }: Offer) -> AppOffer {
    let (width, path) = draw(&uri);
    AppOffer { width, path, secret, uri, handle }
}

/// How many squares wide, and the path of the dark ones. Too long a text gives none: people type the secret then.
fn draw(text: &str) -> (usize, String) {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return (2 * MARGIN, String::new()) };
    let width = code.width();
    let mut path = String::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
        // Writing to a text cannot fail.
        let _ = write!(path, "M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN);
    }
    (width + 2 * MARGIN, path)
}
