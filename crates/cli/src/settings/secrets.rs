//! Values from files, values that are never shown, and sources of values.

use std::{fs, path::PathBuf};

use super::*;

const SECRET: &str = "hunter2";

fn toml(text: &str) -> Layer {
    Layer::toml("antiphon.toml", text).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Layer {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Layer::environment(variables.iter().map(owned))
}

fn merged(layers: Vec<Layer>) -> Merged {
    Merged::of(layers).unwrap()
}

/// A directory with one file that holds the secret.
fn secret_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    (folder, path)
}

fn by_file(path: &Path) -> String {
    let path = path.display();
    format!("[kafka.property_files]\nsasl.password = '{path}'")
}

fn password(settings: &Settings) -> Option<&str> {
    let property = settings.kafka.properties.get("sasl.password");
    property.map(String::as_str)
}

#[test]
fn a_value_is_read_from_the_file_that_is_named() {
    let (_folder, path) = secret_file();
    let settings = merged(vec![toml(&by_file(&path))]).settings().unwrap();
    assert_eq!(password(&settings), Some(SECRET));
}

#[test]
fn a_variable_may_name_the_file() {
    let (_folder, path) = secret_file();
    let name = "ANTIPHON__KAFKA__PROPERTY_FILES__SASL_PASSWORD";
    let layer = environment(&[(name, path.to_str().unwrap())]);
    let settings = merged(vec![layer]).settings().unwrap();
    assert_eq!(password(&settings), Some(SECRET));
}

#[test]
fn a_later_layer_wins_in_whichever_way_it_says_it() {
    let (_folder, path) = secret_file();
    let file = || toml(&by_file(&path));
    let value = || toml("[kafka.properties]\nsasl.password = 'other'");
    let last_by_value = merged(vec![file(), value()]).settings().unwrap();
    assert_eq!(password(&last_by_value), Some("other"));
    let last_by_file = merged(vec![value(), file()]).settings().unwrap();
    assert_eq!(password(&last_by_file), Some(SECRET));
}

#[test]
fn a_file_that_a_later_layer_makes_needless_is_not_read() {
    let nowhere = toml(&by_file(Path::new("/nowhere/password")));
    let variable = "ANTIPHON__KAFKA__PROPERTIES__SASL_PASSWORD";
    let settings = merged(vec![nowhere, environment(&[(variable, "other")])]);
    assert_eq!(password(&settings.settings().unwrap()), Some("other"));
}

#[test]
fn both_ways_in_one_layer_are_refused() {
    let text = "[kafka.properties]\nsasl.password = 'hunter2'\n\
                [kafka.property_files]\nsasl.password = '/run/x'";
    let error = Merged::of(vec![toml(text)]).err().unwrap().to_string();
    assert!(error.contains("`sasl.password` is given twice"), "{error}");
    assert!(!error.contains(SECRET), "{error}");
}

#[test]
fn a_missing_file_is_told_with_the_layer_that_names_it() {
    let merged = merged(vec![toml(&by_file(Path::new("/nowhere/password")))]);
    let error = merged.settings().unwrap_err().to_string();
    assert!(error.contains("`sasl.password`"), "{error}");
    assert!(error.contains("/nowhere/password"), "{error}");
    assert!(error.contains("antiphon.toml"), "{error}");
}

#[test]
fn no_error_of_a_layer_shows_a_secret() {
    for text in [
        "[kafka.properties]\nsasl.password = ['hunter2']",
        "[kafka.properties]\nsasl.password = 'hunter2",
        "[kafka.properties]\nsasl.password = hunter2",
        "[kafka.properties]\n'sasl.password = 'hunter2'",
        "[kafka]\nsasl.password = 'hunter2'",
        "[kafka.property_files]\nsasl.password = ['hunter2']",
        "[kafka.properties]\nsasl.password = 'a'\nsasl.password = 'hunter2'",
    ] {
        let refused = Layer::toml("antiphon.toml", text)
            .and_then(|layer| Merged::of(vec![layer]))
            .and_then(|merged| merged.settings())
            .expect_err(text);
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains(SECRET), "{text}: {shown}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let variables = [
        ("ANTIPHON__KAFKA__PROPERTIES__SASL_PASSWORD", SECRET),
        (
            "ANTIPHON__KAFKA__PROPERTIES__HTTP_PROXY",
            "http://me:hunter2@proxy",
        ),
    ];
    let layer = environment(&variables);
    let shown = format!("{layer:?}");
    assert!(shown.contains("kafka.properties.sasl.password"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    let settings = merged(vec![layer]).settings().unwrap();
    assert_eq!(password(&settings), Some(SECRET));
    let shown = format!("{settings:?}");
    assert!(shown.contains("sasl.password"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

fn row(rows: &[Row], key: &str) -> Row {
    let found = rows.iter().find(|row| row.key == key);
    found.unwrap_or_else(|| panic!("no {key}")).clone()
}

#[test]
fn every_value_is_shown_with_the_layer_that_has_the_last_word() {
    let file = toml(
        "[client]\ntimeout = '5s'\nmax_topics = 7\n[kafka.properties]\nlinger.ms = 5\n\
         sasl.password = 'hunter2'",
    );
    let variables = [
        ("ANTIPHON__CLIENT__TIMEOUT", "6s"),
        ("ANTIPHON__KAFKA__PROPERTIES__CLIENT_ID", "me"),
    ];
    let mut flags = Layer::command_line();
    flags.put("kafka.properties.linger.ms", "8");
    flags.put_variable(
        "ANTIPHON_BOOTSTRAP_SERVERS",
        "kafka.bootstrap_servers",
        "ssl://me:hunter2@h:1",
    );
    let rows = merged(vec![file, environment(&variables), flags]).rows();
    let rows = rows.unwrap();
    let variable = |name: &str| Source::Variable(name.to_owned());
    for (key, value, source) in [
        (
            "client.timeout",
            "6s".into(),
            variable("ANTIPHON__CLIENT__TIMEOUT"),
        ),
        (
            "client.max_topics",
            7.into(),
            Source::File("antiphon.toml".to_owned()),
        ),
        ("client.group", "antiphon-cli".into(), Source::Default),
        (
            "client.reply.topic",
            serde_json::Value::Null,
            Source::Default,
        ),
        ("kafka.properties.linger.ms", "8".into(), Source::Flag("-X")),
        (
            "kafka.properties.client.id",
            "me".into(),
            variable("ANTIPHON__KAFKA__PROPERTIES__CLIENT_ID"),
        ),
        (
            "kafka.bootstrap_servers",
            "ssl://[hidden]@h:1".into(),
            variable("ANTIPHON_BOOTSTRAP_SERVERS"),
        ),
    ] {
        let row = row(&rows, key);
        assert_eq!((row.value, row.source), (value, source), "{key}");
    }
    let hidden = row(&rows, "kafka.properties.sasl.password");
    assert!(hidden.hidden && hidden.value == "[hidden]");
    assert!(!format!("{rows:?}").contains(SECRET));
    assert!(rows.is_sorted_by(|a, b| a.key < b.key));
}

#[test]
fn a_value_in_a_file_is_shown_by_the_file_without_reading_it() {
    let rows = merged(vec![toml(&by_file(Path::new("/nowhere/password")))]).rows();
    let row = row(&rows.unwrap(), "kafka.properties.sasl.password");
    assert_eq!(
        row.value_file.as_deref(),
        Some(Path::new("/nowhere/password"))
    );
    assert_eq!(row.source, Source::File("antiphon.toml".to_owned()));
    assert!(row.hidden && row.value.is_null());
}

/// All files in `config`, including files added later.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config"));
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

#[test]
fn every_shipped_file_is_valid() {
    let files = shipped();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let problems = problems(&file, false);
        // A build without TLS reports that it cannot use some of them.
        let all_of_tls = problems.iter().all(|problem| {
            let mut causes =
                std::iter::successors(Some(problem as &dyn std::error::Error), |error| {
                    error.source()
                });
            causes.any(|cause| cause.to_string().contains("--features ssl"))
        });
        assert!(all_of_tls, "{}: {problems:?}", file.display());
        let needs_tls = file.ends_with("production.toml") && !antiphon_kafka::features().has("ssl");
        assert_eq!(problems.is_empty(), !needs_tls, "{}", file.display());
    }
}

#[test]
fn no_shipped_file_holds_a_secret() {
    for file in shipped() {
        let layer = Layer::file(&file).unwrap();
        let rows = merged(vec![layer]).rows().unwrap();
        let held = rows
            .iter()
            .find(|row| row.hidden && row.value_file.is_none());
        assert_eq!(held, None, "{}", file.display());
    }
}
