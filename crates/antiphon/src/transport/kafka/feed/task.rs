//! Records are handed over by a task, which librdkafka wakes when some have come.
//!
//! Whom the task wakes then runs on the same worker, with what was written still in its cache: a
//! thread of our own would have to go through the queue that all workers share, and switch once
//! more.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_kafka::Batch;
use futures::task::AtomicWaker;
use tokio::{
    runtime::Handle,
    time::{Instant, Sleep, sleep},
};

use super::{Feed, Handing, Reader};
use crate::transport::{TransportError, kafka::errors::translate};

/// Most records of one batch: those who were woken for it run before the next, and on this worker,
/// so they should find what they were woken for in its cache.
const BATCH: usize = 128;

/// Far enough in the future for a timer that has nothing to do.
const LONGEST: Duration = Duration::from_secs(3600);

pub(crate) fn start(runtime: &Handle, reader: Reader) -> Result<Feed, TransportError> {
    let waker = Arc::new(AtomicWaker::new());
    let ring = Arc::clone(&waker);
    reader
        .consumer()
        .on_records(move || ring.wake())
        .map_err(|error| translate(&error))?;
    let feed = reader.feed()(Handing::Task(Arc::clone(&waker)));
    // A runtime that is gone drops the reader here, and the sink learns of it.
    drop(runtime.spawn(run(reader, waker)));
    Ok(feed)
}

async fn run(mut reader: Reader, waker: Arc<AtomicWaker>) {
    let mut batch = Batch::with_capacity(BATCH);
    let mut timer = Timer::new(reader.tick(true));
    poll_fn(|cx| {
        // Before the looks: whoever comes after them is heard.
        waker.register(cx.waker());
        if reader.is_stopped() {
            return Poll::Ready(());
        }
        step(&mut reader, &mut batch, &mut timer, cx);
        Poll::Pending
    })
    .await;
}

/// librdkafka rings only when an empty queue gets something. So a look that did not find the end
/// is followed by another; the task goes behind those that it has just woken.
fn step(reader: &mut Reader, batch: &mut Batch, timer: &mut Timer, cx: &mut Context<'_>) {
    let room = reader.demand().min(BATCH);
    let caught_up = room == 0 || reader.read(batch, room, Duration::ZERO);
    let wait = reader.tick(caught_up);
    if caught_up {
        timer.arm(wait, cx);
    } else {
        cx.waker().wake_by_ref();
    }
}

/// Wakes the task in time for the next tick.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// What it was set to.
    wait: Duration,
}

impl Timer {
    fn new(wait: Duration) -> Self {
        let wait = wait.min(LONGEST);
        Self {
            sleep: Box::pin(sleep(wait)),
            wait,
        }
    }

    /// To set it for each batch would cost more than the batch; so it may go off too early.
    fn arm(&mut self, wait: Duration, cx: &mut Context<'_>) {
        if wait < self.wait {
            self.set(wait);
        }
        if self.sleep.as_mut().poll(cx).is_ready() {
            self.set(wait);
            if self.sleep.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
    }

    fn set(&mut self, wait: Duration) {
        self.wait = wait.min(LONGEST);
        self.sleep.as_mut().reset(Instant::now() + self.wait);
    }
}
