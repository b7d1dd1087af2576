//! What a codec returns: a result, or a wait for one.

use std::{
    fmt,
    future::{IntoFuture, Ready, ready},
};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, Map};

use super::CodecError;

/// The result of encoding or decoding: there already, or in the future. `.await` works on it.
///
/// ```
/// use antiphon::codec::Coded;
///
/// # #[tokio::main]
/// # async fn main() {
/// let ready = Coded::ok(1);
/// let later = Coded::waiting(async { Ok(1) });
/// assert_eq!(ready.await.unwrap(), later.await.unwrap());
/// # }
/// ```
#[must_use = "it may hold an error, or a future that has to be awaited"]
pub enum Coded<T> {
    /// There was nothing to wait for.
    Ready(Result<T, CodecError>),
    /// Something has to be fetched first. The future owns all that it needs.
    Waiting(BoxFuture<'static, Result<T, CodecError>>),
}

/// The future of a [`Coded`].
pub type CodedFuture<T> =
    Either<Ready<Result<T, CodecError>>, BoxFuture<'static, Result<T, CodecError>>>;

impl<T> Coded<T> {
    /// A success, at once.
    pub fn ok(value: T) -> Self {
        Self::Ready(Ok(value))
    }

    /// A failure, at once.
    pub fn err(error: impl Into<CodecError>) -> Self {
        Self::Ready(Err(error.into()))
    }

    /// A result that has to be waited for.
    pub fn waiting(future: impl Future<Output = Result<T, CodecError>> + Send + 'static) -> Self {
        Self::Waiting(Box::pin(future))
    }

    /// Applies `f` to a success.
    pub fn map<U: 'static>(self, f: impl FnOnce(T) -> U + Send + 'static) -> Coded<U>
    where
        T: 'static,
    {
        match self {
            Self::Ready(result) => Coded::Ready(result.map(f)),
            Self::Waiting(future) => {
                let mapped: Map<_, _> = future.map(|result| result.map(f));
                Coded::Waiting(Box::pin(mapped))
            }
        }
    }
}

impl<T, E: Into<CodecError>> From<Result<T, E>> for Coded<T> {
    fn from(result: Result<T, E>) -> Self {
        Self::Ready(result.map_err(Into::into))
    }
}

impl<T> IntoFuture for Coded<T> {
    type Output = Result<T, CodecError>;
    type IntoFuture = CodedFuture<T>;

    fn into_future(self) -> Self::IntoFuture {
        match self {
            Self::Ready(result) => Either::Left(ready(result)),
            Self::Waiting(future) => Either::Right(future),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Coded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Waiting(_) => f.write_str("Waiting"),
        }
    }
}
