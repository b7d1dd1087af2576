//! All layers, merged.

use std::path::PathBuf;

use super::{
    SettingsError, files,
    layer::Layer,
    parse,
    rows::{self, Row},
    sections::{BY_FILE, BY_VALUE, Settings, json},
    unknown,
};
use crate::form::Form;

/// The values of all layers. A later layer wins over those before it.
#[derive(Default)]
pub(super) struct Merged(Layer);

impl Merged {
    /// Checks each layer by itself, so that an error names its origin even if a later layer
    /// replaces the value; then merges them.
    pub(super) fn of(layers: Vec<Layer>) -> Result<Self, SettingsError> {
        let mut merged = Self::default();
        for layer in layers {
            unknown::check(&layer)?;
            given_once(&layer)?;
            parse::sections(&layer)?;
            merged.add(layer);
        }
        Ok(merged)
    }

    fn add(&mut self, layer: Layer) {
        for (key, entry) in layer.0 {
            if let Some(other) = other_way(&key) {
                self.0.0.remove(&other);
            }
            self.0.0.insert(key, entry);
        }
    }

    /// The settings, with the values that files hold.
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        let mut layer = self.0.clone();
        for (property, path) in self.files() {
            let source = self.0.source(&format!("{BY_FILE}{property}"));
            let value = files::value(property, &path, &source.origin())?;
            layer.insert(&format!("{BY_VALUE}{property}"), value.into(), source);
        }
        parse::settings(&layer)
    }

    /// The settings without the values that files hold.
    pub(super) fn settings_without_files(&self) -> Result<Settings, SettingsError> {
        parse::settings(&self.0)
    }

    /// Every value in effect. Files that hold values are not read.
    pub(super) fn rows(&self) -> Result<Vec<Row>, SettingsError> {
        let (sections, group) = parse::sections(&self.0)?;
        let mut rows = rows::of(&json(&sections, &group), |key| self.0.source(key));
        rows.extend(self.files().map(|(property, path)| {
            let source = self.0.source(&format!("{BY_FILE}{property}"));
            Row::in_file(property, path, source)
        }));
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(rows)
    }

    /// The form of the output.
    pub(super) fn form(&self) -> Result<Form, SettingsError> {
        Ok(parse::settings(&self.0)?.cli.output)
    }

    /// The properties whose values are in files, with the paths.
    fn files(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.0.0.iter().filter_map(|(key, entry)| {
            let path = entry.value.clone().into_string().ok()?;
            Some((key.strip_prefix(BY_FILE)?, path.into()))
        })
    }
}

/// The key that gives the same property in the other way: by a file, or by its value.
fn other_way(key: &str) -> Option<String> {
    [(BY_VALUE, BY_FILE), (BY_FILE, BY_VALUE)]
        .iter()
        .find_map(|(one, other)| Some(format!("{other}{}", key.strip_prefix(one)?)))
}

/// Within one layer, neither of the two ways wins over the other.
fn given_once(layer: &Layer) -> Result<(), SettingsError> {
    let twice = layer.0.iter().find_map(|(key, entry)| {
        let property = key.strip_prefix(BY_FILE)?;
        let other = other_way(key)?;
        layer.0.contains_key(&other).then_some((property, entry))
    });
    match twice {
        None => Ok(()),
        Some((property, entry)) => Err(SettingsError::GivenTwice {
            origin: entry.source.origin(),
            property: property.to_owned(),
        }),
    }
}
