//! Errors of calls, and of clients and services that do not start.

mod kind;
mod layer;
mod nested;
mod request;
mod start;

pub(crate) use self::layer::status_of;
pub use self::{
    kind::RequestErrorKind,
    request::RequestError,
    start::{StartError, StartErrorKind},
};
