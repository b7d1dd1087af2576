use std::collections::HashMap;
use std::time::Duration;

use antiphon_proto::{
    CorrelationId, Delivery, InstanceId, Limit, NewCall, Step, Table, TableConfig, Taken, Tick,
};
use proptest::prelude::*;
use proptest::sample::Index;

const INSTANCE: InstanceId = InstanceId::new(0xa11c_e000_0001);
const MAX_ENTRIES: u32 = 4;
const MAX_BYTES: u64 = 1_000;

#[derive(Clone, Debug)]
enum Op {
    Insert { timeout: u16, bytes: u16, salt: u16 },
    Reply { call: Index, last: bool },
    Finish(Index),
    Poll(Index),
    Cancel(Index),
    Advance(u16),
    FailAll,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let call = any::<Index>;
    prop_oneof![
        40 => (0_u16..50, 0_u16..500, any::<u16>()).prop_map(|(timeout, bytes, salt)| Op::Insert { timeout, bytes, salt }),
        30 => (call(), any::<bool>()).prop_map(|(call, last)| Op::Reply { call, last }),
        8 => call().prop_map(Op::Finish),
        30 => call().prop_map(Op::Poll),
        15 => call().prop_map(Op::Cancel),
        20 => (0_u16..30).prop_map(Op::Advance),
        2 => Just(Op::FailAll),
        1 => Just(Op::Close),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reply,
    Timeout,
    NotSent,
    Shutdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Waiting,
    Done(End),
    /// The call has left the table; `by_reply`: a reply had ended it.
    Gone {
        by_reply: bool,
    },
}

struct Call {
    life: Life,
    deadline: u64,
    bytes: u64,
    woken: u32,
}

/// The table under test, and a list of all calls that were ever in it.
struct Pair {
    table: Table<usize, End>,
    calls: Vec<(CorrelationId, Call)>,
    latest: HashMap<u32, usize>,
    now: u64,
    closed: bool,
}

impl Pair {
    fn new(now: u64) -> Self {
        let config = TableConfig {
            instance: INSTANCE,
            max_entries: MAX_ENTRIES,
            max_bytes: MAX_BYTES,
        };
        Self {
            table: Table::new(config),
            calls: Vec::new(),
            latest: HashMap::new(),
            now,
            closed: false,
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Insert {
                timeout,
                bytes,
                salt,
            } => self.insert(*timeout, *bytes, *salt),
            Op::Reply { call, last } => self.pick(call, |pair, call| pair.reply(call, *last)),
            Op::Finish(call) => self.pick(call, Self::finish),
            Op::Poll(call) => self.pick(call, Self::poll),
            Op::Cancel(call) => self.pick(call, Self::cancel),
            Op::Advance(by) => self.advance(u64::from(*by)),
            Op::FailAll => self.fail_all(),
            Op::Close => {
                self.table.close();
                self.closed = true;
            }
        }
    }

    fn pick(&mut self, call: &Index, f: impl FnOnce(&mut Self, usize)) {
        if !self.calls.is_empty() {
            let call = call.index(self.calls.len());
            f(self, call);
        }
    }

    fn insert(&mut self, timeout: u16, bytes: u16, salt: u16) {
        let deadline = self.now + u64::from(timeout);
        let waiter = self.calls.len();
        let call = NewCall {
            deadline: Tick::from_millis(self.now).after(Duration::from_millis(u64::from(timeout))),
            created: Tick::from_millis(self.now),
            bytes: u32::from(bytes),
            salt,
            ..NewCall::default()
        };
        let bytes = u64::from(bytes);
        let limit = if self.closed {
            Some(Limit::Closed)
        } else if self.held().count() >= usize::try_from(MAX_ENTRIES).unwrap() {
            Some(Limit::Entries)
        } else if self.held_bytes() + bytes > MAX_BYTES {
            Some(Limit::Bytes)
        } else {
            None
        };
        match self.table.insert(call, waiter) {
            Ok(id) => {
                assert_eq!(limit, None);
                assert!(
                    self.calls.iter().all(|(other, _)| *other != id),
                    "an id is never given out twice"
                );
                self.latest.insert(id.slot(), waiter);
                self.calls.push((
                    id,
                    Call {
                        life: Life::Waiting,
                        deadline,
                        bytes,
                        woken: 0,
                    },
                ));
            }
            Err(full) => assert_eq!((Some(full.limit), full.waiter), (limit, waiter)),
        }
    }

    fn reply(&mut self, call: usize, last: bool) {
        let id = self.calls[call].0;
        let mut ran = false;
        let delivery = self.table.handle_reply(id, |waiter| {
            ran = true;
            assert_eq!(
                *waiter, call,
                "a reply reaches only the call that caused it"
            );
            if last {
                Step::Finish(End::Reply)
            } else {
                Step::Keep
            }
        });
        let is_latest = self.latest[&id.slot()] == call;
        let expected = match self.calls[call].1.life {
            Life::Waiting if last => Delivery::Finished(call),
            Life::Waiting => Delivery::Kept,
            Life::Done(End::Reply) => Delivery::Duplicate,
            Life::Gone { by_reply: true } if is_latest => Delivery::Duplicate,
            Life::Done(_) | Life::Gone { .. } => Delivery::Late,
        };
        assert_eq!(delivery, expected);
        assert_eq!(
            ran,
            matches!(expected, Delivery::Finished(_) | Delivery::Kept)
        );
        if let Delivery::Finished(waiter) = delivery {
            self.ended(waiter, End::Reply);
        }
    }

    fn finish(&mut self, call: usize) {
        let (id, Call { life, .. }) = &self.calls[call];
        let waiter = self.table.finish(*id, End::NotSent);
        assert_eq!(waiter, (*life == Life::Waiting).then_some(call));
        if let Some(waiter) = waiter {
            self.ended(waiter, End::NotSent);
        }
    }

    fn poll(&mut self, call: usize) {
        let (id, Call { life, .. }) = &mut self.calls[call];
        let expected = match *life {
            Life::Waiting => Taken::Waiting,
            Life::Done(end) => Taken::Done(end),
            Life::Gone { .. } => Taken::Gone,
        };
        assert_eq!(self.table.poll(*id), expected);
        if let Life::Done(end) = *life {
            *life = Life::Gone {
                by_reply: end == End::Reply,
            };
        }
    }

    fn cancel(&mut self, call: usize) {
        let (id, Call { life, .. }) = &mut self.calls[call];
        let (expected, by_reply) = match *life {
            Life::Waiting => (Some(None), false),
            Life::Done(end) => (Some(Some(end)), end == End::Reply),
            Life::Gone { by_reply } => (None, by_reply),
        };
        assert_eq!(self.table.cancel(*id), expected);
        *life = Life::Gone { by_reply };
    }

    fn advance(&mut self, by: u64) {
        self.now += by;
        let mut woken = Vec::new();
        let now = Tick::from_millis(self.now);
        let count = self
            .table
            .sweep(now, |_, _, _| End::Timeout, |waiter| woken.push(waiter));
        assert_eq!(count, woken.len());
        for waiter in woken {
            assert!(
                self.calls[waiter].1.deadline <= self.now,
                "a call never ends early"
            );
            self.ended(waiter, End::Timeout);
        }
        // A deadline equal to the idle value of the column may expire a millisecond late.
        let overdue = |call: &Call| call.life == Life::Waiting && call.deadline + 1 < self.now;
        assert!(
            !self.calls.iter().any(|(_, call)| overdue(call)),
            "a due call ends in the sweep"
        );
    }

    fn fail_all(&mut self) {
        let mut woken = Vec::new();
        self.table
            .fail_all(|_, _| End::Shutdown, |waiter| woken.push(waiter));
        for waiter in woken {
            self.ended(waiter, End::Shutdown);
        }
        assert!(
            !self
                .calls
                .iter()
                .any(|(_, call)| call.life == Life::Waiting)
        );
    }

    fn ended(&mut self, call: usize, end: End) {
        let call = &mut self.calls[call].1;
        assert_eq!(call.life, Life::Waiting, "a call ends once");
        call.life = Life::Done(end);
        call.woken += 1;
    }

    fn held(&self) -> impl Iterator<Item = &Call> {
        self.calls
            .iter()
            .map(|(_, call)| call)
            .filter(|call| !matches!(call.life, Life::Gone { .. }))
    }

    fn held_bytes(&self) -> u64 {
        self.held().map(|call| call.bytes).sum()
    }

    fn check(&self) {
        assert_eq!(self.table.len(), self.held().count());
        assert_eq!(self.table.bytes(), self.held_bytes());
        let waiting = self
            .held()
            .filter(|call| call.life == Life::Waiting)
            .count();
        assert_eq!(self.table.pending(usize::MAX).len(), waiting);
        assert!(self.calls.iter().all(|(_, call)| call.woken <= 1));
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn every_call_ends_once_never_early_and_leaves_nothing(
        start in prop_oneof![Just(0_u64), (u64::from(u32::MAX) - 200)..u64::from(u32::MAX), any::<u32>().prop_map(u64::from)],
        ops in prop::collection::vec(op(), 0..150),
    ) {
        let mut pair = Pair::new(start);
        for op in &ops {
            pair.apply(op);
            pair.check();
        }
        pair.fail_all();
        for call in 0..pair.calls.len() {
            pair.poll(call);
        }
        pair.check();
        prop_assert!(pair.table.is_empty());
        prop_assert_eq!(pair.table.bytes(), 0);
    }

    #[test]
    fn invented_ids_never_reach_a_call(
        salts in prop::collection::vec(any::<u16>(), 1..4),
        forged in prop::collection::vec((any::<u16>(), prop_oneof![0_u32..3, any::<u32>()], 0_u32..6), 0..50),
        random: [u8; 16],
    ) {
        let mut pair = Pair::new(0);
        for salt in salts {
            pair.insert(10, 0, salt);
        }
        let ids = forged.into_iter().map(|(salt, generation, slot)| CorrelationId::compose(INSTANCE, salt, generation, slot));
        for id in ids.chain([CorrelationId::from_bytes(random)]) {
            if pair.calls.iter().all(|(issued, _)| *issued != id) {
                let delivery = pair.table.handle_reply(id, |_| Step::Finish(End::Reply));
                prop_assert!(matches!(delivery, Delivery::Unknown | Delivery::Foreign | Delivery::Late));
                prop_assert_eq!(pair.table.poll(id), Taken::Gone);
                prop_assert_eq!(pair.table.cancel(id), None);
                prop_assert_eq!(pair.table.finish(id, End::NotSent), None);
            }
        }
        pair.check();
    }
}
