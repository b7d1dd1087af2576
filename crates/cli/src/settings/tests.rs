use std::{collections::BTreeSet, time::Duration};

use antiphon::config::{ClientConfig, FirstPoll, KafkaConfig, Matching, ServiceConfig};

use super::{
    parse,
    sections::{self, CliSettings},
    *,
};

fn toml(text: &str) -> Layer {
    Layer::toml("antiphon.toml", text).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Layer {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Layer::environment(variables.iter().map(owned))
}

fn flags(values: &[(&str, &str)]) -> Layer {
    let mut layer = Layer::command_line();
    for (key, value) in values {
        layer.put(key, *value);
    }
    layer
}

fn merge(layers: impl IntoIterator<Item = Layer>) -> Settings {
    let merged = Merged::of(layers.into_iter().collect()).unwrap();
    merged.settings_without_files().unwrap()
}

fn refused(layer: Layer) -> String {
    let merged = Merged::of(vec![layer]);
    merged.err().expect("it is refused").to_string()
}

#[test]
fn without_any_layer_everything_is_at_its_default() {
    let settings = merge([]);
    assert_eq!(settings.kafka, KafkaConfig::default());
    assert_eq!(settings.client, ClientConfig::default());
    assert_eq!(settings.service, ServiceConfig::default());
    assert_eq!(settings.client_group, "antiphon-cli");
    assert_eq!(settings.cli, CliSettings::default());
    assert!(!settings.concurrency_is_set);
}

#[test]
fn the_environment_wins_over_the_file_and_options_win_over_both() {
    let file = "[client]\ngroup = 'file'\ntimeout = '1s'\nmax_topics = 7\n\
                [client.reply]\npartitions = 3";
    let settings = merge([
        toml(file),
        environment(&[
            ("ANTIPHON__CLIENT__TIMEOUT", "2s"),
            ("ANTIPHON__CLIENT__GROUP", "environment"),
            ("ANTIPHON__CLIENT__REPLY__READ_HEADERS", "true"),
            ("ANTIPHON_BOOTSTRAP_SERVERS", "not a setting of this layer"),
            ("HOME", "/"),
        ]),
        flags(&[("client.timeout", "3s")]),
    ]);
    assert_eq!(settings.client.timeout, Duration::from_secs(3));
    assert_eq!(settings.client_group, "environment");
    assert_eq!(settings.client.max_topics, 7);
    assert_eq!(settings.client.reply.partitions, 3);
    assert!(settings.client.reply.read_headers);
}

#[test]
fn properties_of_librdkafka_merge_by_their_names() {
    let file = "[kafka.properties]\nlinger.ms = 5\n'log_level' = 3\nsasl.username = 'a'";
    let settings = merge([
        toml(file),
        environment(&[
            ("ANTIPHON__KAFKA__PROPERTIES__LINGER_MS", "6"),
            ("ANTIPHON__KAFKA__PROPERTIES__LOG__LEVEL", "7"),
        ]),
        flags(&[("kafka.properties.linger.ms", "8")]),
    ]);
    let properties: Vec<_> = settings.kafka.properties.iter().collect();
    let shown: Vec<_> = properties.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(shown, ["linger.ms=8", "log_level=7", "sasl.username=a"]);
}

#[test]
fn where_handlers_are_first_polled_is_named_by_a_word() {
    assert_eq!(merge([]).service.first_poll, FirstPoll::Inline);
    let file = || toml("[service]\nfirst_poll = 'runtime'");
    assert_eq!(merge([file()]).service.first_poll, FirstPoll::Runtime);
    let variables = [("ANTIPHON__SERVICE__FIRST_POLL", "inline")];
    let settings = merge([file(), environment(&variables)]);
    assert_eq!(settings.service.first_poll, FirstPoll::Inline);
}

#[test]
fn what_matches_replies_is_named_by_a_word_and_listed() {
    assert_eq!(merge([]).client.reply.matching, Matching::Runtime);
    let file = || toml("[client.reply]\nmatching = 'thread'");
    assert_eq!(merge([file()]).client.reply.matching, Matching::Thread);
    let variables = [("ANTIPHON__CLIENT__REPLY__MATCHING", "runtime")];
    let settings = merge([file(), environment(&variables)]);
    assert_eq!(settings.client.reply.matching, Matching::Runtime);
    let rows = Merged::of(vec![file()]).unwrap().rows().unwrap();
    let row = rows.iter().find(|row| row.key == "client.reply.matching");
    assert_eq!(row.unwrap().value, "thread");
}

#[test]
fn where_handlers_are_first_polled_is_listed() {
    for (layers, value) in [
        (vec![], "inline"),
        (vec![toml("[service]\nfirst_poll = 'runtime'")], "runtime"),
    ] {
        let rows = Merged::of(layers).unwrap().rows().unwrap();
        let row = rows.iter().find(|row| row.key == "service.first_poll");
        assert_eq!(row.unwrap().value, value);
    }
}

#[test]
fn lists_in_the_environment_are_separated_by_commas() {
    let variables = [("ANTIPHON__SERVICE__ALLOWED_REPLY_TOPICS", r"a\..*, b")];
    let settings = merge([environment(&variables)]);
    assert_eq!(settings.service.allowed_reply_topics, [r"a\..*", "b"]);
}

#[test]
fn a_later_list_replaces_an_earlier_one() {
    let settings = merge([
        toml("[service]\nallowed_reply_topics = ['a', 'b']"),
        environment(&[("ANTIPHON__SERVICE__ALLOWED_REPLY_TOPICS", "c")]),
    ]);
    assert_eq!(settings.service.allowed_reply_topics, ["c"]);
}

#[test]
fn an_unknown_key_is_refused_with_its_layer_and_the_nearest_known_key() {
    for (text, key, nearest) in [
        (
            "[client]\ntiemout = '1s'",
            "client.tiemout",
            "client.timeout",
        ),
        ("timeout = '1s'", "timeout", "client.timeout"),
        ("[cleint]\ntimeout = '1s'", "cleint", "client"),
        (
            "[client.reply]\npartitons = 3",
            "client.reply.partitons",
            "client.reply.partitions",
        ),
        (
            "[service]\nconcurency = 3",
            "service.concurency",
            "service.concurrency",
        ),
        ("[client]\ngruop = 'a'", "client.gruop", "client.group"),
    ] {
        let expected = format!(
            "unknown key `{key}` in the configuration file antiphon.toml; \
             the nearest known key is `{nearest}`"
        );
        assert_eq!(refused(toml(text)), expected);
    }
}

#[test]
fn an_unknown_variable_is_named_as_it_was_written() {
    let message = refused(environment(&[("ANTIPHON__CLIENT__TIEMOUT", "1s")]));
    assert!(
        message.contains("`ANTIPHON__CLIENT__TIEMOUT` in the environment"),
        "{message}"
    );
    assert!(
        message.contains("is `ANTIPHON__CLIENT__TIMEOUT`"),
        "{message}"
    );
}

#[test]
fn a_wrong_value_is_refused_with_its_key() {
    for (text, key) in [
        ("[client]\ntimeout = 'soon'", "client.timeout"),
        ("[client]\ntimeout = 5", "client.timeout"),
        ("[client]\nmax_topics = 5000000000", "client.max_topics"),
        ("[client]\nmax_topics = -1", "client.max_topics"),
        ("[client]\nmax_topics = 1.5", "client.max_topics"),
        ("[client]\nfail_fast = 'perhaps'", "client.fail_fast"),
        ("[client]\nreply = 'x'", "client.reply"),
        ("client = 1", "client"),
        ("[kafka]\nproperties = 1", "kafka.properties"),
        ("[cli]\noutput = 'xml'", "cli.output"),
        ("[service]\ncreate_topics = 'many'", "service.create_topics"),
        ("[service]\nfirst_poll = 'later'", "service.first_poll"),
        (
            "[client.reply]\nmatching = 'sometimes'",
            "client.reply.matching",
        ),
    ] {
        let message = refused(toml(text));
        assert!(
            message.contains(&format!("`{key}` in the configuration")),
            "{message}"
        );
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_place() {
    let error = Layer::toml("antiphon.toml", "[client\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("antiphon.toml is not valid TOML"), "{error}");
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let missing = Path::new("/nowhere/antiphon.toml");
    let error = Settings::load(Some(missing), [], Layer::command_line()).unwrap_err();
    assert!(matches!(error, SettingsError::Unreadable { .. }));
}

#[test]
fn a_file_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.toml");
    std::fs::write(&path, "[cli]\noutput = 'json'").unwrap();
    let settings = Settings::load(Some(&path), [], Layer::command_line()).unwrap();
    assert_eq!(settings.cli.output, Form::Json);
}

const SHIPPED: &str = include_str!("../../../../config/antiphon.toml");

/// Settings without a default, which the shipped file shows by example.
const EXAMPLES: [&str; 9] = [
    "client.reply.partition",
    "client.reply.replication",
    "client.reply.topic",
    "kafka.bootstrap_servers",
    "kafka.properties.client.id",
    "kafka.properties.security.protocol",
    "kafka.property_files.sasl.password",
    "service.create_topics",
    "service.group",
];

#[test]
fn the_shipped_file_changes_nothing_as_it_stands() {
    assert_eq!(merge([toml(SHIPPED)]), merge([]));
}

#[test]
fn the_shipped_file_shows_every_setting_with_its_default() {
    let enabled = SHIPPED.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase()) => setting,
        _ => line,
    });
    let layer = toml(&enabled.collect::<Vec<_>>().join("\n"));
    let mut shown = BTreeSet::new();
    leaves("", &tree_as_json(&layer), &mut shown);
    let mut known = BTreeSet::new();
    leaves("", &sections::known(), &mut known);
    known.extend(EXAMPLES.map(str::to_owned));
    known.remove("kafka.properties");
    known.remove("kafka.property_files");
    assert_eq!(shown, known);

    let mut settings = merge([layer]);
    settings.client.reply.partition = None;
    settings.client.reply.replication = None;
    settings.client.reply.topic = None;
    settings.kafka.bootstrap_servers = String::new();
    settings.kafka.properties.clear();
    settings.service.create_topics = None;
    settings.service.group = None;
    settings.concurrency_is_set = false;
    assert_eq!(settings, merge([]));
}

fn tree_as_json(layer: &Layer) -> serde_json::Value {
    config::Value::from(parse::tree(layer))
        .try_deserialize()
        .unwrap()
}

/// The names of all values that are no sections.
fn leaves(prefix: &str, value: &serde_json::Value, names: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(keys) if !keys.is_empty() => {
            for (key, value) in keys {
                leaves(&format!("{prefix}.{key}"), value, names);
            }
        }
        _ => {
            names.insert(prefix.trim_start_matches('.').to_owned());
        }
    }
}
