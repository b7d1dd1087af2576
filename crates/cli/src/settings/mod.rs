//! Settings: a TOML file, then the environment, then the command line.

mod check;
mod error;
mod files;
mod layers;
mod merged;
mod rows;
mod source;
mod tree;
mod unknown;

#[cfg(test)]
mod secrets;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use antiphon::config::{ClientConfig, KafkaConfig, ServiceConfig};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    check::problems, error::SettingsError, layers::Layer, rows::Row, source::Source,
};
use self::{merged::Merged, tree::Tree};
use crate::form::Form;

/// All settings, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `[kafka]`: how to reach the brokers.
    pub(crate) kafka: KafkaConfig,
    /// `group` of `[client]`: names the reply topic, and the requester in what services see.
    pub(crate) client_group: String,
    /// The rest of `[client]`.
    pub(crate) client: ClientConfig,
    /// `[service]`.
    pub(crate) service: ServiceConfig,
    /// Whether some layer has set `service.concurrency`.
    pub(crate) concurrency_is_set: bool,
    /// `[cli]`.
    pub(crate) cli: CliSettings,
}

/// `[cli]`: the command line's own settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CliSettings {
    /// The form of the output.
    pub(crate) output: Form,
    /// How long running requests may take to end when `serve` is stopped.
    #[serde(with = "humantime_serde")]
    pub(crate) drain_timeout: Duration,
}

impl Default for CliSettings {
    fn default() -> Self {
        Self {
            output: Form::Text,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// The sections as they are read; `group` of `[client]` is taken out before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sections {
    kafka: KafkaConfig,
    client: ClientConfig,
    service: ServiceConfig,
    cli: CliSettings,
}

const DEFAULT_GROUP: &str = "antiphon-cli";

impl Settings {
    /// Reads the file, if one is named, then the environment, then `flags`; then the files that
    /// hold values.
    ///
    /// # Errors
    /// A file can not be read; a key is not known; a value is not valid.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Layer,
    ) -> Result<Self, SettingsError> {
        merged(file, environment, flags)?.settings()
    }

    /// Every value in effect, with where it comes from and without secrets; and the form of the
    /// output. Files that hold values are not read.
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

    /// Whether all layers together could be used, as far as that is known without brokers.
    ///
    /// # Errors
    /// As for [`load`](Self::load), and a property that librdkafka does not take.
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

/// Every key that there is, with its default.
fn known() -> serde_json::Value {
    let mut known = json(&Sections::default());
    known["client"]["group"] = DEFAULT_GROUP.into();
    known["kafka"]["property_files"] = serde_json::Map::new().into();
    known
}

fn json(sections: &Sections) -> serde_json::Value {
    // A plain structure of plain data always serialises.
    serde_json::to_value(sections).unwrap_or_default()
}

/// The sections, and `group` of `[client]`. The names of files with values are checked elsewhere.
fn parse(mut values: Tree, origin: &Layer) -> Result<(Sections, String), SettingsError> {
    tree::take(&mut values, &["kafka", "property_files"]);
    let group = match tree::take(&mut values, &["client", "group"]) {
        Some(group) => group
            .into_string()
            .map_err(|error| origin.wrong_value("client.group", &error))?,
        None => DEFAULT_GROUP.to_owned(),
    };
    let sections: Sections = serde_path_to_error::deserialize(config::Value::from(values))
        .map_err(|error| origin.wrong_value(&error.path().to_string(), error.inner()))?;
    Ok((sections, group))
}

fn read(values: Tree, origin: &Layer) -> Result<Settings, SettingsError> {
    let concurrency_is_set = tree::get(&values, &["service", "concurrency"]).is_some();
    let (sections, group) = parse(values, origin)?;
    Ok(Settings {
        kafka: sections.kafka,
        client_group: group,
        client: sections.client,
        service: sections.service,
        concurrency_is_set,
        cli: sections.cli,
    })
}
