//! The request that is sent again and again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use antiphon::{Client, Executed, RequestBuilder, RequestError, RequestErrorKind};
use antiphon_load::{Call, Failed, Then, Turn};
use bytes::Bytes;

use super::{super::requester, outcome::Kind};
use crate::args::BenchArgs;

pub(super) struct Sending {
    request: RequestBuilder,
    keys: Option<u64>,
    hopeless: Hopeless,
}

/// The first error that every further request would end with; it ends the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Hopeless(Arc<Mutex<Option<RequestError>>>);

impl Hopeless {
    fn set(&self, error: RequestError) {
        self.lock().get_or_insert(error);
    }

    pub(super) fn take(&self) -> Option<RequestError> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<RequestError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call for Sending {
    type Kind = Kind;

    async fn call(&self, turn: Turn) -> Result<(), Failed<Kind>> {
        let mut request = self.request.clone();
        if let Some(keys) = self.keys {
            request = request.key((turn.number % keys).to_string());
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }
}

impl Sending {
    pub(super) fn new(
        client: &Client,
        args: &BenchArgs,
        value: &Bytes,
        hopeless: &Hopeless,
    ) -> Self {
        let request = client.request(&args.topic).value(value.clone());
        Self {
            request: requester::with_options!(request, args.call.clone()),
            keys: args.keys,
            hopeless: hopeless.clone(),
        }
    }

    fn failed(&self, error: RequestError) -> Failed<Kind> {
        let kind = Kind::of(error.kind().as_str(), error.executed());
        let then = match error.executed() {
            _ if is_hopeless(error.kind()) => {
                self.hopeless.set(error);
                Then::Stop
            }
            // It may have failed at once.
            Executed::No => Then::Pause,
            Executed::Maybe | Executed::Yes => Then::Continue,
        };
        Failed { kind, then }
    }
}

/// Whether every further request would end in the same way, and at once.
fn is_hopeless(kind: RequestErrorKind) -> bool {
    matches!(
        kind,
        RequestErrorKind::Invalid
            | RequestErrorKind::TooLarge
            | RequestErrorKind::UnknownTopic
            | RequestErrorKind::NotAuthorized
            | RequestErrorKind::Closed
    )
}
