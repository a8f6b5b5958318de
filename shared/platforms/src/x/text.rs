//! The length of a text as twitter-text version 3 counts it.
//! <https://github.com/twitter/twitter-text/blob/master/config/v3.json>, read 2026-11-22.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

use super::urls::urls;

/// What one post may weigh.
pub(super) const MAX_WEIGHT: u64 = 280;
/// What every URL counts, whatever its length.
pub(super) const URL_WEIGHT: u64 = 23;
/// What an emoji counts, whatever it is put together from, and every character outside [`LIGHT`].
const HEAVY: u64 = 2;
/// Characters that count one: Latin, Greek, Cyrillic, Arabic, Hebrew and their neighbours, and common punctuation.
const LIGHT: [RangeInclusive<u32>; 4] = [0..=4351, 8192..=8205, 8208..=8223, 8242..=8247];

/// The weight of a text.
pub(super) fn weight(text: &str) -> u64 {
    let text: String = text.nfc().collect();
    let (mut total, mut from) = (0, 0);
    for url in urls(&text) {
        total += weight_of_words(&text[from..url.start]) + URL_WEIGHT;
        from = url.end;
    }
    total + weight_of_words(&text[from..])
}

/// The first character that no post may contain.
pub(super) fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|c| matches!(c, '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}'))
}

/// How many stock symbols (`$ABC`) a text names.
pub(super) fn cashtags(text: &str) -> usize {
    let mut count = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '$' && before.is_whitespace() {
            let word = text[at + 1..].split(|c: char| c.is_whitespace() || "!'#%&()*+,\\-/:;<=>?@[]^{|}~$".contains(c));
            count += usize::from(word.into_iter().next().is_some_and(is_symbol));
        }
        before = c;
    }
    count
}

/// Up to six letters, and up to two more behind a `.` or `_`.
fn is_symbol(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    let (name, class) = word.split_once(['.', '_']).unwrap_or((word, "a"));
    let letters = |text: &str, most| (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphabetic());
    letters(name, 6) && letters(class, 2)
}

fn weight_of_words(text: &str) -> u64 {
    let chars: Vec<char> = text.chars().collect();
    let (mut total, mut at) = (0, 0);
    while at < chars.len() {
        match emoji(&chars[at..]) {
            Some(length) => {
                total += HEAVY;
                at += length;
            }
            None => {
                total += if LIGHT.iter().any(|range| range.contains(&u32::from(chars[at]))) { 1 } else { HEAVY };
                at += 1;
            }
        }
    }
    total
}

const KEYCAP: char = '\u{20E3}';
const PICTURE: char = '\u{FE0F}';
const JOINER: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';

/// How many characters the emoji takes that stands at the beginning; `None` where none does.
fn emoji(chars: &[char]) -> Option<usize> {
    let at = |index: usize| chars.get(index).copied();
    match *chars.first()? {
        '#' | '*' | '0'..='9' => match (at(1), at(2)) {
            (Some(KEYCAP), _) => Some(2),
            (Some(PICTURE), Some(KEYCAP)) => Some(3),
            _ => None,
        },
        // These two are letters unless they are asked to be pictures.
        '©' | '®' => (at(1) == Some(PICTURE)).then_some(2),
        '\u{1F1E6}'..='\u{1F1FF}' => matches!(at(1), Some('\u{1F1E6}'..='\u{1F1FF}')).then_some(2),
        BLACK_FLAG if matches!(at(1), Some('\u{E0020}'..='\u{E007E}')) => {
            let tags = chars[1..].iter().take_while(|c| matches!(c, '\u{E0020}'..='\u{E007E}')).count();
            (at(1 + tags) == Some('\u{E007F}')).then_some(2 + tags)
        }
        _ => {
            let mut length = element(chars)?;
            while at(length) == Some(JOINER)
                && let Some(next) = element(&chars[length + 1..])
            {
                length += 1 + next;
            }
            Some(length)
        }
    }
}

/// A pictograph with what colours it.
fn element(chars: &[char]) -> Option<usize> {
    let first = u32::from(*chars.first()?);
    let place = PICTOGRAPHS.partition_point(|(start, _)| *start <= first);
    let is_one = place > 0 && first <= PICTOGRAPHS[place - 1].1;
    is_one.then(|| match chars.get(1) {
        Some(&PICTURE | '\u{1F3FB}'..='\u{1F3FF}') => 2,
        _ => 1,
    })
}

/// `Extended_Pictographic` of Unicode 17.0, first and last of each run.
/// <https://www.unicode.org/Public/17.0.0/ucd/emoji/emoji-data.txt>, read 2026-11-22.
#[rustfmt::skip]
const PICTOGRAPHS: &[(u32, u32)] = &[
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328), (0x23CF, 0x23CF), (0x23E9, 0x23F3),
    (0x23F8, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0), (0x25FB, 0x25FE),
    (0x2600, 0x2604), (0x260E, 0x260E), (0x2611, 0x2611), (0x2614, 0x2615), (0x2618, 0x2618), (0x261D, 0x261D),
    (0x2620, 0x2620), (0x2622, 0x2623), (0x2626, 0x2626), (0x262A, 0x262A), (0x262E, 0x262F), (0x2638, 0x263A),
    (0x2640, 0x2640), (0x2642, 0x2642), (0x2648, 0x2653), (0x265F, 0x2660), (0x2663, 0x2663), (0x2665, 0x2666),
    (0x2668, 0x2668), (0x267B, 0x267B), (0x267E, 0x267F), (0x2692, 0x2697), (0x2699, 0x2699), (0x269B, 0x269C),
    (0x26A0, 0x26A1), (0x26A7, 0x26A7), (0x26AA, 0x26AB), (0x26B0, 0x26B1), (0x26BD, 0x26BE), (0x26C4, 0x26C5),
    (0x26C8, 0x26C8), (0x26CE, 0x26CF), (0x26D1, 0x26D1), (0x26D3, 0x26D4), (0x26E9, 0x26EA), (0x26F0, 0x26F5),
    (0x26F7, 0x26FA), (0x26FD, 0x26FD), (0x2702, 0x2702), (0x2705, 0x2705), (0x2708, 0x270D), (0x270F, 0x270F),
    (0x2712, 0x2712), (0x2714, 0x2714), (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728),
    (0x2733, 0x2734), (0x2744, 0x2744), (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755),
    (0x2757, 0x2757), (0x2763, 0x2764), (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0), (0x27BF, 0x27BF),
    (0x2934, 0x2935), (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x3030, 0x3030),
    (0x303D, 0x303D), (0x3297, 0x3297), (0x3299, 0x3299), (0x1F004, 0x1F004), (0x1F02C, 0x1F02F), (0x1F094, 0x1F09F),
    (0x1F0AF, 0x1F0B0), (0x1F0C0, 0x1F0C0), (0x1F0CF, 0x1F0D0), (0x1F0F6, 0x1F0FF), (0x1F170, 0x1F171),
    (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AE, 0x1F1E5), (0x1F201, 0x1F20F),
    (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A), (0x1F23C, 0x1F23F), (0x1F249, 0x1F25F),
    (0x1F266, 0x1F321), (0x1F324, 0x1F393), (0x1F396, 0x1F397), (0x1F399, 0x1F39B), (0x1F39E, 0x1F3F0),
    (0x1F3F3, 0x1F3F5), (0x1F3F7, 0x1F3FA), (0x1F400, 0x1F4FD), (0x1F4FF, 0x1F53D), (0x1F549, 0x1F54E),
    (0x1F550, 0x1F567), (0x1F56F, 0x1F570), (0x1F573, 0x1F57A), (0x1F587, 0x1F587), (0x1F58A, 0x1F58D),
    (0x1F590, 0x1F590), (0x1F595, 0x1F596), (0x1F5A4, 0x1F5A5), (0x1F5A8, 0x1F5A8), (0x1F5B1, 0x1F5B2),
    (0x1F5BC, 0x1F5BC), (0x1F5C2, 0x1F5C4), (0x1F5D1, 0x1F5D3), (0x1F5DC, 0x1F5DE), (0x1F5E1, 0x1F5E1),
    (0x1F5E3, 0x1F5E3), (0x1F5E8, 0x1F5E8), (0x1F5EF, 0x1F5EF), (0x1F5F3, 0x1F5F3), (0x1F5FA, 0x1F64F),
    (0x1F680, 0x1F6C5), (0x1F6CB, 0x1F6D2), (0x1F6D5, 0x1F6E5), (0x1F6E9, 0x1F6E9), (0x1F6EB, 0x1F6F0),
    (0x1F6F3, 0x1F6FF), (0x1F7DA, 0x1F7FF), (0x1F80C, 0x1F80F), (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F),
    (0x1F888, 0x1F88F), (0x1F8AE, 0x1F8AF), (0x1F8BC, 0x1F8BF), (0x1F8C2, 0x1F8CF), (0x1F8D9, 0x1F8FF),
    (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1F9FF), (0x1FA58, 0x1FA5F), (0x1FA6E, 0x1FAFF),
    (0x1FC00, 0x1FFFD),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        description: String,
        text: String,
        weighted_length: u64,
        valid: bool,
    }

    #[test]
    fn every_official_vector_is_counted_exactly() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("twitter-text/weighted.json")).unwrap();
        assert!(cases.len() > 20);
        for case in cases {
            assert_eq!(weight(&case.text), case.weighted_length, "{}", case.description);
            let valid = weight(&case.text) <= MAX_WEIGHT && forbidden(&case.text).is_none();
            assert_eq!(valid, case.valid, "{}", case.description);
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_official_configuration() {
        let official: serde_json::Value = serde_json::from_str(include_str!("twitter-text/v3.json")).unwrap();
        let scale = official["scale"].as_u64().unwrap();
        assert_eq!(official["maxWeightedTweetLength"], MAX_WEIGHT);
        assert_eq!(official["transformedURLLength"], URL_WEIGHT);
        assert_eq!(official["defaultWeight"], HEAVY * scale);
        assert_eq!(official["emojiParsingEnabled"], true);
        let ranges: Vec<_> = official["ranges"].as_array().unwrap().iter().collect();
        assert_eq!(ranges.len(), LIGHT.len());
        for (range, light) in ranges.into_iter().zip(LIGHT) {
            assert_eq!(range["weight"], scale);
            assert_eq!(range["start"], *light.start());
            assert_eq!(range["end"], *light.end());
        }
    }

    #[test]
    fn an_emoji_counts_two_however_it_is_put_together() {
        for (text, wanted) in [
            ("👨‍👩‍👧‍👦", 2),
            ("🇫🇷", 2),
            ("🇫", 2),
            ("❤️", 2),
            ("☺\u{FE0E}", 4),
            ("©", 1),
            ("©️", 2),
            ("#️⃣", 2),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
            ("👍🏿👍", 4),
            ("e\u{301}", 1),
        ] {
            assert_eq!(weight(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn stock_symbols_are_counted() {
        for (text, wanted) in [("$AAPL up, $TSLA. down", 2), ("$5 and $10", 0), ("a$AAPL", 0), ("$BRK.B", 1), ("", 0)] {
            assert_eq!(cashtags(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_never_weighs_more_than_two_a_character_and_a_url_always_23(text in "\\PC{0,60}", path in "[a-z0-9]{0,80}") {
            let characters = text.nfc().count() as u64;
            let urls = urls(&text.nfc().collect::<String>()).len() as u64;
            prop_assert!(weight(&text) <= characters * HEAVY + urls * URL_WEIGHT);
            prop_assert_eq!(weight(&format!("https://example.com/{path}")), URL_WEIGHT);
        }

        #[test]
        fn texts_of_one_line_each_weigh_what_their_parts_weigh(a in "[a-zé日 😀]{0,40}", b in "[a-zé日 😀]{0,40}") {
            prop_assert_eq!(weight(&format!("{a}\n{b}")), weight(&a) + 1 + weight(&b));
        }

        #[test]
        fn composed_and_decomposed_forms_weigh_the_same(text in "[a-zàéîõüñ]{0,40}") {
            prop_assert_eq!(weight(&text.nfd().collect::<String>()), weight(&text));
        }
    }
}
