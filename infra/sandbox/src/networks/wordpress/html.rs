//! What a reader sees of a post's HTML.

/// The text without tags and comments; paragraphs are parted by blank lines.
pub(super) fn seen(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    loop {
        let Some((before, tag)) = rest.split_once('<') else {
            add(&mut text, rest);
            break;
        };
        add(&mut text, before);
        let (inside, after) = if tag.starts_with("!--") {
            tag.split_once("-->").unwrap_or((tag, ""))
        } else {
            tag.split_once('>').unwrap_or((tag, ""))
        };
        let name: String = inside.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        match name.to_ascii_lowercase().as_str() {
            "br" | "br/" => text.push('\n'),
            "/p" | "/li" | "/figure" | "/div" | "/h1" | "/h2" | "/h3" | "/blockquote" => text.push_str("\n\n"),
            _ => {}
        }
        rest = after;
    }
    text.trim().to_owned()
}

/// Line ends in the source are no line ends of the text.
fn add(text: &mut String, source: &str) {
    let source = source.trim_matches('\n');
    if source.trim().is_empty() && (text.is_empty() || text.ends_with('\n')) {
        return;
    }
    // `&amp;` last, so that what it hides is not read twice.
    let read = source
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#039;", "'")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&");
    text.push_str(&read);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_as_a_person_reads_them() {
        let html = "<!-- wp:paragraph -->\n<p>Rye &amp; <b>wheat</b><br>at 7 &lt;o&#039;clock&gt;</p>\n<!-- /wp:paragraph -->\n\n\
                    <!-- wp:image {\"id\":5} -->\n<figure><img src=\"a>b\"/></figure>\n<!-- /wp:image -->\n<p>More</p>";
        assert!(seen(html).starts_with("Rye & wheat\nat 7 <o'clock>\n\n"), "{}", seen(html));
        assert!(seen(html).ends_with("More"));
        assert_eq!(seen("plain"), "plain");
    }
}
