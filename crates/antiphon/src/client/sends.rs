//! Failures of sends, as the brokers or librdkafka report them.

use std::sync::Arc;

use antiphon_proto::mutant;

use super::{core::Calls, waiter::Failure};
use crate::transport::{Delivery, DeliverySink, TransportError};

/// Ends the calls whose request was not, or perhaps not, stored. Successes are not reported: the
/// reply tells them.
pub(crate) struct Sends {
    pub(crate) calls: Arc<Calls>,
}

impl DeliverySink for Sends {
    fn wants_success(&self) -> bool {
        false
    }

    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>) {
        for Delivery { token, result } in batch {
            let Err(failure) = result else { continue };
            // A call that has ended meanwhile has given its slot up; the token then finds nothing.
            let woken = self.calls.fail_token(token, |waiter| {
                waiter.fail(Failure::SendFailed {
                    possibly_persisted: failure.possibly_persisted
                        && !mutant!("no_on_possibly_persisted"),
                    error: failure.error,
                })
            });
            if let Some(waiter) = woken {
                waiter.wake();
            }
        }
    }

    fn fault(&self, error: TransportError) {
        tracing::debug!(%error, "request producer");
    }
}
