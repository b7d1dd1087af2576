//! The links of a Markdown file, and the anchors in it.

use pulldown_cmark::{BrokenLink, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::slug::Slugs;

/// A link or an image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) target: String,
    pub(crate) line: usize,
}

/// A parsed file.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) links: Vec<Link>,
    pub(crate) anchors: Slugs,
    /// References such as `[text][name]` whose name is defined nowhere.
    pub(crate) undefined: Vec<Link>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
        let mut document = Self::default();
        let mut undefined = Vec::new();
        let mut collect = |broken: BrokenLink<'_>| {
            // `[text]` alone may be prose; a second pair of brackets makes it a link.
            if broken.link_type != LinkType::Shortcut {
                undefined.push(Link {
                    target: broken.reference.into_string(),
                    line: line_of(broken.span.start),
                });
            }
            None
        };
        let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(&mut collect));
        let mut heading: Option<String> = None;
        for (event, span) in parser.into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document.anchors.add(&heading.take().unwrap_or_default());
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    ..
                }) if link_type != LinkType::Email => {
                    document.links.push(Link {
                        target: dest_url.into_string(),
                        line: line_of(span.start),
                    });
                }
                Event::Start(Tag::Image { dest_url, .. }) => document.links.push(Link {
                    target: dest_url.into_string(),
                    line: line_of(span.start),
                }),
                _ => {}
            }
        }
        document.undefined = undefined;
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_images_and_references_are_found_with_their_lines() {
        let text = "# A\n\n[one](a.md) and\n![two](b.png)\n\n| [three](c.md#x) |\n|---|\n\n[four][f]\n\n[f]: d.md\n";
        let links = Document::parse(text).links;
        let found: Vec<_> = links.iter().map(|l| (l.target.as_str(), l.line)).collect();
        assert_eq!(
            found,
            [("a.md", 3), ("b.png", 4), ("c.md#x", 6), ("d.md", 9)]
        );
    }

    #[test]
    fn what_stands_in_code_is_no_link() {
        let document = Document::parse("`[a](b.md)`\n\n```rust\n// [a](b.md)\n```\n");
        assert_eq!(document.links, []);
    }

    #[test]
    fn headings_have_anchors_without_their_markup() {
        let document = Document::parse("# Memory, *bounded* by `max_in_flight`\n");
        assert!(document.anchors.contains("memory-bounded-by-max_in_flight"));
        assert!(!document.anchors.contains("memory"));
    }

    #[test]
    fn a_reference_without_a_definition_is_reported_and_brackets_in_prose_are_not() {
        let undefined = Document::parse("[0.1.0] is\n[a link][nowhere]\n").undefined;
        assert_eq!(
            undefined,
            [Link {
                target: "nowhere".to_owned(),
                line: 2
            }]
        );
    }
}
