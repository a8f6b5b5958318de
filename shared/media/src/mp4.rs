//! Size and duration of an MP4 or QuickTime file, read from its index (`moov`). The boxes are those of ISO/IEC
//! 14496-12: a length of four bytes, a name of four, then the content; `mvhd` has the duration, and each track's `tkhd`
//! its size and its rotation.

/// What the index says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Pixels as shown.
    pub(crate) width: Option<u32>,
    /// Pixels as shown.
    pub(crate) height: Option<u32>,
    /// Milliseconds.
    pub(crate) duration_ms: Option<u64>,
}

/// The index, where the whole of it stands in what was read.
pub(crate) fn index(bytes: &[u8]) -> Option<Index> {
    let moov = boxes(bytes).find(|(name, _)| name == b"moov")?.1?;
    let mut index = Index::default();
    for (name, content) in boxes(moov) {
        match (&name, content) {
            (b"mvhd", Some(content)) => index.duration_ms = duration(content),
            (b"trak", Some(track)) => {
                let header = boxes(track).find(|(name, _)| name == b"tkhd").and_then(|(_, content)| content);
                // Sound has a track too, of no size.
                if let Some((width, height)) = header.and_then(size).filter(|_| index.width.is_none()) {
                    (index.width, index.height) = (Some(width), Some(height));
                }
            }
            _ => {}
        }
    }
    Some(index)
}

/// The boxes in `bytes`, each with its content if all of it is there.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], Option<&[u8]>)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let name: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let (head, length) = match u32_at(rest, 0)? {
            // To the end of the file.
            0 => (8, rest.len() as u64),
            1 => (16, u64_at(rest, 8)?),
            length => (8, u64::from(length)),
        };
        if length < head as u64 {
            return None;
        }
        let end = usize::try_from(length).ok().filter(|end| *end <= rest.len());
        let content = end.and_then(|end| rest.get(head..end));
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        Some((name, content))
    })
}

fn duration(mvhd: &[u8]) -> Option<u64> {
    let (scale, units) = match mvhd.first()? {
        0 => (u32_at(mvhd, 12)?, u64::from(u32_at(mvhd, 16)?)),
        1 => (u32_at(mvhd, 20)?, u64_at(mvhd, 24)?),
        _ => return None,
    };
    // All ones mean that nobody knows.
    let known = units != u64::from(u32::MAX) && units != u64::MAX && units > 0;
    let milliseconds = u128::from(units) * 1000 / u128::from(scale).max(1);
    u64::try_from(milliseconds).ok().filter(|_| known && scale > 0)
}

/// Width and height, both 16.16 fixed point, as the track's matrix shows them.
fn size(tkhd: &[u8]) -> Option<(u32, u32)> {
    let matrix = match tkhd.first()? {
        0 => 40,
        1 => 52,
        _ => return None,
    };
    let (width, height) = (u32_at(tkhd, matrix + 36)? >> 16, u32_at(tkhd, matrix + 40)? >> 16);
    if width == 0 || height == 0 {
        return None;
    }
    // The matrix is a b u c d v x y w; a quarter turn has nothing in a and d.
    let turned = u32_at(tkhd, matrix)? == 0 && u32_at(tkhd, matrix + 16)? == 0;
    Some(if turned { (height, width) } else { (width, height) })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).expect("small");
        [&length.to_be_bytes(), &name[..], content].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    const UPRIGHT: [u32; 9] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];
    const QUARTER_TURN: [u32; 9] = [0, 0x10000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];

    fn track(matrix: [u32; 9], width: u32, height: u32) -> Vec<u8> {
        let header = [&[0; 10][..], &matrix, &[width << 16, height << 16]].concat();
        boxed(b"trak", &boxed(b"tkhd", &words(&header)))
    }

    fn video(matrix: [u32; 9]) -> Vec<u8> {
        let header = boxed(b"mvhd", &words(&[0, 0, 0, 600, 9000]));
        let moov = [header, track(UPRIGHT, 0, 0), track(matrix, 1920, 1080)].concat();
        [boxed(b"ftyp", b"isom\0\0\0\0"), boxed(b"free", b"12"), boxed(b"moov", &moov)].concat()
    }

    #[test]
    fn a_video_tells_its_size_as_it_is_shown_and_its_duration() {
        let upright = Index { width: Some(1920), height: Some(1080), duration_ms: Some(15_000) };
        assert_eq!(index(&video(UPRIGHT)), Some(upright));
        let turned = Index { width: Some(1080), height: Some(1920), ..upright };
        assert_eq!(index(&video(QUARTER_TURN)), Some(turned));
    }

    #[test]
    fn an_index_that_is_cut_off_or_behind_the_pictures_says_nothing() {
        let whole = video(UPRIGHT);
        assert_eq!(index(&whole[..whole.len() - 1]), None);
        let behind = [boxed(b"ftyp", b"isom\0\0\0\0"), words(&[5_000_000]), b"mdat".to_vec(), vec![0; 64]].concat();
        assert_eq!(index(&behind), None);
    }

    #[test]
    fn a_duration_that_nobody_knows_is_absent() {
        assert_eq!(duration(&words(&[0, 0, 0, 600, u32::MAX])), None);
        assert_eq!(duration(&words(&[0, 0, 0, 0, 600])), None);
        assert_eq!(duration(&words(&[0x0100_0000, 0, 0, 0, 0, 1000, 0, 2500])), Some(2500));
    }
}
