//! Anchors of headings, as GitHub makes them.

use std::collections::HashSet;

/// The anchors of one document, in the order of its headings.
#[derive(Debug, Default)]
pub(crate) struct Slugs {
    given: HashSet<String>,
}

impl Slugs {
    /// Adds the anchor of a heading. A repeated anchor gets the next free number.
    pub(crate) fn add(&mut self, heading: &str) {
        let slug = slug(heading);
        let mut free = slug.clone();
        let mut number = 0;
        while !self.given.insert(free) {
            number += 1;
            free = format!("{slug}-{number}");
        }
    }

    pub(crate) fn contains(&self, anchor: &str) -> bool {
        self.given.contains(anchor)
    }
}

/// Lower case; letters, digits, `_` and `-` stay, spaces become `-`, all other characters are removed.
fn slug(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_goes_and_spaces_become_dashes() {
        for (heading, anchor) in [
            ("The `antiphon` header", "the-antiphon-header"),
            ("Refusals, and what `e` says", "refusals-and-what-e-says"),
            (
                "Threads, and where user code runs",
                "threads-and-where-user-code-runs",
            ),
            ("a - b", "a---b"),
            ("max_in_flight", "max_in_flight"),
            ("0.1.0", "010"),
        ] {
            assert_eq!(slug(heading), anchor);
        }
    }

    #[test]
    fn headings_of_one_name_are_numbered() {
        let mut slugs = Slugs::default();
        for heading in ["Limits", "Limits", "limits"] {
            slugs.add(heading);
        }
        for anchor in ["limits", "limits-1", "limits-2"] {
            assert!(slugs.contains(anchor), "{anchor}");
        }
        assert!(!slugs.contains("limits-3"));
    }
}
