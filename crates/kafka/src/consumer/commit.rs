//! Committing offsets.

use std::ptr;
use std::time::Duration;

use crate::consumer::Consumer;
use crate::consumer::events::ConsumerEvents;
use crate::consumer::partitions;
use crate::consumer::partitions::{Element, List};
use crate::event::Event;
use crate::event::queue::PrivateQueue;
use crate::ffi::sys;
use crate::{Error, ErrorKind};

const WHAT: &str = "committing offsets";

impl Consumer {
    /// Commits the offset of the *next* record of each partition; blocks up to `deadline`.
    ///
    /// It may be called in [`revoked`](ConsumerEvents::revoked). Committing nothing is fine.
    ///
    /// # Errors
    ///
    /// The first partition that failed; others may have succeeded.
    /// [`TimedOut`](ErrorKind::TimedOut): the commit may still come through later.
    /// [`StaleMember`](ErrorKind::StaleMember): the partitions are no longer ours.
    pub fn commit<S: AsRef<str>>(
        &self,
        offsets: &[(S, i32, i64)],
        deadline: Duration,
    ) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let inside = self.enter(WHAT)?;
        let list = List::of_offsets(WHAT, offsets)?;
        let answers = PrivateQueue::new(&inside)?;
        // SAFETY: the client and the queue are alive; librdkafka copies the list and keeps the
        // queue from what is in flight. Without a callback the answer is an event of the queue.
        Error::check(WHAT, unsafe {
            let (list, queue) = (list.as_ptr(), answers.as_ptr());
            sys::rd_kafka_commit_queue(inside.rk(), list, queue, None, ptr::null_mut())
        })?;
        let answer = answers
            .poll(deadline)
            .ok_or_else(|| Error::timed_out(WHAT))?;
        let (_, failed) = outcome(&answer);
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    /// Begins a commit like [`commit`](Self::commit) and does not block; the result comes as
    /// [`committed`](ConsumerEvents::committed).
    ///
    /// # Errors
    ///
    /// A name is not valid or the consumer is closed.
    pub fn commit_async<S: AsRef<str>>(&self, offsets: &[(S, i32, i64)]) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let inside = self.enter(WHAT)?;
        let list = List::of_offsets(WHAT, offsets)?;
        // SAFETY: as in `commit`, with the queue that `poll_events` serves.
        Error::check(WHAT, unsafe {
            let (list, queue) = (list.as_ptr(), self.core().events.as_ptr());
            sys::rd_kafka_commit_queue(inside.rk(), list, queue, None, ptr::null_mut())
        })
    }
}

/// Tells the handler how a commit ended.
pub(crate) fn tell(event: &Event<'_>, handler: &mut dyn ConsumerEvents) {
    let (done, failed) = outcome(event);
    if !done.is_empty() {
        handler.committed(Ok(&done));
    }
    for error in failed {
        handler.committed(Err(error));
    }
}

/// What was committed, and what was not.
fn outcome(event: &Event<'_>) -> (Vec<(String, i32, i64)>, Vec<Error>) {
    // SAFETY: the list is a part of the event, which is borrowed.
    let elements = unsafe { partitions::read(event.partitions()) };
    let whole = Error::check(WHAT, event.code()).err().filter(is_failure);
    let mut done = Vec::new();
    let mut failed = Vec::new();
    for element in elements {
        match element.check(WHAT) {
            Err(error) if is_failure(&error) => failed.push(error),
            _ if whole.is_some() => {}
            _ => done.push(committed(element)),
        }
    }
    if failed.is_empty() {
        failed.extend(whole);
    }
    (done, failed)
}

fn committed(element: Element) -> (String, i32, i64) {
    (element.topic, element.partition, element.offset)
}

/// "Nothing to commit" is none: the offset is committed already.
fn is_failure(error: &Error) -> bool {
    error.kind() != ErrorKind::NoOffset
}
