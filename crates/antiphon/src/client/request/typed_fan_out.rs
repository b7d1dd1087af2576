//! Scatters and gathers of values.

use std::{
    fmt,
    future::IntoFuture,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{FutureExt as _, Stream, StreamExt as _, future::BoxFuture};

use super::{
    super::gather::{GatherError, GatherReply, GatherStream, Gathered, Missing},
    Gather, Scatter, TypedReply,
    fan_out::{Wanted, wanted_setters},
    parts::RequestParts,
    setters,
    typed::decode,
};
use crate::{
    codec::{Coded, Decode, Encoded},
    error::RequestError,
};

/// A [`Scatter`] or [`Gather`] whose question is a value, and whose replies are `T`s.
///
/// A reply that does not decode is an error of its responder, and does not count towards the
/// minimum.
///
/// ```
/// use antiphon::{Client, GatherError, TypedReply};
///
/// async fn cheapest(client: &Client) -> Result<Option<u64>, GatherError<TypedReply<u64>>> {
///     let topics = ["prices.north", "prices.south", "prices.west"];
///     let gathered = client.scatter(topics).json::<u64>("apples").min_replies(2).await?;
///     Ok(gathered.replies.iter().map(|reply| *reply.reply().value()).min())
/// }
/// ```
#[must_use = "a question does nothing until it is awaited"]
pub struct TypedFanOut<C, T> {
    question: Question,
    codec: Arc<C>,
    reply: PhantomData<fn() -> T>,
}

enum Question {
    Scatter(Scatter, Vec<Coded<Encoded>>),
    Gather(Gather, Coded<Encoded>),
}

impl<C, T> TypedFanOut<C, T> {
    pub(super) fn scatter(scatter: Scatter, codec: C, encoded: Vec<Coded<Encoded>>) -> Self {
        Self::new(Question::Scatter(scatter, encoded), codec)
    }

    pub(super) fn gather(gather: Gather, codec: C, encoded: Coded<Encoded>) -> Self {
        Self::new(Question::Gather(gather, encoded), codec)
    }

    fn new(question: Question, codec: C) -> Self {
        Self {
            question,
            codec: Arc::new(codec),
            reply: PhantomData,
        }
    }

    setters!();
    wanted_setters!();

    fn parts_mut(&mut self) -> &mut RequestParts {
        match &mut self.question {
            Question::Scatter(scatter, _) => scatter.parts_mut(),
            Question::Gather(gather, _) => gather.parts_mut(),
        }
    }

    fn wanted_mut(&mut self) -> &mut Wanted {
        match &mut self.question {
            Question::Scatter(scatter, _) => scatter.wanted_mut(),
            Question::Gather(gather, _) => gather.wanted_mut(),
        }
    }
}

impl<C, T> TypedFanOut<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    /// Sends, and collects replies until the rule is met or the deadline has passed, as awaiting
    /// does.
    ///
    /// # Errors
    /// As [`Scatter::send`]; `Invalid`, with nothing sent, when the value does not encode. Replies
    /// that do not decode may leave fewer than the minimum.
    ///
    /// # Cancel safety
    /// As [`Scatter::send`].
    pub async fn send(self) -> Result<Gathered<TypedReply<T>>, GatherError<TypedReply<T>>> {
        let stream = self.stream().await.map_err(GatherError::refused)?;
        stream.collect_all().await
    }

    /// The replies as they come; see [`Scatter::stream`] and [`Gather::stream`].
    ///
    /// # Errors
    /// Those of the untyped stream; `Invalid` when the value does not encode.
    pub async fn stream(self) -> Result<TypedGatherStream<C, T>, RequestError> {
        let (operation, stream) = match self.question {
            Question::Scatter(scatter, encoded) => (
                scatter.operation_name(),
                scatter.stream_encoded(encoded).await?,
            ),
            Question::Gather(gather, encoded) => (
                gather.operation_name(),
                gather.stream_encoded(encoded).await?,
            ),
        };
        Ok(TypedGatherStream {
            stream,
            codec: self.codec,
            operation: operation.map(Into::into),
            decoding: None,
        })
    }
}

impl<C, T> IntoFuture for TypedFanOut<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    type Output = Result<Gathered<TypedReply<T>>, GatherError<TypedReply<T>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<C, T> fmt::Debug for TypedFanOut<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.question {
            Question::Scatter(scatter, _) => f.debug_tuple("TypedFanOut").field(scatter).finish(),
            Question::Gather(gather, _) => f.debug_tuple("TypedFanOut").field(gather).finish(),
        }
    }
}

/// An item of a typed stream.
type Item<T> = Result<GatherReply<TypedReply<T>>, Missing>;

/// The decoded replies of a scatter or a gather, in the order of arrival. Like [`GatherStream`]
/// otherwise.
#[must_use = "a stream does nothing unless polled"]
pub struct TypedGatherStream<C, T> {
    stream: GatherStream,
    codec: Arc<C>,
    operation: Option<Arc<str>>,
    /// The next reply is taken when the one before has been decoded.
    decoding: Option<BoxFuture<'static, Item<T>>>,
}

impl<C, T> TypedGatherStream<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    async fn collect_all(mut self) -> Result<Gathered<TypedReply<T>>, GatherError<TypedReply<T>>> {
        let mut gathered = Gathered::default();
        while let Some(item) = self.next().await {
            gathered.push(item);
        }
        self.stream.finish(gathered)
    }

    fn decode(&self, reply: GatherReply) -> BoxFuture<'static, Item<T>> {
        let (codec, operation) = (Arc::clone(&self.codec), self.operation.clone());
        Box::pin(async move {
            let GatherReply { target, reply } = reply;
            match decode(&*codec, &target, operation.as_deref(), reply).await {
                Ok(reply) => Ok(GatherReply { target, reply }),
                Err(error) => Err(Missing { target, error }),
            }
        })
    }
}

impl<C, T> Stream for TypedGatherStream<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    type Item = Item<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<T>>> {
        loop {
            if let Some(decoding) = &mut self.decoding {
                let item = ready!(decoding.poll_unpin(cx));
                self.decoding = None;
                return Poll::Ready(Some(item));
            }
            match ready!(self.stream.poll_next_unpin(cx)) {
                Some(Ok(reply)) => {
                    let decoding = self.decode(reply);
                    self.decoding = Some(decoding);
                }
                Some(Err(missing)) => return Poll::Ready(Some(Err(missing))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<C, T> fmt::Debug for TypedGatherStream<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedGatherStream")
            .field(&self.stream)
            .finish()
    }
}
