//! Where a value comes from.

use std::fmt;

/// The layer that sets a value, and what the value is called there.
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

/// The prefix of environment variables, and what separates their sections.
pub(super) const PREFIX: &str = "ANTIPHON__";
pub(super) const SEPARATOR: &str = "__";

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

    /// The name of the file, variable or option.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::File(name) | Self::Variable(name) => Some(name),
            Self::Flag(name) => Some(name),
        }
    }

    /// The option that sets a key.
    pub(super) fn flag(key: &str) -> Self {
        Self::Flag(match key {
            "kafka.bootstrap_servers" => "-b",
            "cli.output" => "-o",
            key if key.starts_with("kafka.properties.") => "-X",
            _ => "of the command",
        })
    }

    /// The layer as errors name it.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Default => "the settings".to_owned(),
            Self::File(name) => format!("the configuration file {name}"),
            Self::Variable(_) => "the environment".to_owned(),
            Self::Flag(_) => "the command line".to_owned(),
        }
    }

    /// A key as this layer spells it.
    pub(super) fn spell(&self, key: &str) -> String {
        match self {
            Self::Variable(_) => {
                let name = key.to_ascii_uppercase().replace('.', SEPARATOR);
                format!("{PREFIX}{name}")
            }
            _ => key.to_owned(),
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
