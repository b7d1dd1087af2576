//! The settings of one layer: a file, the environment or the command line.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use config::Value;
use serde_json::Value as Known;

use super::{
    SettingsError,
    sections::{BY_FILE, BY_VALUE, known},
    source::{PREFIX, SEPARATOR, Source},
};

/// Values by their full keys, such as `client.timeout` and `kafka.properties.linger.ms`. `Debug`
/// shows keys only, since some values are secrets.
#[derive(Clone, Default)]
pub(crate) struct Layer(pub(super) BTreeMap<String, Entry>);

/// A value, and where it comes from.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) source: Source,
}

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
        let source = Source::File(name.to_owned());
        let table = toml::from_str(text).map_err(|error| SettingsError::Syntax {
            origin: source.origin(),
            detail: syntax(text, &error),
        })?;
        let mut layer = Self::default();
        layer.flatten("", table, &source);
        Ok(layer)
    }

    /// Variables whose name begins with `ANTIPHON__`. Two underscores separate sections and keys.
    /// In the name of a property of librdkafka one underscore stands for a dot and two stand for
    /// an underscore: these names have dots, and a few have underscores. Commas separate the
    /// items of a list.
    pub(super) fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut layer, known) = (Self::default(), known());
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let key = property(rest).unwrap_or_else(|| {
                let key = rest.to_ascii_lowercase();
                key.replace(SEPARATOR, ".")
            });
            match known.pointer(&format!("/{}", key.replace('.', "/"))) {
                Some(Known::Array(_)) => layer.put_variable(&name, &key, items(&value)),
                _ => layer.put_variable(&name, &key, value),
            }
        }
        layer
    }

    /// The command line; [`put`](Self::put) fills it.
    pub(crate) fn command_line() -> Self {
        Self::default()
    }

    /// Sets a key by an option, in place of an earlier value.
    pub(crate) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.insert(key, value.into(), Source::flag(key));
    }

    /// Sets a key by a variable.
    pub(crate) fn put_variable(&mut self, name: &str, key: &str, value: impl Into<Value>) {
        self.insert(key, value.into(), Source::Variable(name.to_owned()));
    }

    pub(super) fn insert(&mut self, key: &str, value: Value, source: Source) {
        self.0.insert(key.to_owned(), Entry { value, source });
    }

    /// Where the value of a key comes from.
    pub(super) fn source(&self, key: &str) -> Source {
        let entry = self.0.get(key);
        entry.map_or(Source::Default, |entry| entry.source.clone())
    }

    /// The error of a value that its key cannot take.
    pub(super) fn wrong_value(&self, key: &str, detail: impl fmt::Display) -> SettingsError {
        let source = self.source(key);
        SettingsError::WrongValue {
            origin: source.origin(),
            key: match &source {
                Source::Variable(name) => name.clone(),
                _ => key.to_owned(),
            },
            detail: detail.to_string(),
        }
    }

    /// Keys of tables within tables are joined by dots; so are property names without quotes, such
    /// as `linger.ms`, which TOML reads as tables.
    fn flatten(&mut self, prefix: &str, table: toml::Table, source: &Source) {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            match value {
                toml::Value::Table(inner) if !inner.is_empty() => {
                    self.flatten(&format!("{key}."), inner, source);
                }
                value => self.insert(&key, plain(value), source.clone()),
            }
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(plain).collect::<Vec<_>>().into(),
        toml::Value::Table(table) => {
            let values = table.into_iter().map(|(key, value)| (key, plain(value)));
            values.collect::<config::Map<_, _>>().into()
        }
    }
}

/// The key of a variable that sets a property of librdkafka.
fn property(variable: &str) -> Option<String> {
    [BY_VALUE, BY_FILE].iter().find_map(|section| {
        let prefix = section.to_ascii_uppercase().replace('.', SEPARATOR);
        let words = variable.strip_prefix(&prefix)?.split(SEPARATOR);
        let words: Vec<_> = words.map(|part| part.replace('_', ".")).collect();
        Some(format!("{section}{}", words.join("_").to_ascii_lowercase()))
    })
}

fn items(list: &str) -> Vec<Value> {
    let items = list.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(Value::from)
        .collect()
}

/// Position and reason, without the line itself: it may contain a secret.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}
