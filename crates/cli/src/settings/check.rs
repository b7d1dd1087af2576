//! What can be found wrong without a broker.

use std::path::Path;

use super::{
    SettingsError,
    layers::Layer,
    merged::{BY_FILE, BY_VALUE, Merged},
    tree, unknown,
};

/// Everything that is wrong with one file by itself.
pub(crate) fn problems(path: &Path, read_files: bool) -> Vec<SettingsError> {
    let mut layer = match Layer::file(path) {
        Ok(layer) => layer,
        Err(error) => return vec![error],
    };
    let known = super::known();
    layer.normalise(&known);
    let wrong = unknown::all(&layer, &known);
    if !wrong.is_empty() {
        return wrong;
    }
    let origin = layer.origin();
    let checked = Merged::of(vec![layer]).and_then(|merged| usable(&merged, &origin, read_files));
    checked.err().into_iter().collect()
}

/// Whether the values are such that a client could be built.
pub(super) fn usable(merged: &Merged, origin: &str, read_files: bool) -> Result<(), SettingsError> {
    let settings = match read_files {
        true => merged.settings()?,
        false => merged.settings_without_files()?,
    };
    let properties = settings.kafka.properties.into_iter();
    let properties: antiphon_kafka::Properties = properties.collect();
    let checked = properties.check();
    checked.map_err(|source| SettingsError::WrongProperty {
        origin: origin.to_owned(),
        source,
    })
}

/// Which of the two was meant is not to be guessed.
pub(super) fn given_once(layer: &Layer) -> Result<(), SettingsError> {
    let tree = layer.tree();
    let Some(files) = tree::get(&tree, &["kafka", BY_FILE]) else {
        return Ok(());
    };
    let files = files.clone().into_table().unwrap_or_default();
    let mut properties: Vec<_> = files.into_keys().collect();
    properties.sort();
    for property in properties {
        if tree::get(&tree, &["kafka", BY_VALUE, &property]).is_some() {
            let origin = layer.origin();
            return Err(SettingsError::GivenTwice { origin, property });
        }
    }
    Ok(())
}
