use std::{io, path::PathBuf};

/// A setting that can not be used.
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
}
