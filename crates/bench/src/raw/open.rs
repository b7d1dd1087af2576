use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use antiphon_load::Pace;

use super::{
    Wire,
    client::{Message, Queue, Result, buffer},
    format::Format,
    requester::Requests,
};
use crate::{
    load::Load,
    parent::ready_to_request,
    result::{Run, Window, histogram, nanos},
};

/// Sends when a request is due, on a thread of its own; latency counts from then.
pub(super) fn open(load: &Load, wire: Wire, rate: f64) -> Result<Run> {
    let (requests, replies) = Requests::new(load, wire)?;
    ready_to_request(load)?;
    let due = Arc::new(Due::new(load.in_flight));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let named = thread::Builder::new().name("bench-pace".into());
        let (sent, stop) = (Arc::clone(&due), &stop);
        let sender = named
            .spawn_scoped(scope, move || send(requests, &sent, rate, stop))
            .map_err(|error| error.to_string())?;
        let run = receive(load, &Format::new(load, wire), &replies, &due);
        stop.store(true, Ordering::Relaxed);
        let sent = sender
            .join()
            .unwrap_or_else(|_| Err("the sending thread panicked".into()));
        run.and_then(|run| sent.map(|()| run))
    })
}

fn send(mut requests: Requests, due: &Due, rate: f64, stop: &AtomicBool) -> Result<()> {
    let mut pace = Pace::new(rate);
    for number in 0.. {
        let Some(at) = pace.wait() else { break };
        let slot = number % due.slots();
        while !due.claim(slot, at) {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            thread::sleep(Duration::from_micros(50));
        }
        requests.send(slot)?;
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

fn receive(load: &Load, format: &Format, replies: &Queue, due: &Due) -> Result<Run> {
    let mut buffer = buffer();
    let warm = Instant::now() + load.warmup;
    let take = |reply: &Message| -> Result<Option<u64>> {
        let slot = format.slot(reply)?.filter(|slot| *slot < due.slots());
        Ok(slot.and_then(|slot| due.take(slot)))
    };
    while Instant::now() < warm {
        replies.drain(&mut buffer, 100, |reply| take(&reply).map(drop))?;
    }
    let mut latencies = histogram();
    let window = Window::open()?;
    while window.elapsed() < load.duration {
        replies.drain(&mut buffer, 100, |reply| {
            if let Some(took) = take(&reply)? {
                latencies.saturating_record(took);
            }
            Ok(())
        })?;
    }
    Ok(Run::new(&latencies, 0, window.close()?))
}

/// When the request of each slot was due, in nanoseconds from a common start; 0 where none is under way.
struct Due {
    start: Instant,
    slots: Vec<AtomicU64>,
}

impl Due {
    fn new(slots: usize) -> Self {
        Self {
            start: Instant::now(),
            slots: (0..slots.max(1)).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether the slot was free.
    fn claim(&self, slot: usize, at: Instant) -> bool {
        let at = nanos(at.saturating_duration_since(self.start)).max(1);
        self.slots[slot]
            .compare_exchange(0, at, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Frees a slot; how long it took since it was due.
    fn take(&self, slot: usize) -> Option<u64> {
        let at = self.slots[slot].swap(0, Ordering::AcqRel);
        (at > 0).then(|| nanos(self.start.elapsed()).saturating_sub(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_given_once_until_it_is_taken_back() {
        let due = Due::new(2);
        assert!(due.claim(1, Instant::now()));
        assert!(!due.claim(1, Instant::now()));
        assert!(due.take(1).is_some());
        assert_eq!(due.take(1), None);
        assert!(due.claim(1, Instant::now()));
    }
}
