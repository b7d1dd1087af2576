use std::mem::size_of;
use std::task::Waker;

use super::*;
use crate::sync::Mutex;

type Small = Table<u32, &'static str>;

const INSTANCE: InstanceId = InstanceId::new(0xfeed_c0ff_ee01);

/// A slot, its deadline, and its index in the free list once it is free.
const PER_ENTRY: usize =
    size_of::<Mutex<Slot<Waker, Box<u8>>>>() + size_of::<u32>() + size_of::<u32>();

#[cfg(target_pointer_width = "64")]
const _: () = assert!(PER_ENTRY <= 56, "a pending call must stay below 60 bytes");

const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Table<Waker, Box<u8>>>();
};

fn table(max_entries: u32) -> Small {
    Table::new(TableConfig {
        instance: INSTANCE,
        max_entries,
        max_bytes: 1000,
    })
}

fn call(deadline: u64) -> NewCall {
    NewCall {
        deadline: Tick::from_millis(deadline),
        route: 7,
        bytes: 100,
        salt: 0xabc,
        ..NewCall::default()
    }
}

fn assert_empty(table: &Small) {
    assert_eq!(
        (table.len(), table.bytes(), table.pending(10)),
        (0, 0, Vec::new())
    );
}

#[test]
fn a_reply_ends_its_call_and_the_poll_frees_it() {
    let table = table(4);
    let id = table.insert(call(10), 1).unwrap();
    assert_eq!(table.poll(id), Taken::Waiting);
    assert_eq!(
        table.handle_reply(id, |_| Step::Finish("reply")),
        Delivery::Finished(1)
    );
    assert_eq!(table.len(), 1);
    assert_eq!(table.poll(id), Taken::Done("reply"));
    assert_eq!(table.poll(id), Taken::Gone);
    assert_empty(&table);
}

#[test]
fn a_call_that_keeps_waiting_gets_further_replies() {
    let table = table(4);
    let id = table.insert(call(10), 1).unwrap();
    let count = |waiter: &mut u32| {
        *waiter += 1;
        if *waiter == 3 {
            Step::Finish("last")
        } else {
            Step::Keep
        }
    };
    assert_eq!(table.handle_reply(id, count), Delivery::Kept);
    assert_eq!(table.handle_reply(id, count), Delivery::Finished(3));
}

#[test]
fn a_second_reply_is_a_duplicate_before_and_after_the_poll() {
    let table = table(4);
    let id = table.insert(call(10), 1).unwrap();
    table.handle_reply(id, |_| Step::Finish("reply"));
    assert_eq!(
        table.handle_reply(id, |_| Step::Finish("again")),
        Delivery::Duplicate
    );
    table.poll(id);
    assert_eq!(
        table.handle_reply(id, |_| Step::Finish("again")),
        Delivery::Duplicate
    );
}

#[test]
fn a_reply_after_timeout_cancel_or_failure_is_late() {
    let table = table(4);
    let timed_out = table.insert(call(10), 1).unwrap();
    assert_eq!(
        table.sweep(Tick::from_millis(10), |_, _, _| "timeout", |_| {}),
        1
    );
    let cancelled = table.insert(call(20), 2).unwrap();
    table.cancel(cancelled);
    let failed = table.insert(call(20), 3).unwrap();
    assert_eq!(table.finish(failed, "not sent"), Some(3));
    for id in [timed_out, cancelled, failed] {
        assert_eq!(
            table.handle_reply(id, |_| Step::Finish("reply")),
            Delivery::Late
        );
    }
}

#[test]
fn a_reply_to_an_earlier_call_of_the_slot_never_reaches_the_present_call() {
    let table = table(1);
    let earlier = table.insert(call(10), 1).unwrap();
    table.handle_reply(earlier, |_| Step::Finish("reply"));
    table.poll(earlier);
    let present = table.insert(call(10), 2).unwrap();
    assert_eq!(present.slot(), earlier.slot());
    assert_eq!(
        table.handle_reply(earlier, |_| Step::Finish("stale")),
        Delivery::Late
    );
    assert_eq!(table.poll(present), Taken::Waiting);
}

#[test]
fn ids_of_other_instances_are_foreign_and_invented_ids_unknown() {
    let table = table(4);
    let id = table.insert(call(10), 1).unwrap();
    let never = |id| table.handle_reply(id, |_| Step::Finish("forged"));
    let other = InstanceId::new(1);
    assert_eq!(
        never(CorrelationId::compose(
            other,
            id.salt(),
            id.generation(),
            id.slot()
        )),
        Delivery::Foreign
    );
    let ours = |salt, generation, slot| CorrelationId::compose(INSTANCE, salt, generation, slot);
    assert_eq!(
        never(ours(id.salt() ^ 1, id.generation(), id.slot())),
        Delivery::Unknown
    );
    assert_eq!(
        never(ours(id.salt(), id.generation() + 1, id.slot())),
        Delivery::Unknown
    );
    assert_eq!(
        never(ours(id.salt(), id.generation(), id.slot() + 1)),
        Delivery::Unknown
    );
    assert_eq!(
        never(ours(id.salt(), id.generation(), u32::MAX)),
        Delivery::Unknown
    );
    assert_eq!(table.poll(id), Taken::Waiting);
}

#[test]
fn a_sweep_is_never_early_and_leaves_replied_calls_alone() {
    let table = table(4);
    let due = table.insert(call(10), 1).unwrap();
    let replied = table.insert(call(10), 2).unwrap();
    table.handle_reply(replied, |_| Step::Finish("reply"));
    assert_eq!(
        table.sweep(Tick::from_millis(9), |_, _, _| "timeout", |_| {}),
        0
    );
    let mut seen = Vec::new();
    let mut woken = Vec::new();
    table.sweep(
        Tick::from_millis(10),
        |id, expired, _| {
            seen.push((id, *expired));
            "timeout"
        },
        |waiter| woken.push(waiter),
    );
    let expired = Expired {
        route: 7,
        created: Tick::ZERO,
        deadline: Tick::from_millis(10),
    };
    assert_eq!((seen, woken), (vec![(due, expired)], vec![1]));
    assert_eq!(table.poll(due), Taken::Done("timeout"));
    assert_eq!(table.poll(replied), Taken::Done("reply"));
    assert_empty(&table);
}

#[test]
fn a_sweep_finds_each_due_call_wherever_its_slot_is() {
    let many = if cfg!(miri) { 130 } else { 5_000 };
    let table: Table<u32, ()> = Table::new(TableConfig {
        instance: INSTANCE,
        max_entries: many,
        max_bytes: u64::MAX,
    });
    let last = many - 1;
    let due = [0, 1, 63, 64, 127, 128, last - 1, last];
    for waiter in 0..many {
        let deadline = if due.contains(&waiter) { 10 } else { 20 };
        let id = table.insert(call(deadline), waiter).unwrap();
        assert_eq!(id.slot(), waiter);
    }
    let mut woken = Vec::new();
    let now = Tick::from_millis(10);
    table.sweep(now, |_, _, _| (), |waiter| woken.push(waiter));
    assert_eq!(woken, due);
    let rest = table.sweep(Tick::from_millis(20), |_, _, _| (), drop);
    assert_eq!(rest, usize::try_from(many).unwrap() - due.len());
}

#[test]
fn a_deadline_at_the_epoch_or_across_the_wrap_expires_on_time() {
    let table = table(4);
    let wrap = 1 << 32;
    table.insert(call(wrap), 1).unwrap();
    assert_eq!(
        table.sweep(Tick::from_millis(wrap - 1), |_, _, _| "timeout", |_| {}),
        0
    );
    assert_eq!(
        table.sweep(Tick::from_millis(wrap + 1), |_, _, _| "timeout", |_| {}),
        1
    );
}

#[test]
fn limits_are_exact_and_give_the_waiter_back() {
    let table = table(2);
    let first = table.insert(call(10), 1).unwrap();
    table.insert(call(10), 2).unwrap();
    assert_eq!(
        table.insert(call(10), 3),
        Err(Full {
            waiter: 3,
            limit: Limit::Entries
        })
    );
    table.cancel(first);
    let huge = NewCall {
        bytes: 901,
        ..call(10)
    };
    assert_eq!(
        table.insert(huge.clone(), 3),
        Err(Full {
            waiter: 3,
            limit: Limit::Bytes
        })
    );
    assert!(table.insert(NewCall { bytes: 900, ..huge }, 3).is_ok());
    assert_eq!(table.bytes(), 1000);
}

#[test]
fn a_closed_table_takes_nothing_and_is_emptied_by_its_owners() {
    let table = table(4);
    let id = table.insert(call(10), 1).unwrap();
    table.close();
    assert_eq!(
        table.insert(call(10), 2),
        Err(Full {
            waiter: 2,
            limit: Limit::Closed
        })
    );
    let mut woken = Vec::new();
    assert_eq!(
        table.fail_all(|_, _| "shutdown", |waiter| woken.push(waiter)),
        1
    );
    assert_eq!(woken, [1]);
    assert_eq!(table.poll(id), Taken::Done("shutdown"));
    assert_empty(&table);
}

#[test]
fn a_cancel_returns_the_result_that_was_not_taken() {
    let table = table(4);
    let waiting = table.insert(call(10), 1).unwrap();
    let done = table.insert(call(10), 2).unwrap();
    table.handle_reply(done, |_| Step::Finish("reply"));
    assert_eq!(table.cancel(waiting), Some(None));
    assert_eq!(table.cancel(done), Some(Some("reply")));
    assert_eq!(table.cancel(done), None);
    assert_empty(&table);
}

#[test]
fn metadata_is_listed_with_its_call_and_leaves_with_it() {
    let table = table(1);
    let metadata: Metadata = [("user".to_owned(), "ann".to_owned())].into();
    let noted = NewCall {
        metadata: Some(Metadata::clone(&metadata)),
        ..call(10)
    };
    let id = table.insert(noted, 1).unwrap();
    let shown = table.pending(10);
    assert_eq!(
        (shown.len(), shown[0].id, shown[0].route, shown[0].bytes),
        (1, id, 7, 100)
    );
    assert_eq!(shown[0].metadata.as_ref(), Some(&metadata));
    drop(shown);
    table.cancel(id);
    assert_eq!(Metadata::strong_count(&metadata), 1);
    table.insert(call(10), 2).unwrap();
    assert_eq!(table.pending(10)[0].metadata, None);
    assert!(table.pending(0).is_empty());
}

#[test]
fn the_table_grows_over_segments_and_reuses_its_slots() {
    let many = if cfg!(miri) { 10 } else { 10_000 };
    let table: Table<u32, ()> = Table::new(TableConfig {
        instance: INSTANCE,
        max_entries: many,
        max_bytes: 0,
    });
    for round in 0..2 {
        let call = NewCall {
            bytes: 0,
            ..call(10)
        };
        let ids: Vec<_> = (0..many)
            .map(|waiter| table.insert(call.clone(), waiter).unwrap())
            .collect();
        assert_eq!(
            table.insert(call, 0),
            Err(Full {
                waiter: 0,
                limit: Limit::Entries
            }),
            "round {round}"
        );
        for (waiter, id) in (0..many).zip(&ids) {
            assert_eq!(
                table.handle_reply(*id, |_| Step::Finish(())),
                Delivery::Finished(waiter)
            );
            assert_eq!(table.poll(*id), Taken::Done(()));
        }
        assert!(table.is_empty());
    }
}

#[test]
fn a_panicking_closure_leaves_the_call_waiting() {
    let table = table(1);
    let id = table.insert(call(10), 1).unwrap();
    let reply = std::panic::AssertUnwindSafe(|| {
        table.handle_reply(id, |_| panic!("handler of the waiter"))
    });
    assert!(std::panic::catch_unwind(reply).is_err());
    assert_eq!(
        table.handle_reply(id, |_| Step::Finish("reply")),
        Delivery::Finished(1)
    );
}

#[test]
fn a_failed_send_ends_its_own_call_and_no_later_call_of_the_slot() {
    let table = table(1);
    let before = table.insert(call(10), 1).unwrap();
    assert_eq!(table.cancel(before), Some(None));
    let after = table.insert(call(10), 2).unwrap();
    assert_eq!(before.slot(), after.slot());
    assert_eq!(table.fail_token(before.token(), |_| "not sent"), None);
    assert_eq!(table.poll(after), Taken::Waiting);
    assert_eq!(table.fail_token(after.token(), |_| "not sent"), Some(2));
    assert_eq!(table.fail_token(after.token(), |_| "not sent"), None);
    assert_eq!(table.poll(after), Taken::Done("not sent"));
    assert_empty(&table);
}
