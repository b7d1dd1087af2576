//! Where a value comes from.

use std::fmt;

/// The layer that has the last word on a value, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// No layer sets it.
    Default,
    /// A file, by its path.
    File(String),
    /// An environment variable, by its name.
    Variable(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl Source {
    /// The layer: `default`, `file`, `environment` or `flag`.
    pub(crate) fn layer(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File(_) => "file",
            Self::Variable(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }

    /// Which one of the layer.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::File(name) | Self::Variable(name) => Some(name),
            Self::Flag(name) => Some(name),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.layer()),
            None => f.write_str(self.layer()),
        }
    }
}

/// The option that sets a key.
pub(super) fn flag(key: &str) -> &'static str {
    match key {
        "kafka.bootstrap_servers" => "-b",
        "cli.output" => "-o",
        key if key.starts_with("kafka.properties.") => "-X",
        _ => "of the command",
    }
}
