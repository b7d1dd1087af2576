use std::{io, path::PathBuf};

/// A setting that can not be used. No value of a secret is ever part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file can not be read.
    #[error("can not read the configuration file {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not valid TOML: {detail}")]
    Syntax {
        /// Which layer.
        origin: String,
        /// Where and why.
        detail: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {origin}; the nearest known key is `{nearest}`")]
    UnknownKey {
        /// Which layer.
        origin: String,
        /// The key, with its sections.
        key: String,
        /// The known key that looks most like it.
        nearest: String,
    },
    /// A value that its key can not take.
    #[error("the value of `{key}` in {origin} is not valid: {detail}")]
    WrongValue {
        /// Which layer.
        origin: String,
        /// The key, with its sections.
        key: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A property is given by its value and by a file.
    #[error("`{property}` is given twice in {origin}: by its value and by a file")]
    GivenTwice {
        /// Which layer.
        origin: String,
        /// The property.
        property: String,
    },
    /// The file with the value of a property can not be read.
    #[error("can not read the value of `{property}` from the file {} (named by {origin})", path.display())]
    FileUnreadable {
        /// The property.
        property: String,
        /// Which file.
        path: PathBuf,
        /// What names it.
        origin: String,
        /// Why.
        source: io::Error,
    },
    /// What the file holds is no value.
    #[error("the file {} with the value of `{property}` (named by {origin}) {detail}", path.display())]
    FileUnusable {
        /// The property.
        property: String,
        /// Which file.
        path: PathBuf,
        /// What names it.
        origin: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A property that librdkafka does not take.
    #[error("a property of librdkafka in {origin} is not valid")]
    WrongProperty {
        /// Which layer.
        origin: String,
        /// What librdkafka says.
        source: antiphon_kafka::Error,
    },
}
