//! Checks of settings that need no broker.

use std::path::Path;

use super::{SettingsError, layer::Layer, merged::Merged, source::Source, unknown};

/// Everything that is wrong with one file by itself.
pub(crate) fn problems(path: &Path, read_files: bool) -> Vec<SettingsError> {
    let layer = match Layer::file(path) {
        Ok(layer) => layer,
        Err(error) => return vec![error],
    };
    let wrong = unknown::all(&layer);
    if !wrong.is_empty() {
        return wrong;
    }
    let origin = Source::File(path.display().to_string()).origin();
    let checked = Merged::of(vec![layer]).and_then(|merged| usable(&merged, &origin, read_files));
    checked.err().into_iter().collect()
}

/// Whether a client could be built from the values.
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
