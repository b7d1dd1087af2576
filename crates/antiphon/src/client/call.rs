//! One request for one reply. A future by hand: each call in flight is a task of its own, whose
//! memory has come from afar when its turn comes, so it pays to be small.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::future::BoxFuture;

use super::{
    core::{Admitted, admit_at_once, admit_later},
    draft::Draft,
    entry::Entry,
    hold::Hold,
    reply::Reply,
    waiter::Waiter,
};
use crate::error::RequestError;

/// Dropping it frees the call's slot and its place under the limits.
pub(crate) struct Call<'h, H: Hold + 'h>(Stage<'h, H>);

enum Stage<'h, H: Hold> {
    New(H, Box<Draft>),
    /// Boxed: what has to wait to be admitted is rare.
    Waiting(BoxFuture<'h, Result<Admitted<H>, RequestError>>),
    Live(Entry<H>),
    Ended,
}

impl<'h, H: Hold + 'h> Call<'h, H> {
    pub(crate) fn new(hold: H, draft: Box<Draft>) -> Self {
        Self(Stage::New(hold, draft))
    }

    /// One step towards a live call.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        let admitted = match std::mem::replace(&mut self.0, Stage::Ended) {
            Stage::New(hold, draft) => match admit_at_once(&hold, draft) {
                Ok(admitted) => admitted,
                Err(draft) => {
                    self.0 = Stage::Waiting(Box::pin(admit_later(hold, draft)));
                    return Poll::Ready(Ok(()));
                }
            },
            Stage::Waiting(mut admission) => match admission.as_mut().poll(cx) {
                Poll::Ready(admitted) => admitted?,
                Poll::Pending => {
                    self.0 = Stage::Waiting(admission);
                    return Poll::Pending;
                }
            },
            live @ Stage::Live(_) => {
                self.0 = live;
                return Poll::Ready(Ok(()));
            }
            Stage::Ended => return Poll::Pending,
        };
        let waiter = Waiter::One(cx.waker().clone());
        // Sent as soon as it was admitted, so no second look at the clock is needed.
        let now = admitted.at;
        self.0 = Stage::Live(Entry::start(admitted, waiter, now)?);
        Poll::Ready(Ok(()))
    }
}

impl<'h, H: Hold + Unpin + 'h> Future for Call<'h, H>
where
    H::Target: Unpin,
{
    type Output = Result<Reply, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Stage::Live(entry) = &mut self.0 {
                let reply = ready!(entry.poll_single(cx));
                self.0 = Stage::Ended;
                return Poll::Ready(reply);
            }
            ready!(self.advance(cx))?;
        }
    }
}
