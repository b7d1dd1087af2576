//! What the thread and the task have in common: one batch, the faults, the tick, and the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use antiphon_kafka::{Batch, Consumer, Error, ErrorKind, Message};

use super::{Feed, Handing};
use crate::transport::{
    Headers, Record, RecordSink, TransportError, TransportErrorKind, kafka::errors::translate,
};

/// How many errors may wait for the core to look at them; further ones repeat what these say.
const FAULTS: usize = 64;

/// How long the group of a reader that ended by itself is given to let its consumer go.
const FAREWELL: Duration = Duration::from_secs(5);

/// How far the reader has come, for the one that looks after the partition.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The next offset; means something for a consumer of one partition only.
    pub(crate) position: AtomicI64,
    /// A topic or partition is said to be missing. That may pass, so it is no fault yet.
    pub(crate) doubt: AtomicBool,
}

/// What the other threads of a consumer have to say to the one that feeds the core.
#[derive(Clone, Debug)]
pub(crate) struct Faults(SyncSender<TransportError>);

impl Faults {
    pub(crate) fn channel() -> (Self, Receiver<TransportError>) {
        let (sender, receiver) = sync_channel(FAULTS);
        (Self(sender), receiver)
    }

    pub(crate) fn tell(&self, error: TransportError) {
        // Full: the core has enough to read. Gone: nobody reads any more.
        let _ = self.0.try_send(error);
    }
}

/// Takes records out of a consumer and hands them to the core.
///
/// One that is dropped before it was stopped has panicked, or its runtime is gone. Nobody would
/// read what comes from then on, so it says that the subscription is lost, and closes the consumer.
pub(crate) struct Reader {
    consumer: Consumer,
    sink: Box<dyn RecordSink>,
    faults: Receiver<TransportError>,
    progress: Arc<Progress>,
    stop: Arc<AtomicBool>,
}

impl Reader {
    pub(crate) fn new(
        consumer: &Consumer,
        sink: Box<dyn RecordSink>,
        faults: Receiver<TransportError>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            consumer: consumer.clone(),
            sink,
            faults,
            progress,
            stop: Arc::default(),
        }
    }

    /// Makes what the core holds, to stop it by.
    pub(super) fn feed(&self) -> impl FnOnce(Handing) -> Feed + use<> {
        let (consumer, stop) = (self.consumer.clone(), Arc::clone(&self.stop));
        |handing| Feed {
            consumer,
            handing,
            stop,
        }
    }

    pub(super) fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire) || self.consumer.is_closed()
    }

    pub(super) fn demand(&mut self) -> usize {
        self.sink.demand()
    }

    /// Hands over what is there, up to `room` records; waits for one if there is none. Returns
    /// whether that was all.
    pub(super) fn read(&mut self, batch: &mut Batch, room: usize, wait: Duration) -> bool {
        let filled = self.consumer.fill(batch, room, wait);
        self.hand_over(batch);
        batch.clear();
        filled < room
    }

    /// Between batches. Returns when it has to be called again at the latest.
    pub(super) fn tick(&mut self, caught_up: bool) -> Duration {
        while let Ok(error) = self.faults.try_recv() {
            self.sink.fault(error);
        }
        self.sink.tick(caught_up)
    }

    fn hand_over(&mut self, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
        let mut errors: Vec<Error> = Vec::new();
        let mut messages: Vec<View<'_>> = Vec::with_capacity(batch.len());
        for item in batch.iter() {
            match item {
                Ok(message) => messages.push(View::after(messages.last(), message)),
                Err(error) => errors.push(error),
            }
        }
        if let Some(last) = messages.last() {
            let next = last.message.offset() + 1;
            self.progress.position.store(next, Ordering::Release);
        }
        self.sink.records(&mut messages.iter().map(View::record));
        for error in &errors {
            if is_doubtful(error) {
                self.progress.doubt.store(true, Ordering::Release);
            } else {
                self.sink.fault(translate(error));
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.is_stopped() {
            return;
        }
        let why = if thread::panicking() {
            "a panic ended the reading of records"
        } else {
            "the tokio runtime that read the records has been shut down; connect again on another"
        };
        self.sink
            .fault(TransportError::new(TransportErrorKind::Fatal, why));
        drop(self.consumer.clone().close(FAREWELL));
    }
}

/// A broker that has just started may not know its topics yet.
pub(crate) fn is_doubtful(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnknownTopic | ErrorKind::UnknownPartition
    )
}

/// A record with its headers still unread.
struct View<'a> {
    message: Message<'a>,
    topic: &'a str,
}

impl<'a> View<'a> {
    /// Most records are of the topic of the one before, whose name has been read.
    fn after(last: Option<&Self>, message: Message<'a>) -> Self {
        let topic = match last {
            Some(last) if last.message.shares_topic(&message) => last.topic,
            _ => message.topic(),
        };
        Self { message, topic }
    }

    fn record(&self) -> Record<'_> {
        let message = &self.message;
        Record {
            topic: self.topic,
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp(),
            key: message.key(),
            value: message.payload(),
            headers: self,
        }
    }
}

impl Headers for View<'_> {
    fn for_each<'h>(&'h self, f: &mut dyn FnMut(&'h [u8], Option<&'h [u8]>) -> bool) {
        for (name, value) in self.message.headers().iter() {
            if !f(name, value) {
                return;
            }
        }
    }
}
