//! Services that do not start, and how one runs to its end.

use std::{sync::Arc, time::Duration};

use antiphon::{RequestErrorKind as Kind, Service, StartErrorKind, config::ServiceConfig};
use bytes::Bytes;
use tokio::sync::Notify;

use crate::support::{broker, client, echo};

#[tokio::test(start_paused = true)]
async fn a_service_that_makes_no_sense_does_not_start() {
    let broker = broker();
    let new = |name: &str| {
        Service::builder(name)
            .version("1")
            .transport(broker.transport())
    };
    let handler = || |value: Bytes| async move { Ok(value) };
    let with = |set: fn(&mut ServiceConfig)| {
        let mut config = ServiceConfig::default();
        set(&mut config);
        new("s").route("echo", handler()).config(config)
    };
    let wrong = [
        new("s"),
        new("").route("echo", handler()),
        new(&"s".repeat(600)).route("echo", handler()),
        new("s").route("no/topic", handler()),
        new("s").route("echo", handler()).route("echo", handler()),
        new("s").operation("echo", "a b", handler()),
        new("s")
            .operation("echo", "a", handler())
            .operation("echo", "a", handler()),
        new("s").route("echo", handler()).allow_reply_topic("("),
        with(|config| config.concurrency = 0),
        with(|config| config.max_unacknowledged = 0),
        with(|config| config.commit_interval = Duration::ZERO),
        with(|config| config.handler_timeout = Duration::ZERO),
    ];
    for builder in wrong {
        let described = format!("{builder:?}");
        let error = builder.start().await.expect_err(&described);
        assert_eq!(error.kind(), StartErrorKind::Config, "{described}");
    }
    let error = new("s")
        .route("nowhere", handler())
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::UnknownTopic);
    assert!(!broker.topics().contains(&"nowhere".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn settings_without_end_are_taken() {
    let broker = broker();
    let config = ServiceConfig {
        commit_interval: Duration::MAX,
        handler_timeout: Duration::MAX,
        revoke_timeout: Duration::MAX,
        clock_skew: Duration::MAX,
        create_topics: Some(2),
        ..ServiceConfig::default()
    };
    let service = Service::builder("s")
        .version("1")
        .transport(broker.transport())
        .config(config)
        .route("created", |value: Bytes| async move { Ok(value) })
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    client.request("created").send().await.unwrap();
    let report = service.drain(Duration::MAX).await;
    assert_eq!(report.abandoned, 0);
    assert_eq!(broker.committed("s").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_runs_until_it_is_told_to_stop() {
    let broker = broker();
    let service = echo(&broker).await;
    let client = client(&broker).await;
    let stop = Arc::new(Notify::new());
    let running = tokio::spawn({
        let stop = Arc::clone(&stop);
        service.run_until(async move { stop.notified().await }, Duration::from_secs(5))
    });
    client.request("echo").send().await.unwrap();
    stop.notify_one();
    let report = running.await.unwrap();
    assert_eq!(report.abandoned, 0);
    let error = client
        .request("echo")
        .timeout(Duration::from_secs(1))
        .send()
        .await;
    assert_eq!(error.unwrap_err().kind(), Kind::TimedOut);
}
