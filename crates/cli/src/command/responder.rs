//! The handler of `antiphon serve`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use antiphon::{
    Status,
    service::{Inbound, Reply, RequestHandler},
};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, ready};

use super::exec::Exec;
use crate::args::ServeArgs;

/// Answers requests in the way that the options select, and counts them.
pub(super) struct Responder {
    action: Action,
    pub(super) counts: Arc<Counts>,
}

enum Action {
    Echo,
    Upper,
    Exec(Arc<Exec>),
}

/// Requests answered so far.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) answered: AtomicU64,
    pub(super) errors: AtomicU64,
}

impl Counts {
    fn note(&self, ok: bool) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(u64::from(!ok), Ordering::Relaxed);
    }
}

impl Responder {
    pub(super) fn new(args: &ServeArgs) -> Self {
        let action = match &args.answering.exec {
            Some(command) => Action::Exec(Arc::new(Exec::new(command.clone(), args.max_output))),
            None if args.answering.upper => Action::Upper,
            None => Action::Echo,
        };
        Self {
            action,
            counts: Arc::default(),
        }
    }
}

impl RequestHandler for Responder {
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let counts = Arc::clone(&self.counts);
        let answer = match &self.action {
            Action::Echo => ready(Ok(Reply::new(request.value))).boxed(),
            Action::Upper => ready(Ok(Reply::new(upper(&request.value)))).boxed(),
            Action::Exec(exec) => {
                let exec = Arc::clone(exec);
                async move { exec.answer(&request.context, request.value).await }.boxed()
            }
        };
        let counted = answer.inspect(move |result| counts.note(result.is_ok()));
        counted.boxed()
    }
}

/// Text in upper case. In bytes that are not UTF-8, only ASCII letters change.
fn upper(value: &Bytes) -> Bytes {
    match str::from_utf8(value) {
        Ok(text) => text.to_uppercase().into(),
        Err(_) => value.to_ascii_uppercase().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_knows_more_than_ascii() {
        assert_eq!(upper(&Bytes::from_static("grün".as_bytes())), "GRÜN");
        assert_eq!(&upper(&Bytes::from_static(b"a\xff"))[..], b"A\xff");
    }
}
