//! Values in effect, without secrets.

use std::path::PathBuf;

use antiphon_kafka::{is_secret, redacted};
use serde_json::Value;

use super::{sections::BY_VALUE, source::Source};

/// A value in effect, and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The key, with its sections.
    pub(crate) key: String,
    /// Its value; null if it has none.
    pub(crate) value: Value,
    /// Whether the value is a secret; `value` does not contain it.
    pub(crate) hidden: bool,
    /// Where it comes from.
    pub(crate) source: Source,
    /// The file that holds the value; it is not read.
    pub(crate) value_file: Option<PathBuf>,
}

impl Row {
    /// A property whose value is in a file.
    pub(super) fn in_file(property: &str, path: PathBuf, source: Source) -> Self {
        Self {
            key: format!("{BY_VALUE}{property}"),
            value: Value::Null,
            hidden: true,
            source,
            value_file: Some(path),
        }
    }

    fn new(key: String, value: Value, source: Source) -> Self {
        let property = key.strip_prefix(BY_VALUE);
        let hidden = property.is_some_and(is_secret);
        let value = match value {
            Value::String(text) => redacted(property.unwrap_or_default(), &text).into(),
            value => value,
        };
        Self {
            key,
            value,
            hidden,
            source,
            value_file: None,
        }
    }
}

/// One row for each value in a tree of sections.
pub(super) fn of(values: &Value, source: impl Fn(&str) -> Source) -> Vec<Row> {
    let mut leaves = Vec::new();
    collect("", values, &mut leaves);
    let rows = leaves.into_iter().map(|(key, value)| {
        let source = source(&key);
        Row::new(key, value, source)
    });
    rows.collect()
}

fn collect(prefix: &str, value: &Value, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let dot = if prefix.is_empty() { "" } else { "." };
                collect(&format!("{prefix}{dot}{key}"), value, leaves);
            }
        }
        value => leaves.push((prefix.to_owned(), value.clone())),
    }
}
