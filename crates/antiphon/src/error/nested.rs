//! An error of a call inside of a handler.

use antiphon_proto::{Code, Executed, Status};

use super::{RequestError, RequestErrorKind as Kind};

/// What a handler answers when a call of its own fails: this is what `?` does.
///
/// | the nested call | code |
/// |---|---|
/// | was answered with an error | that error's, with its details and `retry_after` |
/// | had no time left: `TimedOut`, `DeadlineBeforeSend` | `DEADLINE_EXCEEDED` |
/// | was given up: `Cancelled` | `CANCELLED` |
/// | may succeed another time: `NotReady`, `Overloaded`, `Rejected`, `SendUnknown`, `ReplyPathLost`, `Closed`, `BelowMinimum`, `Layer` | `UNAVAILABLE` |
/// | can never succeed: `Invalid`, `TooLarge`, `UnknownTopic`, `NotAuthorized`, `Undecodable` | `INTERNAL` |
///
/// [`executed`](Status::executed) is `Maybe` when the nested call says so, else `Yes`: the handler
/// itself has run. It is never `No`. A handler that has done nothing but the nested call may pass
/// its certainty on: `Status::from(error.clone()).with_executed(error.executed())`.
///
/// ```
/// use antiphon::{Client, Code, Status};
///
/// async fn checkout(stock: &Client) -> Result<(), Status> {
///     stock.request("stock").value("reserve").send().await?;
///     Ok(())
/// }
/// ```
impl From<RequestError> for Status {
    fn from(error: RequestError) -> Self {
        let executed = match error.executed() {
            Executed::Maybe => Executed::Maybe,
            Executed::No | Executed::Yes => Executed::Yes,
        };
        let mut status = Self::new(code(&error), error.to_string()).with_executed(executed);
        let Some(nested) = error.status() else {
            return status;
        };
        if let Some(details) = nested.details() {
            status = status.with_details(details);
        }
        if let Some(delay) = nested.retry_after() {
            status = status.with_retry_after(delay);
        }
        status
    }
}

fn code(error: &RequestError) -> Code {
    match error.kind() {
        Kind::Status => error.status().map_or(Code::Unknown, Status::code),
        Kind::TimedOut | Kind::DeadlineBeforeSend => Code::DeadlineExceeded,
        Kind::Cancelled => Code::Cancelled,
        Kind::NotReady
        | Kind::Overloaded
        | Kind::Rejected
        | Kind::SendUnknown
        | Kind::ReplyPathLost
        | Kind::Closed
        | Kind::BelowMinimum
        | Kind::Layer => Code::Unavailable,
        Kind::Invalid
        | Kind::TooLarge
        | Kind::UnknownTopic
        | Kind::NotAuthorized
        | Kind::Undecodable => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_status_is_never_more_certain_than_the_nested_call() {
        for (nested, expected) in [
            (Executed::No, Executed::Yes),
            (Executed::Maybe, Executed::Maybe),
            (Executed::Yes, Executed::Yes),
        ] {
            let error = RequestError::new(Kind::Rejected, nested, "not stored");
            assert_eq!(Status::from(error).executed(), expected);
        }
    }

    #[test]
    fn the_nested_status_keeps_its_code_details_and_delay() {
        let nested = Status::unavailable("busy")
            .with_details(r#"{"queue":7}"#)
            .with_retry_after(Duration::from_secs(2));
        let status = Status::from(RequestError::status_reply(nested.clone()));
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.details(), nested.details());
        assert_eq!(status.retry_after(), nested.retry_after());
        assert!(status.message().contains("busy"), "{}", status.message());
    }
}
