//! One origin of settings, as a tree of values.

use std::{fmt, fs, path::Path};

use config::{
    Config, ConfigError, File, FileFormat, Source, Value, ValueKind,
    builder::{ConfigBuilder, DefaultState},
};

use super::{
    SettingsError,
    tree::{Tree, flatten, put, split_lists, table_of},
};

/// The settings of one origin.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    origin: Origin,
    tree: Tree,
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

/// What stands after it is the name of a librdkafka property.
const PROPERTIES_PREFIX: &str = "KAFKA__PROPERTIES__";

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
            Ok(tree) => Ok(Self { origin, tree }),
            Err(error) => Err(SettingsError::Syntax {
                origin: origin.to_string(),
                detail: syntax(&error),
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
            match key.strip_prefix(PROPERTIES_PREFIX) {
                Some(property) => {
                    let property = property_name(property);
                    layer.put(&["kafka", "properties", &property], value);
                }
                None => {
                    let key = key.to_ascii_lowercase();
                    let path: Vec<&str> = key.split(SEPARATOR).collect();
                    layer.put(&path, value);
                }
            }
        }
        layer
    }

    /// The command line; filled by [`put`](Self::put).
    pub(crate) fn command_line() -> Self {
        Self::empty(Origin::CommandLine)
    }

    /// What all layers come to.
    pub(super) fn merged(builder: ConfigBuilder<DefaultState>) -> Result<Self, SettingsError> {
        let mut layer = Self::empty(Origin::Merged);
        match builder.build() {
            Ok(config) => layer.tree = table(config),
            Err(error) => return Err(layer.wrong_value("", &error)),
        }
        Ok(layer)
    }

    fn empty(origin: Origin) -> Self {
        Self {
            origin,
            tree: Tree::new(),
        }
    }

    /// Sets a key, in place of an earlier value.
    pub(crate) fn put(&mut self, path: &[&str], value: impl Into<ValueKind>) {
        put(&mut self.tree, path, Value::new(None, value.into()));
    }

    pub(super) fn tree(&self) -> Tree {
        self.tree.clone()
    }

    pub(super) fn origin(&self) -> String {
        self.origin.to_string()
    }

    /// The key as this origin spells it.
    pub(super) fn spell(&self, key: &str) -> String {
        match self.origin {
            Origin::Environment => {
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
        if let Some(kafka) = table_of(&mut self.tree, "kafka")
            && let Some(properties) = table_of(kafka, "properties")
        {
            let mut flat = Tree::new();
            flatten("", properties, &mut flat);
            *properties = flat;
        }
        if matches!(self.origin, Origin::Environment) {
            split_lists(&mut self.tree, known);
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Tree, ConfigError> {
        Ok(self.tree())
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

fn table(config: Config) -> Tree {
    match config.cache.kind {
        ValueKind::Table(tree) => tree,
        _ => Tree::new(),
    }
}

fn property_name(variable: &str) -> String {
    let words = variable.split(SEPARATOR).map(|part| part.replace('_', "."));
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

fn syntax(error: &ConfigError) -> String {
    match error {
        ConfigError::FileParse { cause, .. } => cause.to_string().trim_end().to_owned(),
        other => other.to_string(),
    }
}
