//! Races over one slot of the correlation table, under a model checker that chooses the schedule.
//!
//! `RUSTFLAGS="--cfg antiphon_shuttle" cargo test -p antiphon-proto --test shuttle --release`
#![cfg(antiphon_shuttle)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test they are assertions"
)]

use std::sync::Arc;

use antiphon_proto::{
    CorrelationId, Delivery, InstanceId, Limit, NewCall, Step, Table, TableConfig, Taken, Tick,
};
use shuttle::sync::atomic::{AtomicU32, Ordering};
use shuttle::thread::{self, JoinHandle};

type Shared = Arc<Table<u32, End>>;

const DEADLINE: u64 = 10;
const ITERATIONS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reply,
    Timeout,
    Shutdown,
    NotSent,
}

fn check(scenario: fn()) {
    shuttle::check_random(scenario, ITERATIONS);
    shuttle::check_pct(scenario, ITERATIONS, 3);
}

fn table(max_entries: u32) -> Shared {
    let instance = InstanceId::new(0xfeed);
    Arc::new(Table::new(TableConfig {
        instance,
        max_entries,
        max_bytes: 1000,
    }))
}

fn call(deadline: u64) -> NewCall {
    NewCall {
        deadline: Tick::from_millis(deadline),
        bytes: 10,
        ..NewCall::default()
    }
}

fn spawn<T: Send + 'static>(
    table: &Shared,
    f: impl FnOnce(&Table<u32, End>) -> T + Send + 'static,
) -> JoinHandle<T> {
    let table = Arc::clone(table);
    thread::spawn(move || f(&table))
}

fn reply(table: &Table<u32, End>, id: CorrelationId) -> u32 {
    match table.handle_reply(id, |_| Step::Finish(End::Reply)) {
        Delivery::Finished(_) => 1,
        Delivery::Late | Delivery::Duplicate => 0,
        other => panic!("a reply to an issued id is never {other:?}"),
    }
}

fn sweep(table: &Table<u32, End>) -> u32 {
    let mut woken = 0;
    table.sweep(
        Tick::from_millis(DEADLINE),
        |_, _, _| End::Timeout,
        |_| woken += 1,
    );
    woken
}

fn shut_down(table: &Table<u32, End>) -> u32 {
    let mut woken = 0;
    table.close();
    table.fail_all(|_, _| End::Shutdown, |_| woken += 1);
    woken
}

fn assert_empty(table: &Table<u32, End>) {
    assert_eq!((table.len(), table.bytes()), (0, 0));
}

#[test]
fn one_of_reply_timeout_failure_and_shutdown_ends_a_call() {
    check(|| {
        let table = table(1);
        let id = table.insert(call(DEADLINE), 0).unwrap();
        let enders = [
            spawn(&table, move |table| reply(table, id)),
            spawn(&table, move |table| reply(table, id)),
            spawn(&table, sweep),
            spawn(&table, shut_down),
            spawn(&table, move |table| {
                u32::from(table.finish(id, End::NotSent).is_some())
            }),
        ];
        let woken: u32 = enders.map(|ender| ender.join().unwrap()).iter().sum();
        assert_eq!(woken, 1);
        assert!(matches!(table.poll(id), Taken::Done(_)));
        assert_empty(&table);
    });
}

#[test]
fn a_cancel_wins_or_finds_the_one_result() {
    check(|| {
        let table = table(1);
        let id = table.insert(call(DEADLINE), 0).unwrap();
        let cancel = spawn(&table, move |table| table.cancel(id));
        let enders = [
            spawn(&table, move |table| reply(table, id)),
            spawn(&table, sweep),
            spawn(&table, shut_down),
        ];
        let woken: u32 = enders.map(|ender| ender.join().unwrap()).iter().sum();
        let cancelled = cancel
            .join()
            .unwrap()
            .expect("only the owner takes a call out");
        assert_eq!(woken, u32::from(cancelled.is_some()));
        assert_empty(&table);
    });
}

#[test]
fn a_poll_takes_the_result_once_and_a_cancel_then_finds_nothing() {
    check(|| {
        let table = table(1);
        let id = table.insert(call(DEADLINE), 0).unwrap();
        let enders = [
            spawn(&table, move |table| reply(table, id)),
            spawn(&table, sweep),
        ];
        let taken = table.poll_with(id, |waiter| *waiter = 7);
        let left = table.cancel(id);
        match taken {
            Taken::Done(_) => assert_eq!(left, None),
            Taken::Waiting => assert!(left.is_some()),
            Taken::Gone => panic!("only the owner takes a call out"),
        }
        for ender in enders {
            ender.join().unwrap();
        }
        assert_empty(&table);
    });
}

#[test]
fn a_stale_reply_never_reaches_the_next_call_of_the_slot() {
    check(|| {
        let table = table(1);
        let earlier = table.insert(call(DEADLINE), 1).unwrap();
        let stale = [0, 1].map(|_| {
            spawn(&table, move |table| {
                let for_earlier = |waiter: &mut u32| {
                    assert_eq!(*waiter, 1);
                    Step::Finish(End::Reply)
                };
                matches!(
                    table.handle_reply(earlier, for_earlier),
                    Delivery::Finished(_)
                )
            })
        });
        table.cancel(earlier);
        let later = table.insert(call(DEADLINE), 2).unwrap();
        assert_eq!(later.slot(), earlier.slot());
        for reply in stale {
            reply.join().unwrap();
        }
        assert_eq!(table.poll(later), Taken::Waiting);
        table.cancel(later);
        assert_empty(&table);
    });
}

#[test]
fn a_sweep_never_expires_a_later_call_of_the_slot_early() {
    check(|| {
        let table = table(1);
        let earlier = table.insert(call(DEADLINE), 1).unwrap();
        let sweeper = spawn(&table, |table| {
            let now = Tick::from_millis(DEADLINE);
            let expire = |_, _: &antiphon_proto::Expired, waiter: &mut u32| {
                assert_eq!(*waiter, 1);
                End::Timeout
            };
            table.sweep(now, expire, |_| {})
        });
        table.cancel(earlier);
        let later = table.insert(call(DEADLINE + 1), 2).unwrap();
        sweeper.join().unwrap();
        assert_eq!(table.poll(later), Taken::Waiting);
        table.cancel(later);
        assert_empty(&table);
    });
}

#[test]
fn a_call_whose_insert_overlaps_a_shutdown_is_refused_or_ended() {
    check(|| {
        let table = table(2);
        let inserter = spawn(&table, |table| match table.insert(call(DEADLINE), 0) {
            Ok(id) => Some(id),
            Err(full) => {
                assert_eq!(full.limit, Limit::Closed);
                None
            }
        });
        let closer = spawn(&table, shut_down);
        let (id, woken) = (inserter.join().unwrap(), closer.join().unwrap());
        assert_eq!(woken, u32::from(id.is_some()));
        if let Some(id) = id {
            assert_eq!(table.poll(id), Taken::Done(End::Shutdown));
        }
        assert_empty(&table);
    });
}

#[test]
fn concurrent_inserts_never_pass_the_limit_and_always_find_a_slot_below_it() {
    check(|| {
        let table = table(2);
        let held = Arc::new(AtomicU32::new(0));
        let callers = [0, 1, 2].map(|waiter| {
            let held = Arc::clone(&held);
            spawn(&table, move |table| {
                for _ in 0..2 {
                    match table.insert(call(DEADLINE), waiter) {
                        Ok(id) => {
                            assert!(held.fetch_add(1, Ordering::SeqCst) < 2);
                            assert_eq!(
                                table.handle_reply(id, |seen| {
                                    assert_eq!(*seen, waiter);
                                    Step::Finish(End::Reply)
                                }),
                                Delivery::Finished(waiter)
                            );
                            held.fetch_sub(1, Ordering::SeqCst);
                            assert_eq!(table.poll(id), Taken::Done(End::Reply));
                        }
                        Err(full) => assert_eq!(full.limit, Limit::Entries),
                    }
                }
            })
        });
        for caller in callers {
            caller.join().unwrap();
        }
        assert_empty(&table);
    });
}
