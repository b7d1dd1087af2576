//! Settings of a topic or broker.

use std::{collections::BTreeMap, time::Duration};

/// Settings of a topic or broker, by name.
pub(super) type Configs = BTreeMap<String, String>;

/// A setting as a number.
pub(super) fn number(configs: &Configs, name: &str) -> Option<i64> {
    configs.get(name)?.trim().parse().ok()
}

/// A setting as text. Empty if the broker does not report it.
pub(super) fn text<'a>(configs: &'a Configs, name: &str) -> &'a str {
    configs.get(name).map_or("", String::as_str)
}

/// Milliseconds as text; -1 means no limit.
pub(super) fn span(millis: i64) -> String {
    match u64::try_from(millis) {
        Ok(millis) => humantime::format_duration(Duration::from_millis(millis)).to_string(),
        Err(_) => "no limit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_meant() {
        let configs: Configs = [("a", "17"), ("b", "-1"), ("c", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(number(&configs, "a"), Some(17));
        assert_eq!(number(&configs, "c"), None);
        assert_eq!(number(&configs, "d"), None);
        assert_eq!(text(&configs, "d"), "");
        assert_eq!(number(&configs, "b").map(span).as_deref(), Some("no limit"));
        assert_eq!(span(3_600_000), "1h");
    }
}
