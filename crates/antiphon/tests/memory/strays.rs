//! Replies that nobody waits for: counted by kind, shown, never delivered.

use std::time::Duration;

use antiphon::{
    Client, CorrelationId, StrayCounts, StrayKind,
    config::{ClientConfig, ReplyConfig},
    transport::memory::MemoryBroker,
};

use crate::support::{
    answer, ask, broker, client, client_with, echo, eventually, faults, id_of, sent, settle,
};

async fn pinned(broker: &MemoryBroker) -> Client {
    let config = ClientConfig {
        reply: ReplyConfig {
            partition: Some(0),
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    client_with(broker, config).await
}

fn counts(set: impl FnOnce(&mut StrayCounts)) -> StrayCounts {
    let mut counts = StrayCounts::default();
    set(&mut counts);
    counts
}

#[tokio::test(start_paused = true)]
async fn a_reply_after_the_timeout_is_late() {
    let broker = broker();
    let client = client(&broker).await;
    let call = client
        .request("echo")
        .timeout(Duration::from_secs(1))
        .send();
    let error = call.await.unwrap_err();
    let id = error.correlation_id().unwrap().to_string();
    for key in [None, Some(id.as_str())] {
        answer(&broker, &client, key, "x", &[("correlation-id", &id)]);
    }
    settle().await;
    assert_eq!(client.stray_counts(), counts(|c| c.late = 2));
}

#[tokio::test(start_paused = true)]
async fn a_second_reply_is_a_duplicate_until_its_slot_serves_again_and_late_then() {
    let broker = broker();
    let client = client(&broker).await;
    let call = ask(&client, "x");
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    for _ in 0..3 {
        answer(&broker, &client, Some(&id), "x", &[("correlation-id", &id)]);
    }
    call.await.unwrap().unwrap();
    settle().await;
    assert_eq!(client.stray_counts(), counts(|c| c.duplicate = 2));
    let next = ask(&client, "y");
    sent(&broker, 2).await;
    answer(&broker, &client, Some(&id), "x", &[("correlation-id", &id)]);
    settle().await;
    assert!(!next.is_finished());
    assert_eq!(
        client.stray_counts(),
        counts(|c| (c.duplicate, c.late) = (2, 1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_stores_everything_twice_changes_no_outcome() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    broker.set_faults(faults(|f| f.duplicate = 1.0));
    for n in 0..50 {
        let reply = client
            .request("echo")
            .value(n.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(&reply.value()[..], n.to_string().as_bytes());
    }
    settle().await;
    let strays = client.stray_counts();
    // Two requests, two replies each: three of four are superfluous.
    assert_eq!(strays.duplicate + strays.late, 150);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn clients_on_one_partition_get_their_own_replies_only() {
    let broker = broker();
    let _service = echo(&broker).await;
    let clients = [
        pinned(&broker).await,
        pinned(&broker).await,
        pinned(&broker).await,
    ];
    let mut seen = clients[0].strays();
    for n in 0..30 {
        for (which, client) in clients.iter().enumerate() {
            let value = format!("{which}/{n}");
            let reply = client
                .request("echo")
                .value(value.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(&reply.value()[..], value.as_bytes());
        }
    }
    settle().await;
    for client in &clients {
        assert_eq!(client.stray_counts(), counts(|c| c.foreign = 60));
    }
    // Ordinary on a shared partition, hence not shown.
    assert!(seen.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn errors_for_another_instance_are_foreign_too() {
    let broker = broker();
    let (one, other) = (pinned(&broker).await, pinned(&broker).await);
    let call = ask(&one, "x");
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    let error = [
        ("correlation-id", id.as_str()),
        ("antiphon", "v=1;s=NOT_FOUND;e=yes"),
    ];
    answer(&broker, &one, None, "", &error);
    assert!(call.await.unwrap().unwrap_err().status().is_some());
    settle().await;
    assert_eq!(one.stray_counts(), StrayCounts::default());
    assert_eq!(other.stray_counts(), counts(|c| c.foreign = 1));
}

#[tokio::test(start_paused = true)]
async fn forged_ids_reach_no_call_and_are_shown() {
    let broker = broker();
    let client = client(&broker).await;
    let mut seen = client.strays();
    let call = ask(&client, "x");
    let id = id_of(&sent(&broker, 1).await[0]);
    let (instance, salt) = (id.instance(), id.salt());
    let (generation, slot) = (id.generation(), id.slot());
    let of = |salt, generation, slot| CorrelationId::compose(instance, salt, generation, slot);
    let forged = [
        of(salt ^ 1, generation, slot),
        of(salt, generation + 1, slot),
        of(salt, generation + (1 << 29), slot),
        of(salt, generation, slot + 1),
        of(salt, generation, u32::MAX),
        CorrelationId::from_bytes([0x5a; 16]),
        CorrelationId::from_bytes([0; 16]),
    ];
    for id in forged {
        let text = id.to_string();
        // In the header, in the key alone, and in both.
        answer(&broker, &client, None, "x", &[("correlation-id", &text)]);
        answer(&broker, &client, Some(&text), "x", &[]);
        answer(
            &broker,
            &client,
            Some(&text),
            "x",
            &[("correlation-id", &text)],
        );
    }
    settle().await;
    assert_eq!(client.stray_counts(), counts(|c| c.unknown = 21));
    for _ in 0..21 {
        let stray = seen.try_recv().unwrap();
        assert_eq!(stray.kind, StrayKind::Unknown);
        assert_eq!(stray.partition, client.reply_partition());
        assert_ne!(stray.correlation_id, Some(id));
    }
    assert!(!call.is_finished());
    assert_eq!(client.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_bears_no_readable_id_is_unknown() {
    let broker = broker();
    let client = client(&broker).await;
    let call = ask(&client, "x");
    let id = id_of(&sent(&broker, 1).await[0]).to_string();
    let upper = id.to_uppercase();
    let plain = id.replace('-', "");
    let hostile: [&[(&str, &str)]; 6] = [
        &[],
        &[("correlation-id", "")],
        &[("correlation-id", &upper)],
        &[("correlation-id", &plain)],
        &[("correlation-id", &id), ("correlation-id", &id)],
        &[("Correlation-Id", &id)],
    ];
    for pairs in hostile {
        answer(&broker, &client, None, "x", pairs);
    }
    let null = vec![(crate::support::bytes("correlation-id"), None)];
    broker.append("web.replies", client.reply_partition(), None, None, null);
    settle().await;
    assert_eq!(client.stray_counts(), counts(|c| c.unknown = 7));
    assert!(!call.is_finished());
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_lags_misses_the_oldest_and_holds_nothing_up() {
    let broker = broker();
    let client = client(&broker).await;
    let mut seen = client.strays();
    for _ in 0..3_000 {
        answer(&broker, &client, None, "x", &[]);
    }
    eventually("all counted", || client.stray_counts().unknown == 3_000).await;
    assert!(matches!(
        seen.try_recv(),
        Err(tokio::sync::broadcast::error::TryRecvError::Lagged(1_976))
    ));
    assert_eq!(seen.try_recv().unwrap().offset, 1_976);
}
