//! Errors of settings.

use std::{io, path::PathBuf};

/// A setting that cannot be used. No secret is ever part of the error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not valid TOML: {detail}")]
    Syntax {
        /// The layer.
        origin: String,
        /// Position and reason.
        detail: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {origin}; the nearest known key is `{nearest}`")]
    UnknownKey {
        /// The layer.
        origin: String,
        /// The key, with its sections.
        key: String,
        /// The known key that looks most like it.
        nearest: String,
    },
    /// A value that its key does not accept.
    #[error("the value of `{key}` in {origin} is not valid: {detail}")]
    WrongValue {
        /// The layer.
        origin: String,
        /// The key, with its sections.
        key: String,
        /// What is wrong with the value.
        detail: String,
    },
    /// A property is set both by its value and by a file.
    #[error(
        "`{property}` is given twice in {origin}: by its value and by a file; remove one of them"
    )]
    GivenTwice {
        /// The layer.
        origin: String,
        /// The property.
        property: String,
    },
    /// The file that holds the value of a property cannot be read.
    #[error("cannot read the value of `{property}` from the file {} (set in {origin})", path.display())]
    FileUnreadable {
        /// The property.
        property: String,
        /// The file.
        path: PathBuf,
        /// The layer that names the file.
        origin: String,
        /// The cause.
        source: io::Error,
    },
    /// The content of the file is not usable as a value.
    #[error("the file {} with the value of `{property}` (set in {origin}) {detail}", path.display())]
    FileUnusable {
        /// The property.
        property: String,
        /// The file.
        path: PathBuf,
        /// The layer that names the file.
        origin: String,
        /// What is wrong with the value.
        detail: &'static str,
    },
    /// A property that librdkafka refuses.
    #[error("a property of librdkafka in {origin} is not valid")]
    WrongProperty {
        /// The layer.
        origin: String,
        /// The error of librdkafka.
        source: antiphon_kafka::Error,
    },
}
