//! The calls of a load.

/// Something that a load calls again and again. Functions of a [`Turn`] that return a future are calls.
///
/// A call has to wait at some point: a closed loop of calls that are ready at once never yields.
pub trait Call: Send + Sync + 'static {
    /// Failures are counted by kind; `()` if one count is enough.
    type Kind: Ord + Send + 'static;

    /// Makes one call and waits for its end. To give it up, the load drops the future.
    fn call(&self, turn: Turn) -> impl Future<Output = Result<(), Failed<Self::Kind>>> + Send;
}

impl<F, Fut, Kind> Call for F
where
    F: Fn(Turn) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failed<Kind>>> + Send,
    Kind: Ord + Send + 'static,
{
    type Kind = Kind;

    fn call(&self, turn: Turn) -> impl Future<Output = Result<(), Failed<Kind>>> + Send {
        self(turn)
    }
}

/// Which call of a load this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Counts the calls from 0. No two calls of a load have the same number.
    pub number: u64,
    /// The place among those in flight, from 0. In a closed loop it has one call after the other;
    /// in an open loop each call has a place of its own.
    pub place: usize,
}

/// A call that ended without success. Its latency is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed<Kind> {
    /// The kind that it is counted under.
    pub kind: Kind,
    /// What the load does next.
    pub then: Then,
}

/// What a load does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Goes on.
    Continue,
    /// Leaves the place empty for the [pause](crate::Load::pause) of the load, so that calls that
    /// fail at once do not spin. An open loop has its rate, and goes on.
    Pause,
    /// Every further call would fail alike: the load stops.
    Stop,
}
