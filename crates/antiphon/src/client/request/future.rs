//! The future of one call.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tracing::{Instrument, instrument::Instrumented};

use super::{
    super::{call::Call, inner::Inner, reply::Reply},
    parts::RequestParts,
};
use crate::{
    error::RequestError,
    telemetry::{propagation, trace},
};

/// The future of one call: it resolves to the reply, or to an error by the deadline.
///
/// # Cancel safety
/// Dropping it frees the call's slot and its room under the limits. A request that is out already
/// may still be executed; its reply is then counted as late.
#[must_use = "a call does nothing until it is polled"]
pub struct RequestFuture(Kind);

enum Kind {
    Plain(Call),
    /// Boxed: a span would make every call's future larger, watched or not.
    Traced(Pin<Box<Instrumented<Call>>>),
}

impl RequestFuture {
    pub(in super::super) fn new(client: Arc<Inner>, parts: Box<RequestParts>) -> Self {
        Self::of("send", client, parts)
    }

    /// With the operation that its span names.
    pub(super) fn of(
        operation: &'static str,
        client: Arc<Inner>,
        parts: Box<RequestParts>,
    ) -> Self {
        if !trace::is_on() {
            return Self(Kind::Plain(Call::new(client, parts)));
        }
        let span = trace::request(operation, parts.topic(&client.topics), &client.requester);
        let call = Call::new(client, parts).instrument(span);
        Self(Kind::Traced(Box::pin(call)))
    }
}

impl Future for RequestFuture {
    type Output = Result<Reply, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Kind::Plain(call) => Pin::new(call).poll(cx),
            Kind::Traced(call) => {
                let outcome = call.as_mut().poll(cx);
                if let Poll::Ready(Ok(reply)) = &outcome
                    && let Some(traceparent) = reply.traceparent()
                {
                    propagation::replied(call.span(), traceparent);
                }
                outcome
            }
        }
    }
}

impl fmt::Debug for RequestFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestFuture")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call in flight is a task whose memory is cold when its turn comes.
    #[test]
    fn a_call_in_flight_stays_small() {
        let size = size_of::<RequestFuture>();
        assert!(size <= 128, "{size} bytes");
    }
}
