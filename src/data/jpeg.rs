//! Is a JPEG file whole? (ITU-T T.81, annex B: the marker segments)
//!
//! Decoders paint what is missing from a truncated file grey and call it a success. A network would
//! learn those grey bars, so such files are found here.

/// Whether the markers of a JPEG lead to its end-of-image marker. Bytes after that are allowed:
/// telephones append depth maps and little films.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    const RESTARTS: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;
    let mut at = 2; // past the start-of-image marker
    let mut in_scan = false;
    while at + 1 < bytes.len() {
        if bytes[at] != 0xFF {
            // Pixels, or rubbish between two segments.
            at += 1;
            continue;
        }
        match bytes[at + 1] {
            // Fill bytes: the marker's second byte is still to come.
            0xFF => at += 1,
            // A stuffed zero and restarts belong to the pixels; TEM has no length either.
            0x00 | 0x01 => at += 2,
            marker if RESTARTS.contains(&marker) => at += 2,
            0xD9 => return in_scan,
            marker => {
                let Some(length) = bytes.get(at + 2..at + 4) else { return false };
                in_scan |= marker == 0xDA;
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg() -> Vec<u8> {
        let picture = image::RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8])
        });
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_truncation_is_noticed() {
        let whole = jpeg();
        assert!(is_complete(&whole));
        for length in 0..whole.len() {
            assert!(!is_complete(&whole[..length]), "{length} of {} bytes", whole.len());
        }
    }

    #[test]
    fn a_thumbnail_is_not_the_end_and_a_trailer_is_no_harm() {
        let whole = jpeg();
        // A small JPEG inside an APP1 segment, then the picture itself.
        let length = (whole.len() + 2) as u16;
        let mut nested = vec![0xFF, 0xD8, 0xFF, 0xE1];
        nested.extend(length.to_be_bytes());
        nested.extend(&whole);
        assert!(!is_complete(&nested), "only the thumbnail is there");
        nested.extend(&whole[2..]);
        assert!(is_complete(&nested));
        nested.extend([7; 100]);
        assert!(is_complete(&nested));
    }
}
