//! One question on one topic, to several services; and replies as they come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Client, Executed, Gathered, RequestErrorKind as Kind, Service, Status,
    config::{ClientConfig, GatherConfig},
    transport::memory::MemoryBroker,
};
use bytes::Bytes;
use futures::StreamExt;

use crate::support::{
    answer, assert_placed, assert_unsent, broker, bytes, client, client_with, eventually, for_ever,
    headers, id_of, sent, serve, settle,
};

/// A service of this name on this topic, which takes its time and then answers with its name.
pub(crate) async fn slow(
    broker: &MemoryBroker,
    topic: &str,
    name: &'static str,
    millis: u64,
) -> Service {
    broker.create_topic(topic, 1);
    let service = Service::builder(name)
        .version("1")
        .transport(broker.transport())
        .route(topic, move || async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok(name)
        })
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

pub(crate) fn values(gathered: &Gathered) -> Vec<String> {
    let replies = gathered.replies.iter();
    replies
        .map(|reply| String::from_utf8_lossy(reply.reply().value()).into_owned())
        .collect()
}

pub(crate) fn targets(gathered: &Gathered) -> Vec<(&str, Kind, Executed)> {
    let missing = gathered.missing.iter();
    let mut missing: Vec<_> = missing
        .map(|missing| {
            (
                missing.target(),
                missing.error().kind(),
                missing.error().executed(),
            )
        })
        .collect();
    missing.sort_by_key(|(target, ..)| *target);
    missing
}

pub(crate) async fn settled(client: &Client) {
    settle().await;
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_gather_counts_each_service_once() {
    let broker = broker();
    let _services = (
        slow(&broker, "q", "A", 100).await,
        slow(&broker, "q", "B", 200).await,
        slow(&broker, "q", "C", 300).await,
    );
    let client = client(&broker).await;
    let gathered = client.gather("q").min_replies(3).send().await.unwrap();
    assert_eq!(values(&gathered), ["A", "B", "C"]);
    let names: Vec<_> = gathered
        .replies
        .iter()
        .map(|reply| reply.responder().unwrap())
        .collect();
    for (name, begins) in names.iter().zip(["A/1/", "B/1/", "C/1/"]) {
        assert!(name.starts_with(begins), "{name}");
    }
    assert!(gathered.replies.iter().all(|reply| reply.target() == "q"));
    assert_eq!(broker.records("q").len(), 1);
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_waits_for_the_deadline_and_has_enough_misses_nothing() {
    let broker = broker();
    let _services = (
        slow(&broker, "q", "A", 100).await,
        slow(&broker, "q", "B", 200).await,
    );
    let timeouts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&timeouts);
    let client = Client::builder("web")
        .transport(broker.transport())
        .on_timeout(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .connect()
        .await
        .unwrap();
    let gather = client.gather("q").min_replies(1).until_deadline();
    let gathered = gather.timeout(Duration::from_secs(2)).send().await.unwrap();
    assert_eq!(values(&gathered), ["A", "B"]);
    assert_eq!(targets(&gathered), []);
    assert_eq!(timeouts.load(Ordering::Relaxed), 0);
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_gather_below_its_minimum_carries_what_arrived() {
    let broker = broker();
    let _services = (
        slow(&broker, "q", "A", 100).await,
        slow(&broker, "q", "B", 60_000).await,
    );
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let gather = client
        .gather("q")
        .min_replies(2)
        .timeout(Duration::from_secs(2));
    let error = gather.send().await.unwrap_err();
    assert!(begun.elapsed() <= Duration::from_millis(2_250));
    assert_eq!(error.error().kind(), Kind::BelowMinimum);
    assert_eq!(error.error().executed(), Executed::Maybe);
    assert_eq!(values(error.gathered()), ["A"]);
    assert_eq!(
        targets(error.gathered()),
        [("q", Kind::TimedOut, Executed::Maybe)]
    );
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_gather_on_a_topic_that_does_not_exist_sends_nothing() {
    let broker = broker();
    let client = client(&broker).await;
    let error = client.gather("nowhere").send().await.unwrap_err();
    assert_eq!(error.error().kind(), Kind::UnknownTopic);
    assert_eq!(error.error().executed(), Executed::No);
    assert_eq!(error.error().topic(), Some("nowhere"));
    assert!(!broker.topics().contains(&"nowhere".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn errors_of_responders_are_listed_and_end_no_gather() {
    let broker = broker();
    let _good = slow(&broker, "echo", "good", 100).await;
    let _bad = serve(&broker, "bad", |_, _| async { Err(Status::internal("no")) }).await;
    let client = client(&broker).await;
    let gathered = client.gather("echo").min_replies(1).send().await.unwrap();
    assert_eq!(values(&gathered), ["good"]);
    assert_eq!(targets(&gathered), [("echo", Kind::Status, Executed::Yes)]);
}

fn bounded(max_responders: u32, max_bytes: u64) -> ClientConfig {
    ClientConfig {
        gather: GatherConfig {
            max_responders,
            max_bytes,
        },
        ..ClientConfig::default()
    }
}

/// Asks without end, and floods the asker with answers of so many services.
async fn flooded(
    config: ClientConfig,
    answers: usize,
    services: usize,
    packed: &str,
) -> (Gathered, u64) {
    let broker = broker();
    let client = client_with(&broker, config).await;
    let gather = client
        .gather("echo")
        .until_deadline()
        .timeout(Duration::from_secs(5));
    let gathering = tokio::spawn(gather.send());
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    for n in 0..answers {
        let fields = packed.replace("{}", &(n % services).to_string());
        answer(
            &broker,
            &client,
            None,
            "0123456789",
            &[("correlation-id", &id), ("antiphon", &fields)],
        );
        if n % 5_000 == 0 {
            settle().await;
        }
    }
    let gathered = match gathering.await.unwrap() {
        Ok(gathered) => gathered,
        Err(error) => error.into_gathered(),
    };
    settled(&client).await;
    let strays = client.stray_counts();
    assert_eq!(strays.late + strays.unknown + strays.foreign, 0);
    (gathered, strays.duplicate + strays.surplus)
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_answers_without_end_has_one_vote() {
    let (gathered, strays) = flooded(ClientConfig::default(), 100_000, 1, "v=1;r=s/1/{}").await;
    assert_eq!(gathered.replies.len(), 1);
    assert_eq!((gathered.duplicates, gathered.surplus), (99_999, 0));
    assert_eq!(strays, 99_999);
}

#[tokio::test(start_paused = true)]
async fn responders_without_end_are_kept_within_the_limits() {
    let (gathered, strays) = flooded(bounded(10, 1 << 20), 20_000, 20_000, "v=1;r=s{}/1/a").await;
    assert_eq!(gathered.replies.len(), 10);
    assert_eq!((gathered.duplicates, gathered.surplus), (0, 19_990));
    assert_eq!(strays, 19_990);
    let (gathered, _) = flooded(bounded(1_000, 100), 20_000, 20_000, "v=1;r=s{}/1/a").await;
    assert!(
        (1..=10).contains(&gathered.replies.len()),
        "{}",
        gathered.replies.len()
    );
}

#[tokio::test(start_paused = true)]
async fn error_replies_without_end_are_kept_within_the_limits() {
    let packed = "v=1;r=s{}/1/a;s=INTERNAL;e=yes";
    let (gathered, strays) = flooded(bounded(10, 1 << 20), 20_000, 20_000, packed).await;
    assert_eq!(gathered.replies.len(), 0);
    assert_eq!(gathered.missing.len(), 11, "ten errors, and the deadline");
    assert_eq!((gathered.surplus, strays), (19_990, 19_990));
}

#[tokio::test(start_paused = true)]
async fn replies_without_a_name_share_one_vote_and_broken_ones_are_surplus() {
    let broker = broker();
    let client = client(&broker).await;
    let gather = client
        .gather("echo")
        .min_replies(2)
        .timeout(Duration::from_secs(2));
    let gathering = tokio::spawn(gather.send());
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    let reply = |extra: Option<(&str, &str)>| {
        let mut pairs = vec![("correlation-id", id.as_str())];
        pairs.extend(extra);
        answer(&broker, &client, None, "x", &pairs);
    };
    reply(None);
    reply(Some(("antiphon", "v=1")));
    reply(Some(("antiphon", "v=1;r=not an identity")));
    reply(Some(("antiphon", "?")));
    answer(&broker, &client, Some(&id), "x", &[("correlation-id", &id)]);
    let error = gathering.await.unwrap().unwrap_err();
    assert_eq!(error.gathered().replies.len(), 1);
    assert_eq!(error.gathered().duplicates, 3);
    let strays = client.stray_counts();
    assert_eq!((strays.duplicate, strays.surplus), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_yields_replies_as_they_come() {
    let broker = broker();
    let _services = (
        slow(&broker, "q", "A", 1_000).await,
        slow(&broker, "q", "B", 2_000).await,
    );
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let mut stream = client.gather("q").min_replies(2).stream().await.unwrap();
    for (at, name) in [(1, "A"), (2, "B")] {
        let reply = stream.next().await.unwrap().unwrap();
        assert_eq!(&reply.reply().value()[..], name.as_bytes());
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(at) && took < Duration::from_millis(at * 1_000 + 100));
    }
    assert!(stream.next().await.is_none());
    assert!(stream.next().await.is_none());
    assert_eq!(client.in_flight(), 0);
    let mut scatter = client
        .scatter(["q", "nowhere"])
        .min_replies(1)
        .stream()
        .await
        .unwrap();
    let missing = scatter.next().await.unwrap().unwrap_err();
    assert_eq!(missing.target(), "nowhere");
    assert!(scatter.next().await.unwrap().is_ok());
    assert!(scatter.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_holds_nothing_any_more() {
    let broker = broker();
    let _service = slow(&broker, "a", "A", 10).await;
    let _never = serve(&broker, "s", for_ever).await;
    let client = client(&broker).await;
    let mut scatter = client
        .scatter(["a", "echo"])
        .min_replies(1)
        .stream()
        .await
        .unwrap();
    assert!(scatter.next().await.unwrap().is_ok());
    assert!(scatter.next().await.is_none());
    assert_eq!(client.in_flight(), 0);
    drop(scatter);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_frees_what_it_held() {
    let broker = broker();
    let _service = serve(&broker, "s", for_ever).await;
    let config = ClientConfig {
        max_in_flight: 2,
        fail_fast: true,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    for n in 1..5 {
        // A gather has its place before its first poll.
        let unpolled = client.gather("echo").stream().await.unwrap();
        let mut gather = client.gather("echo").stream().await.unwrap();
        let full = client.request("echo").send().await.unwrap_err();
        assert_unsent(&full, Kind::Overloaded);
        assert!(futures::poll!(gather.next()).is_pending());
        assert_eq!(client.in_flight(), 1);
        drop((unpolled, gather));
        let mut scatter = client.scatter(["echo", "echo"]).stream().await.unwrap();
        assert!(futures::poll!(scatter.next()).is_pending());
        settle().await;
        assert!(futures::poll!(scatter.next()).is_pending());
        assert_eq!(client.in_flight(), 2);
        drop(scatter);
        assert_eq!(client.in_flight(), 0);
        assert_eq!(broker.records("echo").len(), 3 * n);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gather_polled_after_its_deadline_was_never_sent() {
    let broker = broker();
    let client = client(&broker).await;
    let gather = client.gather("echo").timeout(Duration::from_secs(1));
    let mut stream = gather.stream().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let missing = stream.next().await.unwrap().unwrap_err();
    assert_eq!(missing.error().kind(), Kind::DeadlineBeforeSend);
    assert_eq!(missing.error().executed(), Executed::No);
    assert!(stream.next().await.is_none());
    assert!(broker.records("echo").is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_path_and_a_close_end_gathers_with_what_they_have() {
    for close in [false, true] {
        let broker = broker();
        let client = client(&broker).await;
        let gathering = tokio::spawn(client.gather("echo").min_replies(2).send());
        let id = id_of(&sent(&broker, 1).await[0]).to_string();
        answer(&broker, &client, None, "x", &[("correlation-id", &id)]);
        settle().await;
        let kind = if close {
            client.close(Duration::from_secs(1)).await;
            Kind::Closed
        } else {
            broker.delete_topic("web.replies");
            Kind::ReplyPathLost
        };
        let error = gathering.await.unwrap().unwrap_err();
        assert_eq!(error.error().kind(), Kind::BelowMinimum);
        assert_eq!(values(error.gathered()), ["x"]);
        assert_placed(error.gathered().missing[0].error(), kind, Executed::Maybe);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gather_whose_request_was_refused_says_that_nothing_ran() {
    let broker = broker();
    let client = client(&broker).await;
    broker.set_faults(crate::support::faults(|f| f.reject = 1.0));
    let error = client.gather("echo").send().await.unwrap_err();
    assert_eq!(error.error().kind(), Kind::BelowMinimum);
    assert_eq!(error.error().executed(), Executed::No);
    assert_eq!(
        targets(error.gathered()),
        [("echo", Kind::Rejected, Executed::No)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_gather_reads_the_headers_that_came_with_each_reply() {
    let broker = broker();
    let client = client(&broker).await;
    let gathering = tokio::spawn(client.gather("echo").value("q").send());
    let request = &sent(&broker, 1).await[0];
    let packed = String::from_utf8_lossy(request.header("antiphon").unwrap()).into_owned();
    assert!(packed.contains("m=gather"), "{packed}");
    let id = id_of(request).to_string();
    let pairs = [("correlation-id", id.as_str()), ("x-cost", "3")];
    broker.append(
        "web.replies",
        client.reply_partition(),
        None,
        None,
        headers(&pairs),
    );
    let gathered = gathering.await.unwrap().unwrap();
    assert_eq!(
        gathered.replies[0].reply().header("x-cost"),
        Some(&bytes("3"))
    );
    assert_eq!(gathered.replies[0].reply().value(), &Bytes::new());
    eventually("table empty", || client.in_flight() == 0).await;
}
