//! What the arguments of handler functions are made of.

use std::{fmt, ops::Deref};

use antiphon_proto::{Executed, Status};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::message::{Context, Inbound};

/// An argument that is made of the request's context and the state, and leaves the payload alone.
///
/// ```
/// use antiphon::{Context, Status, service::FromContext};
///
/// /// The tenant that asks.
/// struct Tenant(String);
///
/// impl<S> FromContext<S> for Tenant {
///     fn from_context(context: &Context, _: &S) -> Result<Self, Status> {
///         let tenant = context.header("tenant").ok_or_else(|| Status::unauthenticated("who asks?"))?;
///         Ok(Self(String::from_utf8_lossy(tenant).into_owned()))
///     }
/// }
/// ```
pub trait FromContext<S>: Sized {
    /// Makes the argument.
    ///
    /// # Errors
    /// The error that the requester gets. It is sent as not executed: the handler is not called.
    fn from_context(context: &Context, state: &S) -> Result<Self, Status>;
}

/// An argument that is made of the whole request. Only the last argument can be one.
///
/// ```
/// use antiphon::{Status, service::{Extracted, FromRequest, Inbound}};
///
/// /// Words, separated by commas.
/// struct Words(Vec<String>);
///
/// impl<S> FromRequest<S> for Words {
///     fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
///         let text = str::from_utf8(&request.value);
///         let words = text.map(|text| Self(text.split(',').map(str::to_owned).collect()));
///         Extracted::Ready(words.map_err(|error| Status::invalid_argument(error.to_string())))
///     }
/// }
///
/// async fn count(Words(words): Words) -> String {
///     words.len().to_string()
/// }
/// ```
///
/// `Form` tells apart what takes the payload from what does not; it is always inferred.
pub trait FromRequest<S, Form = WithPayload>: Sized {
    /// Makes the argument.
    fn from_request(request: Inbound, state: &S) -> Extracted<Self>;
}

/// An argument, or a wait for one, such as for a schema.
///
/// ```
/// use antiphon::{Status, service::Extracted};
///
/// fn known(schema: Option<u32>) -> Extracted<u32> {
///     match schema {
///         Some(schema) => Extracted::Ready(Ok(schema)),
///         None => Extracted::Waiting(Box::pin(fetch())),
///     }
/// }
///
/// async fn fetch() -> Result<u32, Status> {
///     Ok(7)
/// }
/// ```
pub enum Extracted<T> {
    /// There was nothing to wait for. An error is sent as not executed: the handler is not called.
    Ready(Result<T, Status>),
    /// Something has to be fetched first.
    Waiting(BoxFuture<'static, Result<T, Status>>),
}

/// The form of arguments that take the payload.
#[derive(Debug)]
pub enum WithPayload {}

/// The form of arguments that leave the payload alone.
#[derive(Debug)]
pub enum WithoutPayload {}

impl<T: fmt::Debug> fmt::Debug for Extracted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Waiting(_) => f.write_str("Waiting"),
        }
    }
}

impl<S, T: FromContext<S>> FromRequest<S, WithoutPayload> for T {
    fn from_request(request: Inbound, state: &S) -> Extracted<Self> {
        Extracted::Ready(T::from_context(&request.context, state))
    }
}

impl<S> FromContext<S> for Context {
    fn from_context(context: &Context, _: &S) -> Result<Self, Status> {
        Ok(context.shared())
    }
}

/// A part of the state that [`Routes::with_state`](crate::service::Routes::with_state) gives.
///
/// ```
/// use antiphon::service::{Routes, State};
///
/// async fn limit(State(limit): State<u32>) -> String {
///     limit.to_string()
/// }
///
/// let routes: Routes = Routes::new().on("limit", limit).with_state(64);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

/// A value that the whole state contains, for [`State`] of a part of it.
///
/// ```
/// use antiphon::service::FromRef;
///
/// #[derive(Clone)]
/// struct Database;
///
/// #[derive(Clone)]
/// struct App { database: Database }
///
/// impl FromRef<App> for Database {
///     fn from_ref(app: &App) -> Self {
///         app.database.clone()
///     }
/// }
/// ```
pub trait FromRef<S> {
    /// The part of the state.
    fn from_ref(state: &S) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> Self {
        state.clone()
    }
}

impl<S, T: FromRef<S>> FromContext<S> for State<T> {
    fn from_context(_: &Context, state: &S) -> Result<Self, Status> {
        Ok(Self(T::from_ref(state)))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The payload as JSON; as a return value, a reply in JSON. A payload that is no `T` answers the
/// request with `INVALID_ARGUMENT`.
///
/// The codec of calls is [`codec::Json`](crate::codec::Json).
///
/// ```
/// use antiphon::service::Json;
///
/// async fn sum(Json(numbers): Json<Vec<i64>>) -> Json<i64> {
///     Json(numbers.iter().sum())
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S> FromRequest<S> for Inbound {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        Extracted::Ready(Ok(request))
    }
}

impl<S> FromRequest<S> for Bytes {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        Extracted::Ready(Ok(request.value))
    }
}

impl<S> FromRequest<S> for Vec<u8> {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        Extracted::Ready(Ok(request.value.into()))
    }
}

impl<S> FromRequest<S> for String {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        let text = Self::from_utf8(request.value.into());
        Extracted::Ready(text.map_err(|error| undecodable(&error)))
    }
}

impl<S, T: DeserializeOwned> FromRequest<S> for Json<T> {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        let value = serde_json::from_slice(&request.value);
        Extracted::Ready(value.map(Json).map_err(|error| undecodable(&error)))
    }
}

pub(super) fn undecodable(error: &dyn fmt::Display) -> Status {
    Status::invalid_argument(format!("the request does not decode: {error}"))
        .with_executed(Executed::No)
}
