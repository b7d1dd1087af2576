//! Sections and keys as a tree of values.

use config::{Map, Value, ValueKind};

/// Sections and keys.
pub(super) type Tree = Map<String, Value>;

/// The value at a path.
pub(super) fn get<'a>(tree: &'a Tree, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = tree.get(*first)?;
    match (&value.kind, rest) {
        (_, []) => Some(value),
        (ValueKind::Table(inner), rest) => get(inner, rest),
        _ => None,
    }
}

/// Takes the value at a path out.
pub(super) fn take(tree: &mut Tree, path: &[&str]) -> Option<Value> {
    match path {
        [] => None,
        [last] => tree.remove(*last),
        [first, rest @ ..] => take(table_of(tree, first)?, rest),
    }
}

pub(super) fn table_of<'a>(tree: &'a mut Tree, key: &str) -> Option<&'a mut Tree> {
    match &mut tree.get_mut(key)?.kind {
        ValueKind::Table(inner) => Some(inner),
        _ => None,
    }
}

/// Sets the value at a path.
pub(super) fn put(tree: &mut Tree, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            tree.insert((*last).to_owned(), value);
        }
        [section, rest @ ..] => {
            // What stood there and is no section gives way.
            let mut inner = match tree.remove(*section).map(|old| old.kind) {
                Some(ValueKind::Table(inner)) => inner,
                _ => Tree::new(),
            };
            put(&mut inner, rest, value);
            tree.insert((*section).to_owned(), Value::from(inner));
        }
    }
}

/// The values that are no tables, each with its path.
pub(super) fn leaves(tree: &Tree) -> Vec<(Vec<String>, Value)> {
    let mut all = Vec::new();
    collect(&mut Vec::new(), tree, &mut all);
    all
}

fn collect(path: &mut Vec<String>, tree: &Tree, all: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in tree {
        path.push(key.clone());
        match &value.kind {
            ValueKind::Table(inner) => collect(path, inner, all),
            _ => all.push((path.clone(), value.clone())),
        }
        path.pop();
    }
}

/// Joins the names of tables in tables by dots.
pub(super) fn flatten(prefix: &str, from: &Tree, into: &mut Tree) {
    for (key, value) in from {
        let name = format!("{prefix}{key}");
        match &value.kind {
            ValueKind::Table(inner) => flatten(&format!("{name}."), inner, into),
            _ => {
                into.insert(name, value.clone());
            }
        }
    }
}

/// Makes lists of texts that stand where the default is a list.
pub(super) fn split_lists(tree: &mut Tree, known: &serde_json::Value) {
    for (key, value) in tree {
        match (&mut value.kind, &known[key.as_str()]) {
            (ValueKind::Table(inner), known) => split_lists(inner, known),
            (ValueKind::String(text), serde_json::Value::Array(_)) => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                let items = items.map(|item| Value::new(None, item)).collect();
                value.kind = ValueKind::Array(items);
            }
            _ => {}
        }
    }
}
