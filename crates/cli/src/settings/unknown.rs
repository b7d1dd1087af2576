//! Keys that do not exist, and values of the wrong kind.

use config::{Value, ValueKind};
use serde_json::Value as Known;

use super::{SettingsError, layers::Layer, tree::Tree};

/// What stands here are names that librdkafka has to know.
const FREE: [&str; 2] = ["kafka.properties", FILES];

/// What stands here are paths besides.
const FILES: &str = "kafka.property_files";

/// Refuses the first key, in order of names, that does not exist or has a value of another kind
/// than its default.
pub(super) fn check(layer: &Layer, known: &Known) -> Result<(), SettingsError> {
    all(layer, known).into_iter().next().map_or(Ok(()), Err)
}

/// All such keys.
pub(super) fn all(layer: &Layer, known: &Known) -> Vec<SettingsError> {
    let mut wrong = Vec::new();
    find("", &layer.tree(), known, &mut wrong);
    let errors = wrong.into_iter().map(|(key, found)| match found {
        Wrong::Unknown => SettingsError::UnknownKey {
            origin: layer.origin(),
            nearest: layer.spell(&nearest(&key, known)),
            key: layer.spell(&key),
        },
        Wrong::Kind(expected) => SettingsError::WrongValue {
            origin: layer.origin(),
            key: layer.spell(&key),
            detail: format!("expected {expected}"),
        },
    });
    errors.collect()
}

enum Wrong {
    Unknown,
    Kind(&'static str),
}

fn find(prefix: &str, tree: &Tree, known: &Known, wrong: &mut Vec<(String, Wrong)>) {
    let mut keys: Vec<_> = tree.iter().collect();
    keys.sort_by_key(|(key, _)| *key);
    for (key, value) in keys {
        let path = format!("{prefix}{key}");
        let found = match (&value.kind, known.get(key)) {
            (_, None) => Some(Wrong::Unknown),
            _ if FREE.contains(&path.as_str()) => {
                wrong.extend(no_paths(&path, value));
                free(value)
            }
            (ValueKind::Table(inner), Some(section @ Known::Object(_))) => {
                find(&format!("{path}."), inner, section, wrong);
                None
            }
            (_, Some(Known::Object(_))) => Some(Wrong::Kind("a section")),
            (_, Some(default)) => kind(value, default).map(Wrong::Kind),
        };
        wrong.extend(found.map(|found| (path, found)));
    }
}

fn free(value: &Value) -> Option<Wrong> {
    let is_table = matches!(value.kind, ValueKind::Table(_));
    (!is_table).then_some(Wrong::Kind("a section"))
}

fn no_paths(section: &str, value: &Value) -> Vec<(String, Wrong)> {
    let ValueKind::Table(inner) = &value.kind else {
        return Vec::new();
    };
    let values = inner.iter().filter(|_| section == FILES);
    let wrong = values.filter(|(_, value)| !matches!(value.kind, ValueKind::String(_)));
    let wrong = wrong.map(|(key, _)| (format!("{section}.{key}"), Wrong::Kind("a path")));
    wrong.collect()
}

/// What is expected, if `value` is not it. Reading alone would be too kind: it takes 1.5 and `yes`
/// for whole numbers.
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

/// The known key that looks most like this one: by its last part first, so that a key in the wrong
/// section is found too.
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
