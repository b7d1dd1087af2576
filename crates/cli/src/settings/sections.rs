//! What can be set, with its defaults.

use std::time::Duration;

use antiphon::config::{ClientConfig, KafkaConfig, ServiceConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::form::Form;

/// All settings, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `[kafka]`: how to reach the brokers.
    pub(crate) kafka: KafkaConfig,
    /// `group` of `[client]`: names the reply topic, and the requester in the logs of services.
    pub(crate) client_group: String,
    /// The rest of `[client]`.
    pub(crate) client: ClientConfig,
    /// `[service]`.
    pub(crate) service: ServiceConfig,
    /// Whether a layer sets `service.concurrency`.
    pub(crate) concurrency_is_set: bool,
    /// `[cli]`.
    pub(crate) cli: CliSettings,
}

/// `[cli]`: settings of the command line itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CliSettings {
    /// The form of the output.
    pub(crate) output: Form,
    /// How long `serve` waits for running requests when it is stopped.
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

/// The sections of a file, without `group` of `[client]` and `[kafka.property_files]`: these two
/// belong to the command line, the rest to the library.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sections {
    pub(super) kafka: KafkaConfig,
    pub(super) client: ClientConfig,
    pub(super) service: ServiceConfig,
    pub(super) cli: CliSettings,
}

/// The default of `group` in `[client]`.
pub(super) const DEFAULT_GROUP: &str = "antiphon-cli";

/// Properties of librdkafka by their values, and by the files that hold their values. Every name
/// is allowed in these sections, and the names contain dots.
pub(super) const BY_VALUE: &str = "kafka.properties.";
pub(super) const BY_FILE: &str = "kafka.property_files.";

/// Every key that exists, with its default.
pub(super) fn known() -> Value {
    let mut known = json(&Sections::default(), DEFAULT_GROUP);
    known["kafka"]["property_files"] = serde_json::Map::new().into();
    known
}

/// Values as a tree, with `group` of `[client]`.
pub(super) fn json(sections: &Sections, group: &str) -> Value {
    // A plain structure of plain data always serialises.
    let mut values = serde_json::to_value(sections).unwrap_or_default();
    values["client"]["group"] = group.into();
    values
}
