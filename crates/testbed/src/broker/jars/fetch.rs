//! Fetches Kafka and all it needs at run time with Maven, which knows its mirrors and proxies from the user's settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::VERSION;
use crate::process::run;
use crate::reason::{Attempt, Because as _};

/// A goal pinned to a version, so that the user's Maven does not choose one.
const GOAL: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Kafka logs through SLF4J 1.7; without a binding of that line it says nothing at all.
const SLF4J_VERSION: &str = "1.7.36";

/// Fetches the jars into a new folder within `work`, and returns that folder.
pub(super) fn fetch(work: &Path) -> Attempt<PathBuf> {
    let began = Instant::now();
    eprintln!("fetching Apache Kafka {VERSION} with Maven, once for this machine (about 45 MB)");
    let [pom_file, jars] = ["pom.xml", "jars"].map(|name| work.join(name));
    fs::write(&pom_file, pom()).because(pom_file.display())?;
    run(&mut maven(&pom_file, &jars)).because("Kafka's jars cannot be fetched")?;
    expect_kafka_in(&jars)?;
    eprintln!("fetched in {:.1?}", began.elapsed());
    Ok(jars)
}

/// The command that copies all that `pom_file` depends on into `jars`.
fn maven(pom_file: &Path, jars: &Path) -> Command {
    let mut command = Command::new("mvn");
    command
        .args(["-q", "-B", GOAL, "-DincludeScope=runtime", "-f"])
        .arg(pom_file);
    command.arg(format!("-DoutputDirectory={}", jars.display()));
    command
}

/// A project that has nothing but dependencies.
fn pom() -> String {
    let dependencies = [
        ("org.apache.kafka", "kafka_2.13", VERSION),
        ("org.slf4j", "slf4j-simple", SLF4J_VERSION),
    ];
    let dependencies = dependencies.map(|(group, artifact, version)| {
        format!(
            "    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
"
        )
    });
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>antiphon</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{}  </dependencies>
</project>
"#,
        dependencies.concat()
    )
}

/// Maven may succeed without having copied a thing.
fn expect_kafka_in(jars: &Path) -> Attempt<()> {
    let kafka = jars.join(format!("kafka_2.13-{VERSION}.jar"));
    kafka
        .is_file()
        .then_some(())
        .ok_or_else(|| format!("Maven did not leave {}", kafka.display()))
}
