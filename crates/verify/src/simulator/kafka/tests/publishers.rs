//! What becomes of records that are sent.

use super::*;
use crate::simulator::kafka::Weather;

fn weather(set: impl FnOnce(&mut Weather)) -> Weather {
    let mut weather = Weather::fair();
    set(&mut weather);
    weather
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_a_plain_producer_store_a_record_again_and_an_idempotent_one_not() {
    for idempotent in [false, true] {
        let process = process(idempotent);
        let publisher = process.publisher();
        process
            .cluster
            .set_weather(weather(|w| w.answer_lost = 1.0));
        send(&publisher, 1).unwrap();
        wait(10 * MS).await;
        process.cluster.set_weather(Weather::fair());
        wait(2 * SECOND).await;
        assert_eq!(process.reports.take(), [(1, None)]);
        assert_eq!(process.stored(), if idempotent { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_time_is_over_is_surely_not_stored_unless_an_answer_was_lost() {
    for (lost, possibly) in [(false, false), (true, true)] {
        let process = process(true);
        let publisher = process.publisher();
        process.cluster.set_weather(weather(|w| {
            if lost {
                w.request_lost = 1.0;
            } else {
                w.retry = 1.0;
            }
        }));
        send(&publisher, 1).unwrap();
        wait(10 * SECOND).await;
        assert_eq!(
            process.reports.take(),
            [(1, Some((Kind::TimedOut, possibly)))]
        );
        assert_eq!(process.stored(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_a_partition_are_stored_in_the_order_in_which_they_were_handed_over() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.set_weather(weather(|w| {
        w.answer_lost = 0.3;
        w.retry = 0.3;
    }));
    for token in 0..10 {
        send(&publisher, token).unwrap();
    }
    wait(20 * SECOND).await;
    let tokens: Vec<u64> = process
        .reports
        .take()
        .into_iter()
        .map(|(token, _)| token)
        .collect();
    assert_eq!(tokens, (0..10).collect::<Vec<_>>());
    assert_eq!(process.stored(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), SECOND);
    let sent: Vec<_> = (0..11).map(|token| send(&publisher, token)).collect();
    assert_eq!(sent[10], Err(Kind::QueueFull));
    assert!(sent[..10].iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_close_gives_up_what_it_can_not_send_in_time() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), 60 * SECOND);
    send(&publisher, 1).unwrap();
    publisher.close(SECOND).await;
    assert_eq!(process.reports.take(), [(1, Some((Kind::Closed, false)))]);
    assert_eq!(send(&publisher, 2), Err(Kind::Closed));
}

#[tokio::test(start_paused = true)]
async fn the_dead_send_nothing_and_hear_nothing() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), SECOND);
    send(&publisher, 1).unwrap();
    wait(100 * MS).await;
    process.life.kill();
    send(&publisher, 2).unwrap();
    wait(20 * SECOND).await;
    assert_eq!(process.reports.take(), []);
    // The one that was on its way may have arrived.
    assert!(process.stored() <= 1);
}

#[tokio::test(start_paused = true)]
async fn who_stands_still_sends_nothing_until_it_goes_on() {
    let process = process(true);
    let publisher = process.publisher();
    process.life.pause();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    assert_eq!(process.stored(), 0);
    process.life.resume();
    wait(SECOND).await;
    assert_eq!(process.reports.take(), [(1, None)]);
}
