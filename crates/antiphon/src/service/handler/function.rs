//! Async functions as handlers.

use std::{marker::PhantomData, sync::Arc};

use antiphon_proto::{Executed, Status};
use futures::future::BoxFuture;

use super::{
    Endpoint, Handler, RequestHandler,
    extract::{Extracted, FromContext, FromRequest},
    message::{Inbound, Reply},
    reply::IntoReply,
};

type Running = BoxFuture<'static, Result<Reply, Status>>;

/// A function with its state.
struct Function<F, S, Args> {
    f: Arc<F>,
    state: Arc<S>,
    args: PhantomData<fn(Args)>,
}

impl<F, S, Args> Function<F, S, Args> {
    fn endpoint(f: F, state: &Arc<S>) -> Endpoint
    where
        Self: RequestHandler,
    {
        let state = Arc::clone(state);
        let args = PhantomData;
        let f = Arc::new(f);
        Endpoint(Arc::new(Self { f, state, args }))
    }
}

/// Tells a function without arguments from a handler by hand.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoArguments {}

impl<F, Fut, R, S> RequestHandler for Function<F, S, NoArguments>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoReply + 'static,
    S: Send + Sync + 'static,
{
    fn handle(&self, _: Inbound) -> Running {
        let running = (self.f)();
        Box::pin(async move { running.await.into_reply() })
    }
}

impl<F, Fut, R, S> Handler<NoArguments, S> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoReply + 'static,
    S: Send + Sync + 'static,
{
    fn into_endpoint(self, state: &Arc<S>) -> Endpoint {
        Function::<F, S, NoArguments>::endpoint(self, state)
    }
}

/// The error of an argument: the handler was not called, whatever the argument says.
fn rejected(status: Status) -> Running {
    let status = status.with_executed(Executed::No);
    Box::pin(std::future::ready(Err(status)))
}

macro_rules! functions {
    ($([$($arg:ident)*] $last:ident;)*) => {$(
        #[allow(non_snake_case, reason = "an argument is named like its type")]
        impl<F, Fut, R, S, Form, $($arg,)* $last> RequestHandler
            for Function<F, S, (Form, $($arg,)* $last,)>
        where
            F: Fn($($arg,)* $last) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: IntoReply + 'static,
            S: Send + Sync + 'static,
            Form: 'static,
            $($arg: FromContext<S> + Send + 'static,)*
            $last: FromRequest<S, Form> + Send + 'static,
        {
            fn handle(&self, request: Inbound) -> Running {
                $(let $arg = match $arg::from_context(&request.context, &self.state) {
                    Ok(argument) => argument,
                    Err(status) => return rejected(status),
                };)*
                match $last::from_request(request, &self.state) {
                    // Calls the handler here, on the thread of the first poll.
                    Extracted::Ready(Ok($last)) => {
                        let running = (self.f)($($arg,)* $last);
                        Box::pin(async move { running.await.into_reply() })
                    }
                    Extracted::Ready(Err(status)) => rejected(status),
                    Extracted::Waiting(waiting) => {
                        let f = Arc::clone(&self.f);
                        Box::pin(async move {
                            match waiting.await {
                                Ok($last) => f($($arg,)* $last).await.into_reply(),
                                Err(status) => Err(status.with_executed(Executed::No)),
                            }
                        })
                    }
                }
            }
        }

        impl<F, Fut, R, S, Form, $($arg,)* $last> Handler<(Form, $($arg,)* $last,), S> for F
        where
            F: Fn($($arg,)* $last) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: IntoReply + 'static,
            S: Send + Sync + 'static,
            Form: 'static,
            $($arg: FromContext<S> + Send + 'static,)*
            $last: FromRequest<S, Form> + Send + 'static,
        {
            fn into_endpoint(self, state: &Arc<S>) -> Endpoint {
                Function::<F, S, (Form, $($arg,)* $last,)>::endpoint(self, state)
            }
        }
    )*};
}

functions! {
    [] A;
    [A] B;
    [A B] C;
    [A B C] D;
    [A B C D] E;
    [A B C D E] G;
    [A B C D E G] H;
    [A B C D E G H] I;
}
