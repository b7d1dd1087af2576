//! What the sources show to operators: metrics, and log lines at the levels warn and error.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

use regex::Regex;

use crate::tree;

/// The crates that record metrics and write to the log in a user's program.
const SOURCES: &[&str] = &["crates/antiphon/src", "crates/kafka/src"];

/// Finds things in a source.
type Finder = fn(&str) -> Result<BTreeSet<String>, regex::Error>;

/// All that `find` finds in the sources.
pub(crate) fn in_sources(root: &Path, find: Finder) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut found = BTreeSet::new();
    for directory in SOURCES {
        for file in tree::files(&root.join(directory), "rs")? {
            found.extend(find(&fs::read_to_string(file)?)?);
        }
    }
    Ok(found)
}

/// The names of metrics, which are string literals in the code.
pub(crate) fn metrics(source: &str) -> Result<BTreeSet<String>, regex::Error> {
    captures(r#""(antiphon_[a-z0-9_]+)""#, source)
}

/// The texts of log lines at the levels warn and error, without placeholders: those are texts of librdkafka.
pub(crate) fn complaints(source: &str) -> Result<BTreeSet<String>, regex::Error> {
    let found = captures(
        r#"\b(?:warn|error)!\(\s*(?:target: "[^"]*",)?[^";]*"([^"]+)""#,
        source,
    );
    Ok(found?
        .into_iter()
        .filter(|text| !text.contains('{'))
        .collect())
}

/// The metrics that a document names in its tables: the first cell of a row.
pub(crate) fn explained_metrics(document: &str) -> BTreeSet<String> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split_once('`'));
    names
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.starts_with("antiphon_"))
        .collect()
}

fn captures(pattern: &str, text: &str) -> Result<BTreeSet<String>, regex::Error> {
    let pattern = Regex::new(pattern)?;
    let found = pattern.captures_iter(text);
    Ok(found.map(|groups| groups[1].to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn metrics_are_found_by_their_prefix() {
        let source = r#"counter!("antiphon_a_total", "topic" => topic); use antiphon_kafka::x;"#;
        assert_eq!(metrics(source).unwrap(), set(["antiphon_a_total"]));
    }

    #[test]
    fn warnings_and_errors_are_found_and_other_levels_are_not() {
        let source = r#"
            Err(error) => tracing::warn!(%error, topic = %at.topic, "not yet"),
            tracing::error!(
                reason,
                "gone"
            );
            4 => tracing::warn!(target: "librdkafka", client, "{line}"),
            tracing::info!("well");
            #[error("no log line")]
        "#;
        assert_eq!(complaints(source).unwrap(), set(["gone", "not yet"]));
    }

    #[test]
    fn a_document_explains_what_begins_a_row() {
        let document = "| `antiphon_a` | x |\n| `other` | antiphon_b |\ntext `antiphon_c`\n";
        assert_eq!(explained_metrics(document), set(["antiphon_a"]));
    }
}
