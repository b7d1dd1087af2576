//! Keys that do not exist, and values of the wrong kind.

use config::{Value, ValueKind};
use serde_json::Value as Known;

use super::{SettingsError, layers::Layer, tree::Tree};

/// What stands here is handed to librdkafka as it is.
const FREE: &str = "kafka.properties";

/// Refuses the first key, in order of names, that does not exist or has a value of another kind
/// than its default.
pub(super) fn check(layer: &Layer, known: &Known) -> Result<(), SettingsError> {
    let Some((key, found)) = first_wrong("", &layer.tree(), known) else {
        return Ok(());
    };
    Err(match found {
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
    })
}

enum Wrong {
    Unknown,
    Kind(&'static str),
}

fn first_wrong(prefix: &str, tree: &Tree, known: &Known) -> Option<(String, Wrong)> {
    let mut keys: Vec<_> = tree.iter().collect();
    keys.sort_by_key(|(key, _)| *key);
    keys.into_iter().find_map(|(key, value)| {
        let path = format!("{prefix}{key}");
        let Some(default) = known.get(key) else {
            return Some((path, Wrong::Unknown));
        };
        match (&value.kind, default) {
            _ if path == FREE => free(value).map(|wrong| (path, wrong)),
            (ValueKind::Table(inner), Known::Object(_)) => {
                first_wrong(&format!("{path}."), inner, default)
            }
            (_, Known::Object(_)) => Some((path, Wrong::Kind("a section"))),
            _ => kind(value, default).map(|expected| (path, Wrong::Kind(expected))),
        }
    })
}

fn free(value: &Value) -> Option<Wrong> {
    let is_table = matches!(value.kind, ValueKind::Table(_));
    (!is_table).then_some(Wrong::Kind("a section"))
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
