//! The text as a site stores it: paragraphs, pictures, videos and files as blocks. And back again.

use crieur_domain::{content::Outgoing, media::MediaKind};
use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::text::{urls, with_link};

/// A file in the site's media library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Uploaded {
    pub(super) id: u64,
    pub(super) url: String,
}

/// The text as it is sent, without files.
pub(super) fn text(post: &Outgoing, options: &Options) -> String {
    if !options.html {
        return paragraphs(&with_link(&post.text, post.link.as_deref()));
    }
    match post.link.as_deref() {
        Some(link) if !post.text.contains(link) && !post.text.contains(&escaped(link)) => {
            [post.text.as_str(), &paragraphs(link)].join("\n\n").trim_start().to_owned()
        }
        _ => post.text.clone(),
    }
}

/// The whole content: the text, and under it every file but the featured image.
pub(super) fn content(post: &Outgoing, options: &Options, uploaded: &[Uploaded]) -> String {
    let files = post.media.iter().zip(uploaded).enumerate();
    let shown = files.filter(|(index, _)| options.featured_image != Some(*index));
    let blocks = shown.map(|(_, (item, file))| {
        let (id, url) = (file.id, escaped(&file.url));
        match item.kind {
            MediaKind::Image | MediaKind::Gif => {
                let alt = escaped(item.alt_text.as_deref().unwrap_or_default());
                let head = format!(r#"{{"id":{id},"sizeSlug":"full","linkDestination":"none"}}"#);
                let inner = format!(
                    r#"<figure class="wp-block-image size-full"><img src="{url}" alt="{alt}" class="wp-image-{id}"/></figure>"#
                );
                block("image", &head, &inner)
            }
            MediaKind::Video => {
                let inner = format!(r#"<figure class="wp-block-video"><video controls src="{url}"></video></figure>"#);
                block("video", &format!(r#"{{"id":{id}}}"#), &inner)
            }
            MediaKind::Document => {
                let name = escaped(&item.file_name);
                let inner = format!(r#"<div class="wp-block-file"><a href="{url}">{name}</a></div>"#);
                block("file", &format!(r#"{{"id":{id}}}"#), &inner)
            }
        }
    });
    let text = Some(text(post, options)).filter(|text| !text.is_empty());
    text.into_iter().chain(blocks).collect::<Vec<_>>().join("\n\n")
}

fn block(name: &str, attributes: &str, inner: &str) -> String {
    format!("<!-- wp:{name} {attributes} -->\n{inner}\n<!-- /wp:{name} -->")
}

/// Blank lines part paragraphs, single line ends stay, addresses become links.
fn paragraphs(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let paragraphs = lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
    let blocks = paragraphs.map(|lines| {
        let inner: Vec<String> = lines.iter().map(|line| linked(line)).collect();
        format!("<!-- wp:paragraph -->\n<p>{}</p>\n<!-- /wp:paragraph -->", inner.join("<br>"))
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn linked(line: &str) -> String {
    let (mut written, mut from) = (String::new(), 0);
    for range in urls(line) {
        let url = escaped(&line[range.clone()]);
        written.push_str(&escaped(&line[from..range.start]));
        written.push_str(&format!(r#"<a href="{url}">{url}</a>"#));
        from = range.end;
    }
    written + &escaped(&line[from..])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a reader sees of stored content: no tags, no comments, paragraphs parted by blank lines, captions and files left
/// out.
pub(super) fn plain(raw: &str) -> String {
    let mut seen = String::with_capacity(raw.len());
    let mut rest = raw;
    // Inside a figure or file block nothing is text of the post.
    let mut hidden = 0_u32;
    while let Some(at) = rest.find('<') {
        push(&mut seen, &rest[..at], hidden);
        rest = &rest[at..];
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else {
            rest.find('>').map(|end| end + 1)
        };
        let Some(end) = end else { break };
        let tag = &rest[1..end];
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let closes = tag.starts_with('/');
        match name.to_ascii_lowercase().as_str() {
            "figure" if closes => hidden = hidden.saturating_sub(1),
            "figure" => hidden += 1,
            "div" if tag.contains("wp-block-file") => hidden += 1,
            "div" if closes && hidden > 0 => hidden -= 1,
            "br" => seen.push('\n'),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "li" | "blockquote" | "pre" if closes => {
                seen.push_str("\n\n");
            }
            _ => {}
        }
        rest = &rest[end..];
    }
    push(&mut seen, rest, hidden);
    let decoded = decoded(&seen);
    let lines: Vec<&str> = decoded.trim().lines().map(str::trim_end).collect();
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    for line in lines {
        if !(line.is_empty() && kept.last().is_some_and(|last| last.is_empty())) {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Line ends between blocks are no text; elsewhere they are blanks.
fn push(seen: &mut String, text: &str, hidden: u32) {
    if hidden == 0 && !text.trim().is_empty() {
        seen.push_str(text.trim_matches(['\n', '\r']));
    }
}

/// Named and numbered characters, as far as WordPress writes them.
pub(super) fn decoded(text: &str) -> String {
    const NAMED: [(&str, &str); 6] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&apos;", "'"), ("&amp;", "&")];
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        rest = &rest[at..];
        let named = NAMED.iter().find(|(entity, _)| rest.starts_with(entity));
        let numbered = rest.strip_prefix("&#").and_then(|digits| {
            let end = digits.find(';').filter(|end| *end <= 8)?;
            let code = match digits[..end].strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits[..end].parse().ok()?,
            };
            Some((char::from_u32(code)?, end + 3))
        });
        let length = if let Some((entity, character)) = named {
            read.push_str(character);
            entity.len()
        } else if let Some((character, length)) = numbered {
            read.push(character);
            length
        } else {
            read.push('&');
            1
        };
        rest = &rest[length..];
    }
    read.push_str(rest);
    read
}

/// How many files stand in stored content.
pub(super) fn files_in(raw: &str) -> usize {
    ["<img ", "<video ", "wp-block-file\""].iter().map(|sign| raw.matches(sign).count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_becomes_paragraphs_and_comes_back() {
        let text = "Fresh rye & <wheat>\nat seven\n\nMore: https://a.example/?a=1&b=\"2.";
        assert_eq!(
            paragraphs(text),
            "<!-- wp:paragraph -->\n<p>Fresh rye &amp; &lt;wheat&gt;<br>at seven</p>\n<!-- /wp:paragraph -->\n\n\
             <!-- wp:paragraph -->\n<p>More: <a href=\"https://a.example/?a=1&amp;b=\">https://a.example/?a=1&amp;b=</a>\
             &quot;2.</p>\n<!-- /wp:paragraph -->"
        );
        assert_eq!(plain(&paragraphs(text)), text);
    }

    #[test]
    fn what_others_wrote_is_read_too() {
        let raw = "<!-- wp:heading --><h2 class=\"x\">Rye</h2><!-- /wp:heading -->\n\n<p>It&#8217;s <b>fresh</b>.</p>\n\
                   <figure class=\"wp-block-image\"><img src=\"a.png\" alt=\"\"/><figcaption>A loaf</figcaption></figure>\n\
                   <div class=\"wp-block-file\"><a href=\"b.pdf\">Prices</a></div>\n<p>Bye</p>";
        assert_eq!(plain(raw), "Rye\n\nIt’s fresh.\n\nBye");
        assert_eq!(files_in(raw), 2);
    }

    proptest! {
        #[test]
        fn words_come_back_as_they_were_written(text in "[a-zé🥖&<>\"';#]{1,12}( [a-zé&<>]{1,8}){0,4}(\n[a-z]{1,5}){0,2}(\n\n[a-z<]{1,9}){0,3}") {
            prop_assert_eq!(plain(&paragraphs(&text)), text);
        }
    }
}
