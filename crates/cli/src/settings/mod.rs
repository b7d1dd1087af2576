//! Settings: a TOML file, then the environment, then the command line.

mod check;
mod error;
mod files;
mod layer;
mod merged;
mod parse;
mod rows;
mod sections;
mod source;
mod unknown;

#[cfg(test)]
mod secrets;
#[cfg(test)]
mod tests;

use std::path::Path;

use self::merged::Merged;
pub(crate) use self::{
    check::problems, error::SettingsError, layer::Layer, rows::Row, sections::Settings,
    source::Source,
};
use crate::form::Form;

impl Settings {
    /// Reads the file, if one is named, then the environment, then `flags`, then the files that
    /// hold values.
    ///
    /// # Errors
    /// A file cannot be read; a key is not known; a value is not valid.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Layer,
    ) -> Result<Self, SettingsError> {
        merged(file, environment, flags)?.settings()
    }

    /// Every value in effect with its source and without secrets, and the form of the output.
    /// Files that hold values are not read.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub(crate) fn explain(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Layer,
    ) -> Result<(Vec<Row>, Form), SettingsError> {
        let merged = merged(file, environment, flags)?;
        Ok((merged.rows()?, merged.form()?))
    }

    /// Checks all layers together, as far as that is possible without a broker.
    ///
    /// # Errors
    /// As for [`load`](Self::load), and librdkafka refuses a property.
    pub(crate) fn check(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Layer,
        read_files: bool,
    ) -> Result<(), SettingsError> {
        let merged = merged(file, environment, flags)?;
        check::usable(&merged, "the settings", read_files)
    }
}

fn merged(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Layer,
) -> Result<Merged, SettingsError> {
    let mut layers = Vec::with_capacity(3);
    if let Some(path) = file {
        layers.push(Layer::file(path)?);
    }
    layers.push(Layer::environment(environment));
    layers.push(flags);
    Merged::of(layers)
}
