//! The form of the output.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
    /// Bare values, byte for byte.
    Raw,
}
