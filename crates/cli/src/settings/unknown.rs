//! Keys that do not exist, and values of the wrong kind.

use config::{Value, ValueKind};
use serde_json::Value as Known;

use super::{
    SettingsError,
    layer::Layer,
    sections::{BY_FILE, BY_VALUE, known},
    source::Source,
};

/// Refuses the first key, in order of names, that does not exist or has a value of another kind
/// than its default.
pub(super) fn check(layer: &Layer) -> Result<(), SettingsError> {
    all(layer).into_iter().next().map_or(Ok(()), Err)
}

/// All such keys.
pub(super) fn all(layer: &Layer) -> Vec<SettingsError> {
    let known = known();
    let wrong = layer.0.iter().filter_map(|(key, entry)| {
        let found = find(key, &entry.value, &known)?;
        Some((key, entry, found))
    });
    let mut wrong: Vec<_> = wrong.collect();
    // An unknown section is one error, whatever it contains.
    wrong.dedup_by(
        |(.., a), (.., b)| matches!((a, b), (Wrong::Unknown(a), Wrong::Unknown(b)) if a == b),
    );
    let errors = wrong.into_iter().map(|(key, entry, found)| match found {
        Wrong::Unknown(part) => SettingsError::UnknownKey {
            origin: entry.source.origin(),
            nearest: entry.source.spell(&nearest(part, &known)),
            key: match &entry.source {
                Source::Variable(name) => name.clone(),
                _ => part.to_owned(),
            },
        },
        Wrong::Kind(expected) => layer.wrong_value(key, format_args!("expected {expected}")),
    });
    errors.collect()
}

enum Wrong<'a> {
    /// This part of a key does not exist.
    Unknown(&'a str),
    /// What the key expects.
    Kind(&'static str),
}

fn find<'a>(key: &'a str, value: &Value, known: &Known) -> Option<Wrong<'a>> {
    if key.starts_with(BY_VALUE) {
        return None;
    }
    if key.starts_with(BY_FILE) {
        let is_path = matches!(value.kind, ValueKind::String(_));
        return (!is_path).then_some(Wrong::Kind("a path"));
    }
    let (mut default, mut end) = (known, 0);
    for part in key.split('.') {
        end += part.len();
        match default.get(part) {
            Some(inner) => default = inner,
            None => return Some(Wrong::Unknown(key.get(..end).unwrap_or(key))),
        }
        end += 1;
    }
    match (default, &value.kind) {
        (Known::Object(_), ValueKind::Table(_)) => None,
        (Known::Object(_), _) => Some(Wrong::Kind("a section")),
        _ => kind(value, default).map(Wrong::Kind),
    }
}

/// What the key expects, if `value` is something else. Deserialising alone is too lenient: it reads
/// 1.5 and `yes` as whole numbers.
fn kind(value: &Value, default: &Known) -> Option<&'static str> {
    let fits = match (default, &value.kind) {
        (Known::Number(_), ValueKind::String(text)) => text.parse::<i128>().is_ok(),
        (Known::Number(_), kind) => !matches!(kind, ValueKind::Float(_) | ValueKind::Boolean(_)),
        (Known::Bool(_), ValueKind::String(text)) => text.parse::<bool>().is_ok(),
        (Known::Bool(_), kind) => matches!(kind, ValueKind::Boolean(_)),
        _ => true,
    };
    let expected = match default {
        Known::Bool(_) => "true or false",
        _ => "a whole number",
    };
    (!fits).then_some(expected)
}

/// The known key that looks most like this one. Its last part counts alone too, which finds a key in
/// the wrong section.
fn nearest(key: &str, known: &Known) -> String {
    let mut all = Vec::new();
    list("", known, &mut all);
    all.into_iter()
        .min_by_key(|candidate| distance(key, candidate))
        .unwrap_or_default()
}

fn distance(key: &str, candidate: &str) -> usize {
    let (section, last) = split(key);
    let (known_section, known_last) = split(candidate);
    let moved = usize::from(section != known_section);
    let by_last = strsim::damerau_levenshtein(last, known_last) + moved;
    by_last.min(strsim::damerau_levenshtein(key, candidate))
}

fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// Every key and section, by its full name.
fn list(prefix: &str, known: &Known, all: &mut Vec<String>) {
    let Known::Object(keys) = known else { return };
    for (key, value) in keys {
        let path = format!("{prefix}{key}");
        list(&format!("{path}."), value, all);
        all.push(path);
    }
}
