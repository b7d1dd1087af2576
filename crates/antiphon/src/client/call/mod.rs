//! One request for one reply: admission, then the call in flight.
//!
//! The future is written by hand to be small: each call in flight is a task of its own, whose memory
//! is cold when its turn comes.

mod admission;
mod in_flight;
mod permit;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::future::BoxFuture;

use self::admission::{admit_at_once, admit_later};
pub(crate) use self::{
    admission::{Admitted, admit},
    in_flight::InFlight,
};
use super::{inner::Inner, reply::Reply, request::RequestParts, table::Waiter};
use crate::error::RequestError;

/// Dropping it frees the call's slot and its room under the limits.
pub(crate) struct Call(Stage);

enum Stage {
    New(Arc<Inner>, Box<RequestParts>),
    /// Boxed: few calls have to wait to be admitted.
    Waiting(BoxFuture<'static, Result<Admitted, RequestError>>),
    Live(InFlight),
    Ended,
}

impl Call {
    pub(crate) fn new(client: Arc<Inner>, parts: Box<RequestParts>) -> Self {
        Self(Stage::New(client, parts))
    }

    /// One step towards a live call.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        let admitted = match std::mem::replace(&mut self.0, Stage::Ended) {
            Stage::New(client, parts) => match admit_at_once(client, parts) {
                Ok(admitted) => admitted,
                Err((client, parts)) => {
                    self.0 = Stage::Waiting(Box::pin(admit_later(client, parts)));
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
        let waiter = Waiter::Single(cx.waker().clone());
        // Sent as soon as it was admitted, so the clock is not read a second time.
        let now = admitted.at;
        self.0 = Stage::Live(InFlight::start(admitted, waiter, now)?);
        Poll::Ready(Ok(()))
    }
}

impl Future for Call {
    type Output = Result<Reply, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Stage::Live(call) = &mut self.0 {
                let reply = ready!(call.poll_single(cx));
                self.0 = Stage::Ended;
                return Poll::Ready(reply);
            }
            ready!(self.advance(cx))?;
        }
    }
}
