//! What is counted, and under which labels.

use std::time::Duration;

use antiphon::{RequestErrorKind as Kind, Status, config::ClientConfig};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::support::{
    answer, ask, broker, bytes, client, client_with, faults, for_ever, headers, id_of, sent, serve,
    settle,
};

/// Counts what happens on this thread; the runtime of these tests has no other.
struct Counted {
    snapshotter: Snapshotter,
    totals: std::collections::HashMap<String, u64>,
}

impl Counted {
    /// The sum of a counter over all its series that bear these labels.
    fn of(&mut self, name: &str, labels: &[(&str, &str)]) -> u64 {
        // A snapshot resets the counters.
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            if let DebugValue::Counter(value) = value {
                let key = key.key();
                let mut labels: Vec<String> = key
                    .labels()
                    .map(|label| format!("{}={}", label.key(), label.value()))
                    .collect();
                labels.sort();
                *self
                    .totals
                    .entry(format!("{} {}", key.name(), labels.join(",")))
                    .or_default() += value;
            }
        }
        let mut labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        labels.sort();
        let series = format!("{name} {}", labels.join(","));
        self.totals.get(&series).copied().unwrap_or(0)
    }
}

fn counted(recorder: &DebuggingRecorder) -> (Counted, metrics::LocalRecorderGuard<'_>) {
    let counted = Counted {
        snapshotter: recorder.snapshotter(),
        totals: std::collections::HashMap::new(),
    };
    (counted, metrics::set_default_local_recorder(recorder))
}

#[tokio::test(start_paused = true)]
async fn calls_and_their_errors_are_counted_by_topic_kind_and_certainty() {
    let recorder = DebuggingRecorder::new();
    let (mut counted, _guard) = counted(&recorder);
    let broker = broker();
    let _service = serve(&broker, "s", |context, value| async move {
        match &value[..] {
            b"never" => for_ever(context, value).await,
            b"error" => Err(Status::aborted("no")),
            _ => Ok(value),
        }
    })
    .await;
    let config = ClientConfig {
        max_in_flight: 1,
        fail_fast: true,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let request = |value: &'static str| client.request("echo").value(value);
    request("fine").send().await.unwrap();
    request("error").send().await.unwrap_err();
    let never = tokio::spawn(request("never").timeout(Duration::from_secs(1)).send());
    settle().await;
    assert_eq!(
        request("x").send().await.unwrap_err().kind(),
        Kind::Overloaded
    );
    never.await.unwrap().unwrap_err();
    broker.set_faults(faults(|f| f.reject = 1.0));
    request("x").send().await.unwrap_err();
    client.request("nowhere").send().await.unwrap_err();
    settle().await;
    let mut errors = |topic, kind, executed| {
        let labels = [("topic", topic), ("kind", kind), ("executed", executed)];
        counted.of("antiphon_request_errors_total", &labels)
    };
    assert_eq!(errors("echo", "status", "yes"), 1);
    assert_eq!(errors("echo", "timed_out", "maybe"), 1);
    assert_eq!(errors("echo", "rejected", "no"), 1);
    assert_eq!(errors("echo", "overloaded", "no"), 1);
    // A name that anybody may have made up is no label.
    assert_eq!(errors("nowhere", "unknown_topic", "no"), 0);
    assert_eq!(errors("", "unknown_topic", "no"), 1);
    assert_eq!(
        counted.of("antiphon_requests_total", &[("topic", "echo")]),
        4
    );
}

#[tokio::test(start_paused = true)]
async fn strays_are_counted_by_kind() {
    let recorder = DebuggingRecorder::new();
    let (mut counted, _guard) = counted(&recorder);
    let broker = broker();
    let client = client(&broker).await;
    let call = ask(&client, "x");
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    for _ in 0..3 {
        answer(&broker, &client, None, "x", &[("correlation-id", &id)]);
    }
    answer(&broker, &client, None, "x", &[]);
    call.await.unwrap().unwrap();
    broker.delete_topic("web.replies");
    settle().await;
    let mut strays = |kind| {
        let labels = [("client_group", "web"), ("kind", kind)];
        counted.of("antiphon_stray_replies_total", &labels)
    };
    assert_eq!(
        (strays("duplicate"), strays("unknown"), strays("late")),
        (2, 1, 0)
    );
    assert_eq!(
        counted.of("antiphon_reply_path_lost_total", &[("client_group", "web")]),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_counts_what_it_handled_refused_and_found_expired() {
    let recorder = DebuggingRecorder::new();
    let (mut counted, _guard) = counted(&recorder);
    let broker = broker();
    let at = broker.transport().clock().unix_ms();
    let old = format!("v=1;d={at};t=1000");
    let pairs = [("correlation-id", "1"), ("antiphon", old.as_str())];
    broker.append("echo", 0, None, None, headers(&pairs));
    tokio::time::advance(Duration::from_secs(60)).await;
    let _service = serve(&broker, "s", |_, value| async move {
        assert!(&value[..] != b"panic", "as asked");
        if &value[..] == b"error" {
            Err(Status::aborted("no"))
        } else {
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    for value in ["a", "b", "error", "panic"] {
        let _ = client.request("echo").value(value).send().await;
    }
    let _ = client.request("echo").operation("none").send().await;
    broker.append("echo", 0, None, None, Vec::new());
    let forbidden = [
        ("correlation-id", "1"),
        ("reply-topic", "__consumer_offsets"),
    ];
    broker.append("echo", 0, None, None, headers(&forbidden));
    let absent = [("correlation-id", "1"), ("reply-topic", "absent.replies")];
    broker.append("echo", 0, None, Some(bytes("x")), headers(&absent));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let outcome = |counted: &mut Counted, outcome| {
        let labels = [("service", "s"), ("outcome", outcome)];
        counted.of("antiphon_requests_handled_total", &labels)
    };
    assert_eq!(outcome(&mut counted, "ok"), 2);
    assert_eq!(outcome(&mut counted, "error"), 1);
    assert_eq!(outcome(&mut counted, "panic"), 1);
    for reason in [
        "malformed",
        "reply_topic",
        "reply_address",
        "unknown_operation",
    ] {
        let labels = [("service", "s"), ("reason", reason)];
        assert_eq!(
            counted.of("antiphon_requests_refused_total", &labels),
            1,
            "{reason}"
        );
    }
    let labels = [("service", "s")];
    assert_eq!(counted.of("antiphon_requests_expired_total", &labels), 1);
    assert_eq!(counted.of("antiphon_requests_received_total", &labels), 9);
}

#[tokio::test(start_paused = true)]
async fn replies_that_are_sent_again_or_given_up_are_counted() {
    let recorder = DebuggingRecorder::new();
    let (mut counted, _guard) = counted(&recorder);
    let broker = broker();
    let _service = serve(&broker, "s", |_, value| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let call = tokio::spawn(
        client
            .request("echo")
            .timeout(Duration::from_secs(4))
            .send(),
    );
    sent(&broker, 1).await;
    broker.set_faults(faults(|f| f.reject = 1.0));
    assert!(call.await.unwrap().unwrap_err().is_timeout());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let labels = [("service", "s")];
    assert!(counted.of("antiphon_replies_resent_total", &labels) >= 3);
    assert_eq!(counted.of("antiphon_replies_abandoned_total", &labels), 1);
}
