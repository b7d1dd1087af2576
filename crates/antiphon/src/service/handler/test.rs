//! Contexts for unit tests of handlers.

use std::{sync::Arc, time::Duration};

use antiphon_proto::ReplyMode;
use bytes::Bytes;
use tokio::runtime::Handle;

use super::message::{Context, Inbound};
use crate::{
    service::{
        env::ServiceEnv,
        mode::Completion,
        request::{RequestMeta, WireId},
    },
    transport::{Clock as _, HeaderPairs, SystemClock, TopicPartition},
};

/// Describes the request of a [`Context`] in a unit test. Made by [`Context::test`].
///
/// ```
/// use antiphon::{Context, Status};
///
/// async fn greet(cx: Context) -> Result<String, Status> {
///     let tenant = cx.header("tenant").ok_or_else(|| Status::unauthenticated("who asks?"))?;
///     Ok(format!("hello, {}", String::from_utf8_lossy(tenant)))
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let cx = Context::test().header("tenant", "acme").build();
/// assert_eq!(greet(cx).await.unwrap(), "hello, acme");
/// assert!(greet(Context::test().build()).await.is_err());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it describes a context until `build`"]
pub struct TestContext {
    topic: Arc<str>,
    key: Option<Bytes>,
    headers: HeaderPairs,
    requester: Option<Arc<str>>,
    operation: Option<Arc<str>>,
    remaining: Option<Duration>,
    attempt: u32,
}

impl Context {
    /// Describes a context for a unit test of a handler: of a request on the topic `test`, with
    /// nothing else set.
    pub fn test() -> TestContext {
        TestContext {
            topic: "test".into(),
            key: None,
            headers: HeaderPairs::new(),
            requester: None,
            operation: None,
            remaining: None,
            attempt: 1,
        }
    }
}

impl TestContext {
    /// The request topic. Default `test`.
    pub fn topic(mut self, topic: impl Into<Arc<str>>) -> Self {
        self.topic = topic.into();
        self
    }

    /// The record's key.
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds an application header.
    pub fn header(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// The requester, as `<client group>/<instance>/<incarnation>`.
    pub fn requester(mut self, requester: impl Into<Arc<str>>) -> Self {
        self.requester = Some(requester.into());
        self
    }

    /// The operation that the request names.
    pub fn operation(mut self, operation: impl Into<Arc<str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// How long the requester waits, from now on.
    pub fn deadline(mut self, remaining: Duration) -> Self {
        self.remaining = Some(remaining);
        self
    }

    /// Which attempt of the requester this is. Default 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// The context. Needs a tokio runtime, as handlers do.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn build(self) -> Context {
        let clock = Arc::new(SystemClock::default());
        let deadline = self.remaining.map(|left| clock.elapsed() + left);
        let env = Arc::new(ServiceEnv::new(clock, Handle::current(), "test"));
        Context::new(Arc::new(RequestMeta {
            completion: Completion::alone(
                TopicPartition {
                    topic: self.topic,
                    partition: 0,
                },
                &env,
            ),
            offset: 0,
            correlation_id: WireId::from_slice(b"test"),
            reply: None,
            mode: ReplyMode::Single,
            key: self.key,
            headers: self.headers,
            requester: self.requester,
            operation: self.operation,
            attempt: self.attempt,
            deadline,
            trace: None,
        }))
    }

    /// A whole request, for handlers that take an [`Inbound`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn inbound(self, value: impl Into<Bytes>) -> Inbound {
        Inbound {
            context: self.build(),
            value: value.into(),
        }
    }
}
