//! Calls of librdkafka that wait for a broker.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_kafka::{Admin, ErrorKind, NewTopic, Producer, auto_create};
use futures::future::BoxFuture;
use tokio::sync::{Semaphore, oneshot};

use super::{
    errors::{thread_failed, translate},
    settings::Settings,
};
use crate::transport::{TopicSpec, TransportError, TransportErrorKind};

/// Runs blocking calls, each on a thread of its own, a few at a time: a runtime's worker must not
/// wait for a broker.
#[derive(Clone, Debug)]
pub(super) struct Blocking(Arc<Semaphore>);

const AT_ONCE: usize = 8;

impl Default for Blocking {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Blocking {
    pub(super) fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, TransportError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, TransportError>> {
        let places = Arc::clone(&self.0);
        let gone = || TransportError::new(TransportErrorKind::Closed, "the call was given up");
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(|_| gone())?;
            let (done, result) = oneshot::channel();
            let work = move || {
                let _place = place;
                // Nobody listens when the caller has gone.
                let _ = done.send(call());
            };
            std::thread::Builder::new()
                .name("antiphon-call".into())
                .spawn(work)
                .map_err(|error| thread_failed("call", &error))?;
            result.await.map_err(|_| gone())?
        })
    }
}

/// How often a topic that has just been created is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Creates a topic unless it exists, and waits until its partitions can be seen.
pub(super) fn create(
    settings: &Settings,
    producer: &Producer,
    topic: &TopicSpec,
    timeout: Duration,
) -> Result<u32, TransportError> {
    let until = Instant::now() + timeout;
    if settings.is_embedded() {
        // It has no request to create a topic by; asking for one with permission makes it.
        return auto_create(&settings.admin(), &topic.name, timeout)
            .map_err(|error| translate(&error));
    }
    let new = NewTopic {
        name: topic.name.clone(),
        partitions: i32::try_from(topic.partitions).unwrap_or(i32::MAX),
        replication: topic
            .replication
            .map_or(-1, |n| i32::try_from(n).unwrap_or(i32::MAX)),
        configs: topic.configs.clone(),
    };
    let created = Admin::new(&settings.admin()).and_then(|admin| admin.create_topic(&new, timeout));
    match created {
        Err(error) if error.kind() != ErrorKind::TopicExists => return Err(translate(&error)),
        _ => {}
    }
    loop {
        let seen = producer.partitions(&topic.name, timeout);
        if let Some(partitions) = seen.map_err(|error| translate(&error))? {
            return Ok(partitions);
        }
        if Instant::now() >= until {
            let message = "the topic was created and can not be seen yet";
            let error = TransportError::new(TransportErrorKind::TimedOut, message);
            return Err(error.at(topic.name.as_str(), None));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
