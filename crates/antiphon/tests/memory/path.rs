//! The reply path: lost, built anew, and what becomes of calls meanwhile.

use std::time::Duration;

use antiphon::{
    Client, Executed, RequestErrorKind as Kind, StartErrorKind,
    config::{ClientConfig, ReplyConfig},
    transport::memory::MemoryBroker,
};
use futures::StreamExt;

use crate::support::{
    ask, assert_placed, assert_unsent, broker, client, client_with, echo, for_ever, sent, serve,
    settle,
};

fn not_created(fail_fast: bool) -> ClientConfig {
    ClientConfig {
        fail_fast,
        reply: ReplyConfig {
            create: false,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    }
}

#[tokio::test(start_paused = true)]
async fn losing_the_reply_topic_ends_all_calls_at_once_and_new_ones_succeed() {
    let broker = broker();
    let slow = serve(&broker, "s", for_ever).await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..10).map(|_| ask(&client, "x")).collect();
    sent(&broker, 10).await;
    let begun = tokio::time::Instant::now();
    broker.delete_topic("web.replies");
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_placed(&error, Kind::ReplyPathLost, Executed::Maybe);
        assert!(std::error::Error::source(&error).is_some());
    }
    assert!(begun.elapsed() < Duration::from_millis(250));
    assert_eq!(client.in_flight(), 0);
    drop(slow);
    let _service = echo(&broker).await;
    // Waits for the path, which is built anew with its topic.
    let reply = client.request("echo").value("again").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"again");
    assert!(broker.topics().contains(&"web.replies".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_path_can_be_lost_again_and_again() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    for round in 0..20 {
        client.request("echo").send().await.unwrap();
        broker.delete_topic("web.replies");
        if round % 2 == 0 {
            settle().await;
        }
        if round % 3 == 0 {
            // Lost again while it is being built.
            tokio::task::yield_now().await;
            broker.delete_topic("web.replies");
        }
        let mut ended = client.request("echo").send().await;
        if ended.is_err() {
            settle().await;
            ended = client.request("echo").send().await;
        }
        ended.unwrap();
    }
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_path_a_call_is_not_ready_and_not_sent() {
    for fail_fast in [false, true] {
        let broker = broker();
        broker.create_topic("web.replies", 8);
        let _service = echo(&broker).await;
        let client = client_with(&broker, not_created(fail_fast)).await;
        client.request("echo").send().await.unwrap();
        broker.delete_topic("web.replies");
        settle().await;
        let begun = tokio::time::Instant::now();
        let request = client.request("echo").timeout(Duration::from_secs(2));
        let error = request.send().await.unwrap_err();
        assert_unsent(&error, Kind::NotReady);
        let took = begun.elapsed().as_millis();
        assert!(
            if fail_fast {
                took < 10
            } else {
                (2_000..2_250).contains(&took)
            },
            "{took}"
        );
        assert_eq!(broker.records("echo").len(), 1);
        broker.create_topic("web.replies", 8);
        tokio::time::sleep(Duration::from_secs(2)).await;
        client.request("echo").send().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_topic_made_anew_with_fewer_partitions_gives_the_client_another() {
    let broker = broker();
    broker.create_topic("web.replies", 64);
    let _service = echo(&broker).await;
    let client = client_beyond(&broker, 2).await;
    broker.delete_topic("web.replies");
    broker.create_topic("web.replies", 2);
    settle().await;
    let reply = client.request("echo").send().await.unwrap();
    assert!(reply.partition() < 2);
    assert_eq!(reply.partition(), client.reply_partition());
}

#[tokio::test(start_paused = true)]
async fn a_reply_partition_that_was_asked_for_is_waited_for() {
    let broker = broker();
    broker.create_topic("web.replies", 8);
    let _service = echo(&broker).await;
    let mut config = not_created(true);
    config.reply.partition = Some(5);
    let client = client_with(&broker, config).await;
    broker.delete_topic("web.replies");
    broker.create_topic("web.replies", 2);
    settle().await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_unsent(&error, Kind::NotReady);
    broker.delete_topic("web.replies");
    broker.create_topic("web.replies", 8);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let reply = client.request("echo").send().await.unwrap();
    assert_eq!(reply.partition(), 5);
}

/// A client whose reply partition is none of the first few.
async fn client_beyond(broker: &MemoryBroker, few: i32) -> Client {
    loop {
        let client = client_with(broker, not_created(false)).await;
        if client.reply_partition() >= few {
            return client;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_the_path_goes_on_when_it_is_back() {
    let broker = broker();
    broker.create_topic("web.replies", 8);
    let _service = echo(&broker).await;
    let client = client_with(&broker, not_created(false)).await;
    broker.delete_topic("web.replies");
    settle().await;
    let call = ask(&client, "waits");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!call.is_finished());
    broker.create_topic("web.replies", 8);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_starts_when_the_path_is_gone_is_not_sent_and_ends() {
    let broker = broker();
    broker.create_topic("web.replies", 8);
    let client = client_with(&broker, not_created(false)).await;
    let mut stream = client.gather("echo").stream().await.unwrap();
    broker.delete_topic("web.replies");
    settle().await;
    let ended = tokio::time::timeout(Duration::from_secs(60), stream.next()).await;
    let missing = ended.unwrap().unwrap().unwrap_err();
    assert_placed(missing.error(), Kind::NotReady, Executed::No);
    assert!(stream.next().await.is_none());
    assert!(broker.records("echo").is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_calls_that_wait_for_the_path() {
    let broker = broker();
    broker.create_topic("web.replies", 8);
    let client = client_with(&broker, not_created(false)).await;
    broker.delete_topic("web.replies");
    settle().await;
    let call = ask(&client, "waits");
    tokio::task::yield_now().await;
    let begun = tokio::time::Instant::now();
    let report = client.close(Duration::from_secs(60)).await;
    // It has a place, but is no call in flight that a close would wait for.
    assert_eq!((report.in_flight, report.abandoned), (0, 0));
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_unsent(&call.await.unwrap().unwrap_err(), Kind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_can_not_have_its_partition_does_not_start() {
    let broker = broker();
    broker.create_topic("web.replies", 2);
    for (partition, create, kind) in [
        (Some(2), true, StartErrorKind::Config),
        (Some(-1), true, StartErrorKind::Config),
    ] {
        let config = ClientConfig {
            reply: ReplyConfig {
                partition,
                create,
                ..ReplyConfig::default()
            },
            ..ClientConfig::default()
        };
        let builder = Client::builder("web").transport(broker.transport());
        assert_eq!(
            builder.config(config).connect().await.unwrap_err().kind(),
            kind
        );
    }
    let builder = Client::builder("mobile").transport(broker.transport());
    let error = builder
        .config(not_created(true))
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::UnknownTopic);
    assert!(!broker.topics().contains(&"mobile.replies".to_owned()));
    let builder = Client::builder("no/name").transport(broker.transport());
    assert_eq!(
        builder.connect().await.unwrap_err().kind(),
        StartErrorKind::Config
    );
}
