//! TLS and SASL/SCRAM with the shipped settings for production, on a Kafka that requires both.
//!
//! Only in a build with the feature `ssl`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use tempfile::TempDir;

use super::{Output, expect_exit, run_command};
use crate::support::broker::{Door, KafkaHandle};
use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::reason::{Attempt, Because as _};
use crate::support::rig::LIMIT;
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[Case {
    name: "cli::tls::a_request_is_answered_with_the_settings_for_production",
    needs: Needs::PrivateKafka,
    run: production,
}];

/// A secured Kafka, and the files with its user and password.
struct Site {
    kafka: KafkaHandle,
    secrets: TempDir,
}

impl Site {
    fn open() -> Attempt<Self> {
        let site = Self {
            kafka: KafkaHandle::private_secured()?,
            secrets: tempfile::tempdir().because("a directory for secrets")?,
        };
        site.write("username", Door::USER)?;
        site.write("password", Door::PASSWORD)?;
        Ok(site)
    }

    fn write(&self, name: &str, value: &str) -> Attempt<PathBuf> {
        let path = self.secrets.path().join(name);
        fs::write(&path, format!("{value}\n")).because(path.display())?;
        Ok(path)
    }

    fn command(&self, arguments: &[&str]) -> Attempt<Command> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/production.toml");
        let door = self.kafka.door()?;
        let mut command = antiphon(arguments)?;
        command.env("ANTIPHON_CONFIG", config);
        command.env("ANTIPHON_BOOTSTRAP_SERVERS", door.address());
        for (name, value) in [
            ("PROPERTIES__SSL_CA_LOCATION", door.certificate().to_owned()),
            (
                "PROPERTY_FILES__SASL_USERNAME",
                self.secrets.path().join("username"),
            ),
            (
                "PROPERTY_FILES__SASL_PASSWORD",
                self.secrets.path().join("password"),
            ),
        ] {
            command.env(format!("ANTIPHON__KAFKA__{name}"), value);
        }
        Ok(command)
    }

    fn run(&self, arguments: &[&str]) -> Attempt<Output> {
        run_command(self.command(arguments)?, "")
    }

    /// A request that fails because of one variable. The error contains the cause and no secret.
    fn refused(&self, name: &str, value: impl AsRef<OsStr>, why: &str) -> Result<(), Failed> {
        let mut command = self.command(&["request", "orders", "x", "-vv"])?;
        command.env("ANTIPHON__KAFKA__CONNECT_TIMEOUT", "3s");
        command.env("RUST_LOG", "trace");
        command.env(name, value);
        let output = run_command(command, "")?;
        expect_exit(&output, 4)?;
        ensure(output.stderr.contains(why), format!("no {why}: {output:?}"))?;
        ensure(
            !output.stderr.contains(Door::PASSWORD),
            format!("{output:?}"),
        )
    }
}

fn production(_: &Env) -> Result<(), Failed> {
    let site = Site::open()?;
    expect_exit(&site.run(&["config", "check"])?, 0)?;
    let created = site.run(&["topics", "create", "orders", "-r", "1"])?;
    expect_exit(&created, 0)?;
    let replies = [
        "topics",
        "create",
        "antiphon-cli.replies",
        "--reply",
        "-r",
        "1",
    ];
    expect_exit(&site.run(&replies)?, 0)?;
    let service = Spawned::start(site.command(&["serve", "orders", "--upper"])?)?;
    service.wait_for_line(Stream::Stderr, "ready", LIMIT)?;
    let output = site.run(&["request", "orders", "hello", "-t", "20s"])?;
    expect_exit(&output, 0)?;
    ensure(output.stdout.trim_end() == "HELLO", format!("{output:?}"))?;

    let wrong = site.write("wrong", "not-the-password")?;
    let by_file = "ANTIPHON__KAFKA__PROPERTY_FILES__SASL_PASSWORD";
    site.refused(by_file, wrong, "uthentication")?;
    let ca = "ANTIPHON__KAFKA__PROPERTIES__SSL_CA_LOCATION";
    let others = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if others.is_file() {
        site.refused(ca, others, "certificate")?;
    }
    let plain = site.kafka.bootstrap_servers();
    site.refused("ANTIPHON_BOOTSTRAP_SERVERS", plain, "no broker answered")
}
