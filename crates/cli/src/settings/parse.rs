//! From values by their keys to settings.

use config::{Map, Value, ValueKind};

use super::{
    SettingsError,
    layer::Layer,
    sections::{BY_FILE, BY_VALUE, DEFAULT_GROUP, Sections, Settings},
};

/// The settings of a layer.
pub(super) fn settings(layer: &Layer) -> Result<Settings, SettingsError> {
    let (sections, client_group) = sections(layer)?;
    Ok(Settings {
        kafka: sections.kafka,
        client_group,
        client: sections.client,
        service: sections.service,
        concurrency_is_set: layer.0.contains_key("service.concurrency"),
        cli: sections.cli,
    })
}

/// The sections, and `group` of `[client]`. Files that hold values are checked elsewhere.
pub(super) fn sections(layer: &Layer) -> Result<(Sections, String), SettingsError> {
    let mut tree = tree(layer);
    let group = match remove(&mut tree, "client", "group") {
        Some(group) => group
            .into_string()
            .map_err(|error| layer.wrong_value("client.group", error))?,
        None => DEFAULT_GROUP.to_owned(),
    };
    remove(&mut tree, "kafka", "property_files");
    let sections = serde_path_to_error::deserialize(Value::from(tree))
        .map_err(|error| layer.wrong_value(&error.path().to_string(), error.inner()))?;
    Ok((sections, group))
}

/// The values as tables within tables.
pub(super) fn tree(layer: &Layer) -> Map<String, Value> {
    let mut tree = Map::new();
    for (key, entry) in &layer.0 {
        put(&mut tree, &path(key), entry.value.clone());
    }
    tree
}

/// The sections of a key, then its name. The name of a property is one name, dots included.
fn path(key: &str) -> Vec<&str> {
    let property = [BY_VALUE, BY_FILE].iter().find(|at| key.starts_with(**at));
    let parts = property.map_or(usize::MAX, |at| at.split('.').count());
    key.splitn(parts, '.').collect()
}

fn put(tree: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            tree.insert((*last).to_owned(), value);
        }
        [section, rest @ ..] => {
            let inner = tree.entry((*section).to_owned());
            let inner = inner.or_insert_with(|| Map::<String, Value>::new().into());
            if let ValueKind::Table(inner) = &mut inner.kind {
                put(inner, rest, value);
            }
        }
    }
}

fn remove(tree: &mut Map<String, Value>, section: &str, key: &str) -> Option<Value> {
    match &mut tree.get_mut(section)?.kind {
        ValueKind::Table(inner) => inner.remove(key),
        _ => None,
    }
}
