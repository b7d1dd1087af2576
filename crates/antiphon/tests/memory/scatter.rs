//! One question to several topics.

use std::time::Duration;

use antiphon::{Code, Executed, RequestErrorKind as Kind, Status};

use crate::support::{broker, client, serve, settle};

use crate::gather::{settled, slow, targets, values};

#[tokio::test(start_paused = true)]
async fn a_scatter_brings_all_replies_in_order_of_arrival() {
    let broker = broker();
    let _services = (
        slow(&broker, "a", "A", 300).await,
        slow(&broker, "b", "B", 100).await,
        slow(&broker, "c", "C", 200).await,
    );
    let client = client(&broker).await;
    let gathered = client.scatter(["a", "b", "c"]).send().await.unwrap();
    assert_eq!(values(&gathered), ["B", "C", "A"]);
    let asked: Vec<&str> = gathered
        .replies
        .iter()
        .map(antiphon::GatherReply::target)
        .collect();
    assert_eq!(asked, ["b", "c", "a"]);
    assert!(gathered.missing.is_empty());
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_scatter_ends_with_its_minimum_and_gives_the_rest_up() {
    let broker = broker();
    let _services = (
        slow(&broker, "a", "A", 100).await,
        slow(&broker, "b", "B", 200).await,
        slow(&broker, "c", "C", 60_000).await,
    );
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let gathered = client
        .scatter(["a", "b", "c"])
        .min_replies(2)
        .send()
        .await
        .unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(values(&gathered), ["A", "B"]);
    assert_eq!(
        targets(&gathered),
        [("c", Kind::Cancelled, Executed::Maybe)]
    );
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_scatter_below_its_minimum_carries_what_arrived() {
    let broker = broker();
    let _services = (
        slow(&broker, "a", "A", 100).await,
        slow(&broker, "b", "B", 60_000).await,
    );
    let client = client(&broker).await;
    let scatter = client
        .scatter(["a", "b", "nowhere"])
        .timeout(Duration::from_secs(2));
    let error = scatter.send().await.unwrap_err();
    assert_eq!(error.error().kind(), Kind::BelowMinimum);
    assert_eq!(error.error().executed(), Executed::Maybe);
    assert_eq!(values(error.gathered()), ["A"]);
    assert_eq!(
        targets(error.gathered()),
        [
            ("b", Kind::TimedOut, Executed::Maybe),
            ("nowhere", Kind::UnknownTopic, Executed::No)
        ]
    );
    assert!(!broker.topics().contains(&"nowhere".to_owned()));
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_scatter_of_which_nothing_ran_says_so() {
    let broker = broker();
    let client = client(&broker).await;
    let error = client
        .scatter(["x", "y"])
        .min_replies(1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.error().kind(), Kind::BelowMinimum);
    assert_eq!(error.error().executed(), Executed::No);
    assert_eq!(
        targets(error.gathered()),
        [
            ("x", Kind::UnknownTopic, Executed::No),
            ("y", Kind::UnknownTopic, Executed::No)
        ]
    );
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_can_not_be_met_is_refused_and_nothing_is_sent() {
    let broker = broker();
    broker.create_topic("a", 1);
    let client = client(&broker).await;
    let refused = [
        client.scatter(["a", "echo"]).min_replies(0).send().await,
        client.scatter(["a", "echo"]).min_replies(3).send().await,
        client
            .scatter(["a", "echo"])
            .min_replies(2)
            .max_replies(1)
            .send()
            .await,
        client.scatter(Vec::<String>::new()).send().await,
        client.gather("echo").min_replies(0).send().await,
        client
            .gather("echo")
            .min_replies(2)
            .max_replies(1)
            .send()
            .await,
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.error().kind(), Kind::Invalid);
        assert_eq!(error.error().executed(), Executed::No);
    }
    settle().await;
    assert!(broker.records("a").is_empty());
    assert!(broker.records("echo").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_scatter_goes_on_beyond_its_minimum_when_asked_to() {
    let broker = broker();
    let _services = (
        slow(&broker, "a", "A", 100).await,
        slow(&broker, "b", "B", 200).await,
        slow(&broker, "c", "C", 300).await,
        slow(&broker, "d", "D", 60_000).await,
    );
    let client = client(&broker).await;
    let scatter = || client.scatter(["a", "b", "c", "d"]).min_replies(1);
    let most = scatter().max_replies(2).send().await.unwrap();
    assert_eq!(values(&most), ["A", "B"]);
    assert_eq!(most.missing.len(), 2);
    let begun = tokio::time::Instant::now();
    let wait = scatter().until_deadline().timeout(Duration::from_secs(3));
    let all = wait.send().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(3));
    assert_eq!(values(&all), ["A", "B", "C"]);
    assert_eq!(targets(&all), [("d", Kind::TimedOut, Executed::Maybe)]);
    settled(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_scatter_does_not_wait_when_all_have_answered() {
    let broker = broker();
    let _services = (
        slow(&broker, "a", "A", 10).await,
        slow(&broker, "b", "B", 20).await,
    );
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let scatter = client.scatter(["a", "b"]).min_replies(1).until_deadline();
    assert_eq!(values(&scatter.send().await.unwrap()), ["A", "B"]);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_same_topic_may_be_asked_twice() {
    let broker = broker();
    let _service = slow(&broker, "a", "A", 10).await;
    let client = client(&broker).await;
    let gathered = client.scatter(["a", "a"]).send().await.unwrap();
    assert_eq!(values(&gathered), ["A", "A"]);
    assert_eq!(broker.records("a").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handlers_error_is_missing_with_its_certainty_and_not_counted() {
    let broker = broker();
    let _good = slow(&broker, "a", "A", 50).await;
    let _bad = serve(&broker, "bad", |_, _| async {
        Err(Status::unavailable("no").with_executed(Executed::No))
    })
    .await;
    let client = client(&broker).await;
    let gathered = client
        .scatter(["a", "echo"])
        .min_replies(1)
        .send()
        .await
        .unwrap();
    assert_eq!(values(&gathered), ["A"]);
    assert_eq!(targets(&gathered), [("echo", Kind::Status, Executed::No)]);
    let error = client
        .scatter(["a", "echo"])
        .min_replies(2)
        .send()
        .await
        .unwrap_err();
    assert_eq!(values(error.gathered()), ["A"]);
    let missing = &error.gathered().missing[0];
    assert_eq!(missing.error().status().unwrap().code(), Code::Unavailable);
}
