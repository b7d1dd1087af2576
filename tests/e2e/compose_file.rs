//! Checks `docker-compose.yml` as far as possible without a Docker engine: its parts fit together, Kafka itself accepts
//! the settings, and Docker Compose accepts the file where its client is installed.

use std::fs;

use libtest_mimic::Failed;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::broker::{COMPOSE_FILE, VERSION, check_settings, compose};
use crate::support::process::run;
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "compose_file::its_parts_fit_together",
        needs: Needs::Nothing,
        run: parts_fit,
    },
    Case {
        name: "compose_file::kafka_accepts_its_settings",
        needs: Needs::PrivateKafka,
        run: kafka_accepts_settings,
    },
    Case {
        name: "compose_file::docker_compose_accepts_it",
        needs: Needs::Nothing,
        run: compose_accepts,
    },
];

/// The versions match, the health check asks Kafka, and the topics wait for it.
fn parts_fit(_: &Env) -> Result<(), Failed> {
    let services = &load()?["services"];
    let [kafka, topics] = ["kafka", "topics"].map(|name| &services[name]);
    let image = format!("apache/kafka:{VERSION}");
    for service in [kafka, topics] {
        ensure(
            service["image"].as_str() == Some(&image),
            format!("an image is not {image}"),
        )?;
    }
    let health = texts(&kafka["healthcheck"]["test"]).join(" ");
    ensure(
        health.contains("kafka-broker-api-versions.sh"),
        "the health check asks Kafka nothing",
    )?;
    let condition = topics["depends_on"]["kafka"]["condition"].as_str();
    ensure(
        condition == Some("service_healthy"),
        "topics are created before Kafka is healthy",
    )?;
    let commands = texts(&topics["command"]).join("\n");
    for topic in ["create greetings 4", "create antiphon.replies "] {
        ensure(commands.contains(topic), format!("no {topic:?}"))?;
    }
    reachable_from_host(kafka)
}

/// The published port is the one that the broker advertises to programs outside the containers.
fn reachable_from_host(kafka: &Yaml) -> Result<(), Failed> {
    let ports = texts(&kafka["ports"]);
    let advertised = kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"]
        .as_str()
        .unwrap_or_default();
    ensure(
        ports == ["127.0.0.1:9092:9092"],
        format!("published are {ports:?}"),
    )?;
    ensure(
        advertised.contains("://localhost:9092"),
        format!("advertised is {advertised}"),
    )
}

/// This version of Kafka accepts the configuration that the image builds from the environment.
fn kafka_accepts_settings(_: &Env) -> Result<(), Failed> {
    let file = load()?;
    let environment = file["services"]["kafka"]["environment"].as_hash();
    let settings = environment.into_iter().flatten().filter_map(setting);
    let properties: Vec<_> = settings
        .filter(|line| !line.starts_with("log.dirs="))
        .collect();
    ensure(
        properties.len() > 10,
        format!("only {} settings", properties.len()),
    )?;
    Ok(check_settings(&properties.join("\n"))?)
}

/// `KAFKA_A_B: c` as `a.b=c`, the image's own rule; `None` for other variables.
fn setting((name, value): (&Yaml, &Yaml)) -> Option<String> {
    let key = name
        .as_str()?
        .strip_prefix("KAFKA_")?
        .to_lowercase()
        .replace('_', ".");
    match value {
        Yaml::Integer(number) => Some(format!("{key}={number}")),
        other => Some(format!("{key}={}", other.as_str()?)),
    }
}

/// Prints whether Docker Compose could be asked; its client needs no engine for this.
fn compose_accepts(_: &Env) -> Result<(), Failed> {
    if run(&mut compose("version")).is_err() {
        eprintln!(
            "docker-compose.yml: no Docker Compose here, so only its parts and settings were checked"
        );
        return Ok(());
    }
    run(compose("config").arg("--quiet"))?;
    eprintln!("docker-compose.yml: Docker Compose accepts it");
    Ok(())
}

/// The file as YAML.
fn load() -> Result<Yaml, Failed> {
    let text = fs::read_to_string(COMPOSE_FILE)?;
    let documents = YamlLoader::load_from_str(&text)?;
    documents
        .into_iter()
        .next()
        .ok_or_else(|| Failed::from("the file is empty"))
}

/// The strings of a list.
fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec()
        .into_iter()
        .flatten()
        .filter_map(Yaml::as_str)
        .collect()
}
