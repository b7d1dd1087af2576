//! The administration of topics, which only a real Kafka has.

use std::time::Duration;

use antiphon::Client;
use antiphon::config::{ClientConfig, ReplyConfig};
use antiphon_kafka::Admin;
use libtest_mimic::Failed;

use crate::support::rig::{LIMIT, block_on, properties, serve};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "admin::topics_are_created_described_enlarged_and_deleted",
        needs: Needs::Kafka,
        run: topics,
    },
    Case {
        name: "admin::a_reply_topic_is_created_as_configured",
        needs: Needs::Kafka,
        run: |env| block_on(reply_topic(env)),
    },
    Case {
        name: "admin::brokers_and_groups_are_described",
        needs: Needs::Kafka,
        run: |env| block_on(brokers_and_groups(env)),
    },
];

fn setting(admin: &Admin, topic: &str, name: &str) -> Result<Option<String>, Failed> {
    let all = admin.describe_config(topic, LIMIT)?;
    Ok(all
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value))
}

fn topics(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic_for("managed", 2, &[("retention.ms", "123456")])?;
    let admin = Admin::new(&properties(env.bootstrap_servers()))?;
    let retention = setting(&admin, &topic, "retention.ms")?;
    ensure(
        retention.as_deref() == Some("123456"),
        format!("{retention:?}"),
    )?;
    let partitions = admin.describe_topic(&topic, LIMIT)?;
    let partitions = partitions.ok_or("it is not described")?;
    ensure(partitions.len() == 2, format!("{partitions:?}"))?;
    ensure(
        partitions
            .iter()
            .all(|p| p.leader.is_some() && p.replicas.len() == 1),
        format!("{partitions:?}"),
    )?;
    admin.create_partitions(&topic, 5, LIMIT)?;
    eventually("the new partitions can be seen", LIMIT, || {
        (admin.partitions(&topic, LIMIT).ok()? == Some(5)).then_some(())
    })?;
    admin.delete_topic(&topic, LIMIT)?;
    eventually("it is gone", LIMIT, || {
        admin
            .partitions(&topic, LIMIT)
            .ok()?
            .is_none()
            .then_some(())
    })?;
    Ok(())
}

async fn reply_topic(env: &Env) -> Result<(), Failed> {
    let config = ClientConfig {
        reply: ReplyConfig {
            partitions: 3,
            retention: Duration::from_secs(7200),
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Client::builder(env.topic("configured"))
        .bootstrap_servers(env.bootstrap_servers())
        .config(config)
        .connect()
        .await?;
    let (servers, topic) = (
        env.bootstrap_servers().to_owned(),
        client.reply_topic().to_owned(),
    );
    let described = tokio::task::spawn_blocking(move || {
        let admin = Admin::new(&properties(&servers))?;
        let partitions = admin.partitions(&topic, LIMIT)?;
        Ok::<_, Failed>((partitions, setting(&admin, &topic, "retention.ms")?))
    });
    let (partitions, retention) = described.await??;
    ensure(partitions == Some(3), format!("{partitions:?}"))?;
    ensure(
        retention.as_deref() == Some("7200000"),
        format!("{retention:?}"),
    )
}

async fn brokers_and_groups(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("grouped", 1)?;
    let name = env.topic("grouped-echo");
    let service = serve(env, &topic, &name, |_, value| async move { Ok(value) }).await?;
    let admin = Admin::new(&properties(env.bootstrap_servers()))?;
    let asked = tokio::task::spawn_blocking(move || {
        let broker = admin.brokers(LIMIT)?.first().map(|broker| broker.id);
        let broker = broker.ok_or("no broker")?;
        let settings = admin.describe_broker(broker, LIMIT)?;
        ensure(
            admin.controller().is_some() && admin.describe_broker(4711, SHORT).is_err(),
            "a controller, and no broker 4711",
        )?;
        Ok::<_, Failed>((settings, admin.describe_group(&name, LIMIT)?))
    });
    let (settings, group) = asked.await??;
    ensure(
        settings
            .iter()
            .any(|(name, value)| name == "num.partitions" && value == "1"),
        format!("{settings:?}"),
    )?;
    ensure(
        group.members == 1 && group.state == "Stable" && group.assignor == "cooperative-sticky",
        format!("{group:?}"),
    )?;
    service.drain(LIMIT).await;
    Ok(())
}

/// How long a case waits for a change to show.
const SHORT: Duration = Duration::from_millis(300);
