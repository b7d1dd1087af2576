//! One origin of settings, as a tree of values.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use config::{ConfigError, File, FileFormat, Source as _, Value, ValueKind};

use super::{
    SettingsError,
    source::{self, Source},
    tree::{Tree, flatten, leaves, put, split_lists, table_of},
};

/// The settings of one origin. `Debug` shows no value, since some are secrets.
#[derive(Clone)]
pub(crate) struct Layer {
    origin: Origin,
    tree: Tree,
    /// The variable that a key was set by, as it was written.
    variables: BTreeMap<String, String>,
}

/// Where settings come from.
#[derive(Clone, Debug)]
enum Origin {
    File(String),
    Environment,
    CommandLine,
    Merged,
}

/// What an environment variable begins with, and what separates its sections.
const PREFIX: &str = "ANTIPHON__";
const SEPARATOR: &str = "__";

/// What stands after these is the name of a librdkafka property.
const PROPERTIES: [(&str, &str); 2] = [
    ("KAFKA__PROPERTIES__", "properties"),
    ("KAFKA__PROPERTY_FILES__", "property_files"),
];

impl Layer {
    /// A TOML file.
    pub(super) fn file(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::toml(&path.display().to_string(), &text)
    }

    /// TOML text under a name.
    pub(super) fn toml(name: &str, text: &str) -> Result<Self, SettingsError> {
        let origin = Origin::File(name.to_owned());
        match File::from_str(text, FileFormat::Toml).collect() {
            Ok(tree) => Ok(Self {
                tree,
                ..Self::empty(origin)
            }),
            Err(error) => Err(SettingsError::Syntax {
                origin: origin.to_string(),
                detail: syntax(text).unwrap_or_else(|| error.to_string()),
            }),
        }
    }

    /// Variables whose name begins with `ANTIPHON__`; sections and keys are separated by two
    /// underscores. In the name of a librdkafka property, one underscore stands for a dot and two
    /// for an underscore: such names have dots, and a few have underscores.
    pub(super) fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut layer = Self::empty(Origin::Environment);
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let property = PROPERTIES
                .iter()
                .find_map(|(prefix, section)| Some((section, key.strip_prefix(prefix)?)));
            match property {
                Some((section, property)) => {
                    let property = property_name(property);
                    layer.put_variable(&name, &["kafka", section, &property], value);
                }
                None => {
                    let key = key.to_ascii_lowercase();
                    let path: Vec<&str> = key.split(SEPARATOR).collect();
                    layer.put_variable(&name, &path, value);
                }
            }
        }
        layer
    }

    /// The command line; filled by [`put`](Self::put).
    pub(crate) fn command_line() -> Self {
        Self::empty(Origin::CommandLine)
    }

    /// The name of what all layers come to, for errors.
    pub(super) fn merged() -> Self {
        Self::empty(Origin::Merged)
    }

    fn empty(origin: Origin) -> Self {
        Self {
            origin,
            tree: Tree::new(),
            variables: BTreeMap::new(),
        }
    }

    /// Sets a key, in place of an earlier value.
    pub(crate) fn put(&mut self, path: &[&str], value: impl Into<ValueKind>) {
        put(&mut self.tree, path, Value::new(None, value.into()));
    }

    /// Sets a key by a variable.
    pub(crate) fn put_variable(&mut self, name: &str, path: &[&str], value: impl Into<ValueKind>) {
        self.variables.insert(path.join("."), name.to_owned());
        self.put(path, value);
    }

    pub(super) fn tree(&self) -> Tree {
        self.tree.clone()
    }

    pub(super) fn origin(&self) -> String {
        self.origin.to_string()
    }

    /// Where this layer has the value of a key from.
    pub(super) fn source(&self, key: &str) -> Source {
        match (&self.origin, self.variables.get(key)) {
            (_, Some(name)) => Source::Variable(name.clone()),
            (Origin::File(name), None) => Source::File(name.clone()),
            (Origin::Environment, None) => Source::Variable(self.spell(key)),
            (Origin::CommandLine, None) => Source::Flag(source::flag(key)),
            (Origin::Merged, None) => Source::Default,
        }
    }

    /// The key as this origin spells it.
    pub(super) fn spell(&self, key: &str) -> String {
        match (&self.origin, self.variables.get(key)) {
            (Origin::Environment, Some(name)) => name.clone(),
            (Origin::Environment, None) => {
                let name = key.to_ascii_uppercase().replace('.', SEPARATOR);
                format!("{PREFIX}{name}")
            }
            _ => key.to_owned(),
        }
    }

    pub(super) fn wrong_value(&self, key: &str, error: &ConfigError) -> SettingsError {
        SettingsError::WrongValue {
            origin: self.origin(),
            key: self.spell(key),
            detail: error.to_string(),
        }
    }

    /// Brings what may be written in several ways into one: `linger.ms = 5` under
    /// `[kafka.properties]`, which TOML reads as a table in a table, and lists in environment
    /// variables, which are separated by commas.
    pub(super) fn normalise(&mut self, known: &serde_json::Value) {
        for (_, section) in PROPERTIES {
            if let Some(kafka) = table_of(&mut self.tree, "kafka")
                && let Some(properties) = table_of(kafka, section)
            {
                let mut flat = Tree::new();
                flatten("", properties, &mut flat);
                *properties = flat;
            }
        }
        if matches!(self.origin, Origin::Environment) {
            split_lists(&mut self.tree, known);
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = leaves(&self.tree)
            .into_iter()
            .map(|(path, _)| path.join("."));
        f.debug_struct("Layer")
            .field("origin", &self.origin)
            .field("keys", &keys.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => write!(f, "the configuration file {name}"),
            Self::Environment => f.write_str("the environment"),
            Self::CommandLine => f.write_str("the command line"),
            Self::Merged => f.write_str("the settings"),
        }
    }
}

fn property_name(variable: &str) -> String {
    let words = variable.split(SEPARATOR).map(|part| part.replace('_', "."));
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

/// Where and why, without the line itself: it may hold a secret.
fn syntax(text: &str) -> Option<String> {
    let error = toml::from_str::<toml::Table>(text).err()?;
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Some(format!("line {line}, column {column}: {}", error.message()))
}
