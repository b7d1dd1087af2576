//! Deadlines: never early, at most 250 ms late, and a reply that is there wins.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{Client, CorrelationId, RequestErrorKind as Kind, Status};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time::Instant;

use crate::support::{
    answer, ask, broker, client, echo, faults, for_ever, id_of, sent, serve, settle,
};

const LATEST: Duration = Duration::from_millis(250);

#[tokio::test(start_paused = true)]
async fn no_call_ends_early_and_none_more_than_250_ms_late() {
    let mut random = StdRng::seed_from_u64(7);
    let broker = broker();
    let client = client(&broker).await;
    let mut calls = Vec::new();
    for _ in 0..2_000 {
        let timeout = Duration::from_micros(random.random_range(1_000..20_000_000));
        let request = client.request("echo").timeout(timeout);
        calls.push(tokio::spawn(async move {
            let begun = Instant::now();
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), Kind::TimedOut);
            let late = begun.elapsed().checked_sub(timeout).expect("ended early");
            assert!(late <= LATEST, "{timeout:?} ended {late:?} late");
        }));
        // Begun at odd moments, also within one millisecond.
        tokio::time::advance(Duration::from_micros(random.random_range(0..3_000))).await;
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_has_arrived_beats_a_timeout_that_is_due() {
    let broker = broker();
    let client = client(&broker).await;
    for n in 1..=20 {
        let call = tokio::spawn(
            client
                .request("echo")
                .timeout(Duration::from_secs(1))
                .send(),
        );
        let id = id_of(
            &sent(&broker, n)
                .await
                .into_iter()
                .max_by_key(id_of)
                .unwrap(),
        );
        let mine = client.pending(1)[0].correlation_id;
        let id = if id == mine { id } else { mine }.to_string();
        answer(
            &broker,
            &client,
            Some(&id),
            "in time",
            &[("correlation-id", &id)],
        );
        // The process stands still for long; when it goes on, both are there.
        tokio::time::advance(Duration::from_secs(100)).await;
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_behind_many_others_beats_a_timeout_that_is_due() {
    let broker = broker();
    let client = client(&broker).await;
    let call = client.request("echo").timeout(Duration::from_secs(1));
    let call = tokio::spawn(call.send());
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    // More than are read at once.
    for _ in 0..2_500 {
        answer(&broker, &client, None, "x", &[]);
    }
    let headers = [("correlation-id", id.as_str())];
    answer(&broker, &client, Some(&id), "in time", &headers);
    tokio::time::advance(Duration::from_secs(100)).await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_becomes_readable_at_the_deadline_is_taken() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    broker.set_faults(faults(|f| f.delay = Duration::from_millis(500)));
    for _ in 0..20 {
        let call = client.request("echo").timeout(Duration::from_secs(1));
        call.send().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_strays_holds_no_timeout_up() {
    let broker = broker();
    let client = client(&broker).await;
    let begun = Instant::now();
    let call = tokio::spawn(
        client
            .request("echo")
            .timeout(Duration::from_secs(1))
            .send(),
    );
    while begun.elapsed() < Duration::from_secs(3) {
        // Each look of the reader finds something, so that it never has caught up.
        for _ in 0..3 {
            answer(&broker, &client, None, "x", &[]);
            tokio::task::yield_now().await;
        }
        answer(&broker, &client, None, "x", &[]);
        tokio::time::advance(Duration::from_millis(5)).await;
        if call.is_finished() {
            break;
        }
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took <= Duration::from_secs(1) + LATEST, "{took:?}");
    assert_eq!(call.await.unwrap().unwrap_err().kind(), Kind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn the_observer_sees_each_timeout_and_nothing_else() {
    let broker = broker();
    let _service = serve(&broker, "s", |context, value| async move {
        if &value[..] == b"error" {
            return Err(Status::aborted("no"));
        }
        for_ever(context, value).await
    })
    .await;
    let seen: Arc<Mutex<Vec<CorrelationId>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let client = Client::builder("web")
        .transport(broker.transport())
        .on_timeout(move |error| {
            assert_eq!(error.topic(), Some("echo"));
            noted.lock().unwrap().push(error.correlation_id().unwrap());
        })
        .connect()
        .await
        .unwrap();
    let request = || client.request("echo").timeout(Duration::from_secs(1));
    assert_eq!(
        request().value("error").send().await.unwrap_err().kind(),
        Kind::Status
    );
    let dropped = tokio::time::timeout(Duration::from_millis(500), request().send()).await;
    assert!(dropped.is_err());
    let mut timed_out = Vec::new();
    for _ in 0..3 {
        timed_out.push(
            request()
                .send()
                .await
                .unwrap_err()
                .correlation_id()
                .unwrap(),
        );
    }
    settle().await;
    assert_eq!(*seen.lock().unwrap(), timed_out);
}

#[tokio::test(start_paused = true)]
async fn pending_calls_are_listed_with_what_is_known_of_them() {
    let broker = broker();
    let client = client(&broker).await;
    let slow = client.request("echo").timeout(Duration::from_secs(10));
    let named = tokio::spawn(
        slow.clone()
            .metadata([("order".to_owned(), "7".to_owned())])
            .send(),
    );
    let unnamed = tokio::spawn(slow.send());
    let requests = sent(&broker, 2).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut pending = client.pending(10);
    assert_eq!(pending.len(), 2);
    assert_eq!(client.pending(1).len(), 1);
    pending.sort_by_key(|call| call.metadata.is_none());
    for call in &pending {
        assert_eq!(&*call.topic, "echo");
        assert!(
            requests
                .iter()
                .any(|request| id_of(request) == call.correlation_id)
        );
        assert!(
            (2_900..3_200).contains(&call.age.as_millis()),
            "{:?}",
            call.age
        );
        assert!(
            (6_800..7_100).contains(&call.left.as_millis()),
            "{:?}",
            call.left
        );
    }
    let metadata = pending[0].metadata.as_deref().unwrap();
    assert_eq!(metadata, [("order".to_owned(), "7".to_owned())]);
    assert!(pending[1].metadata.is_none());
    named.abort();
    settle().await;
    assert_eq!(client.pending(10).len(), 1);
    assert!(unnamed.await.unwrap().is_err());
    assert!(client.pending(10).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_handler_gets_the_callers_deadline() {
    let broker = broker();
    let left = Arc::new(AtomicU32::new(0));
    let noted = Arc::clone(&left);
    let _service = serve(&broker, "s", move |context, value| {
        let millis = context.remaining().unwrap().as_millis();
        noted.store(u32::try_from(millis).unwrap(), Ordering::Relaxed);
        async move { Ok(value) }
    })
    .await;
    let client = client(&broker).await;
    let request = client.request("echo").timeout(Duration::from_secs(7));
    request.send().await.unwrap();
    let left = left.load(Ordering::Relaxed);
    assert!((6_900..=7_000).contains(&left), "{left}");
    drop(ask(&client, "x"));
}
