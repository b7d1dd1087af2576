//! Errors of tower layers, which are boxed: what they are, and whether the work ran.

use std::error::Error as StdError;

use antiphon_proto::{Executed, Status};
use tower::{BoxError, load_shed::error::Overloaded, timeout::error::Elapsed};

use super::{RequestError, RequestErrorKind};

/// An error out of a layered client. An error of the call itself is kept, wherever it stands in the
/// chain of causes. Of tower's own, `Elapsed` is [`TimedOut`](RequestErrorKind::TimedOut), maybe
/// executed, and `Overloaded` is [`Overloaded`](RequestErrorKind::Overloaded), not executed. Any
/// other is a [`Layer`](RequestErrorKind::Layer) error, maybe executed.
impl From<BoxError> for RequestError {
    fn from(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) => return *own,
            Err(other) => other,
        };
        if let Some(own) = find::<Self>(&*error) {
            return own.clone();
        }
        let (kind, executed, detail) = if find::<Elapsed>(&*error).is_some() {
            let detail = "the timeout of a layer passed";
            (RequestErrorKind::TimedOut, Executed::Maybe, detail)
        } else if find::<Overloaded>(&*error).is_some() {
            let detail = "a layer shed the request";
            (RequestErrorKind::Overloaded, Executed::No, detail)
        } else {
            let detail = "a layer around the client failed";
            (RequestErrorKind::Layer, Executed::Maybe, detail)
        };
        Self::new(kind, executed, detail).with_source(error)
    }
}

/// What a requester is told when a layer around a handler fails.
///
/// A [`Status`] or a [`RequestError`] in the chain of causes is kept. The handler may have run when
/// tower's timeout ends it; it did not when the load was shed.
pub(crate) fn status_of(error: BoxError) -> Status {
    let error = match error.downcast::<Status>() {
        Ok(own) => return *own,
        Err(other) => other,
    };
    if let Some(own) = find::<Status>(&*error) {
        own.clone()
    } else if let Some(nested) = find::<RequestError>(&*error) {
        nested.clone().into()
    } else if find::<Elapsed>(&*error).is_some() {
        let status = Status::deadline_exceeded("the timeout of a layer passed");
        status.with_executed(Executed::Maybe)
    } else if find::<Overloaded>(&*error).is_some() {
        let status = Status::resource_exhausted("the service sheds load");
        status.with_executed(Executed::No)
    } else {
        Status::internal(error.to_string()).with_executed(Executed::Maybe)
    }
}

/// The first error of this type in the chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use antiphon_proto::Code;

    use super::*;

    #[derive(Debug)]
    struct Outer(BoxError);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn what_a_layer_says_of_execution_is_never_better_than_what_it_knows() {
        let elapsed = || BoxError::from(Elapsed::new());
        let shed = || BoxError::from(Overloaded::new());
        let other = || BoxError::from("anything");
        for (error, kind, code, executed) in [
            (
                elapsed(),
                RequestErrorKind::TimedOut,
                Code::DeadlineExceeded,
                Executed::Maybe,
            ),
            (
                shed(),
                RequestErrorKind::Overloaded,
                Code::ResourceExhausted,
                Executed::No,
            ),
            (
                other(),
                RequestErrorKind::Layer,
                Code::Internal,
                Executed::Maybe,
            ),
        ] {
            let status = status_of(Box::new(Outer(error)));
            assert_eq!((status.code(), status.executed()), (code, executed));
            let again: BoxError = match kind {
                RequestErrorKind::TimedOut => elapsed(),
                RequestErrorKind::Overloaded => shed(),
                _ => other(),
            };
            let request = RequestError::from(again);
            assert_eq!((request.kind(), request.executed()), (kind, executed));
        }
    }

    #[test]
    fn an_error_of_ours_is_kept_at_any_depth() {
        let own = Status::not_found("no such order");
        assert_eq!(status_of(Box::new(Outer(own.clone().into()))), own);
        let call = RequestError::invalid("no");
        let kept = RequestError::from(BoxError::from(Outer(call.into())));
        assert_eq!(kept.kind(), RequestErrorKind::Invalid);
    }
}
