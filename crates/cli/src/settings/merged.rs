//! What all layers come to.

use std::{collections::BTreeMap, path::PathBuf};

use config::Value;

use super::{
    Sections, Settings, SettingsError, Source, check, files,
    layers::Layer,
    parse,
    rows::{self, Row},
    tree::{self, Tree},
    unknown,
};

/// The values of all layers, each with the layer that has the last word.
#[derive(Default)]
pub(crate) struct Merged {
    tree: Tree,
    /// By the full name of the key.
    sources: BTreeMap<String, Source>,
    /// The layer that set a key, as errors name it.
    origins: BTreeMap<String, String>,
}

/// The two sections that a property of librdkafka may stand in.
pub(super) const BY_VALUE: &str = "properties";
pub(super) const BY_FILE: &str = "property_files";

impl Merged {
    /// Checks each layer by itself, so that an error can name its origin, and merges them.
    pub(super) fn of(layers: Vec<Layer>) -> Result<Self, SettingsError> {
        let known = super::known();
        let mut merged = Self::default();
        for mut layer in layers {
            layer.normalise(&known);
            unknown::check(&layer, &known)?;
            check::given_once(&layer)?;
            parse(layer.tree(), &layer)?;
            merged.add(&layer);
        }
        Ok(merged)
    }

    fn add(&mut self, layer: &Layer) {
        for (path, value) in tree::leaves(&layer.tree()) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            if let ["kafka", section @ (BY_VALUE | BY_FILE), property] = path[..] {
                let other = if section == BY_VALUE {
                    BY_FILE
                } else {
                    BY_VALUE
                };
                self.forget(&["kafka", other, property]);
            }
            let key = path.join(".");
            self.sources.insert(key.clone(), layer.source(&key));
            self.origins.insert(key, layer.origin());
            tree::put(&mut self.tree, &path, value);
        }
    }

    /// A later layer says it in the other way.
    fn forget(&mut self, path: &[&str]) {
        tree::take(&mut self.tree, path);
        self.sources.remove(&path.join("."));
        self.origins.remove(&path.join("."));
    }

    /// The settings, with the values that stand in files.
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        let mut tree = self.tree.clone();
        for (property, path, key) in self.files() {
            let origin = self.origins.get(&key).map_or("", String::as_str);
            let value = files::value(&property, &path, origin)?;
            tree::put(
                &mut tree,
                &["kafka", BY_VALUE, &property],
                Value::new(None, value),
            );
        }
        super::read(tree, &Layer::merged())
    }

    /// The settings without the values that stand in files.
    pub(super) fn settings_without_files(&self) -> Result<Settings, SettingsError> {
        super::read(self.tree.clone(), &Layer::merged())
    }

    /// Every value that is in effect. Files with values are not read.
    pub(super) fn rows(&self) -> Result<Vec<Row>, SettingsError> {
        let (sections, group) = parse(self.tree.clone(), &Layer::merged())?;
        let mut values = super::json(&sections);
        values["client"]["group"] = group.into();
        let mut rows = rows::of(&values, |key| {
            self.sources.get(key).cloned().unwrap_or(Source::Default)
        });
        for (property, path, key) in self.files() {
            let source = self.sources.get(&key).cloned();
            let source = source.unwrap_or(Source::Default);
            rows.push(Row::in_file(&property, path, source));
        }
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(rows)
    }

    /// The form of the output.
    pub(super) fn form(&self) -> Result<crate::form::Form, SettingsError> {
        let (Sections { cli, .. }, _) = parse(self.tree.clone(), &Layer::merged())?;
        Ok(cli.output)
    }

    /// The properties whose values stand in files: name, path, full name of the key.
    fn files(&self) -> Vec<(String, PathBuf, String)> {
        let files = tree::get(&self.tree, &["kafka", BY_FILE]).cloned();
        let files = files.and_then(|value| value.into_table().ok());
        let files = files.unwrap_or_default().into_iter();
        let named = files.filter_map(|(property, path)| {
            let path = PathBuf::from(path.into_string().ok()?);
            let key = format!("kafka.{BY_FILE}.{property}");
            Some((property, path, key))
        });
        let mut named: Vec<_> = named.collect();
        named.sort();
        named
    }
}
