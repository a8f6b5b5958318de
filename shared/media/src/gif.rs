//! Whether a GIF moves. The layout is that of the GIF89a specification (CompuServe, 1990), sections 18 to 26.

const EXTENSION: u8 = 0x21;
const APPLICATION: u8 = 0xff;
const IMAGE: u8 = 0x2c;

/// Whether a second picture, or the wish to be repeated, stands in what was read.
pub(crate) fn moves(bytes: &[u8]) -> bool {
    let mut pictures = 0;
    let mut reader = Reader { bytes, at: 10 };
    let Some(flags) = reader.byte() else { return false };
    reader.at = 13 + color_table(flags);
    while let Some(block) = reader.byte() {
        match block {
            EXTENSION => {
                let label = reader.byte();
                if label == Some(APPLICATION) && reader.rest().get(1..12) == Some(b"NETSCAPE2.0") {
                    return true;
                }
            }
            IMAGE => {
                pictures += 1;
                if pictures > 1 {
                    return true;
                }
                reader.at += 8;
                let Some(flags) = reader.byte() else { break };
                // The table, and the byte that begins the compressed picture.
                reader.at += color_table(flags) + 1;
            }
            _ => break,
        }
        if !reader.skip_sub_blocks() {
            break;
        }
    }
    false
}

/// Bytes of the colour table that a packed field announces.
const fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Goes behind the empty block that ends a chain; `false` where it does not end in what was read.
    fn skip_sub_blocks(&mut self) -> bool {
        loop {
            match self.byte() {
                Some(0) => return true,
                Some(length) => self.at += usize::from(length),
                None => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen of 1 × 1 without a colour table.
    const SCREEN: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0";
    /// One picture of one pixel: no table, code size 2, one block of data.
    const PICTURE: &[u8] = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0";

    #[test]
    fn a_wish_to_be_repeated_is_an_animation_before_the_second_picture_is_seen() {
        let repeated = [SCREEN, b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", PICTURE].concat();
        assert!(moves(&repeated));
        let comment = [SCREEN, b"\x21\xfe\x02hi\0", PICTURE, b"\x3b"].concat();
        assert!(!moves(&comment));
    }

    #[test]
    fn a_color_table_is_no_picture() {
        // Two colours, one of which looks like the beginning of a picture.
        let colored = [&b"GIF89a\x01\0\x01\0\x80\0\0\x2c\x2c\x2c\x2c\x2c\x2c"[..], PICTURE].concat();
        assert!(!moves(&colored));
        assert!(moves(&[&colored, PICTURE].concat()));
    }
}
