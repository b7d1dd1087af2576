//! How much load, of which kind, and for how long.

use std::{io, sync::Arc, time::Duration};

use hdrhistogram::Histogram;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    call::Call,
    open::{Open, Wait},
    running::Running,
    schedule::Schedule,
    shared::{Latencies, Limits, Shared},
    tally::Unit,
    window::{Counted, Window},
};

/// Default of [`Load::pause`].
const PAUSE: Duration = Duration::from_millis(10);

/// A load that can be started.
///
/// Without [`measure`](Self::measure) nothing is measured until [`Window::open`] is called, and
/// the load ends when [`Window::stop`] is.
#[derive(Clone, Debug)]
pub struct Load {
    shape: Shape,
    warmup: Duration,
    duration: Option<Duration>,
    counted: Counted,
    limits: Limits,
    latencies: Latencies,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// The number of tasks; `None`: a task for each call in flight.
    Closed(Option<usize>),
    Paced(f64, Wait),
}

impl Load {
    /// Keeps `in_flight` calls going: each call that ends starts the next.
    pub fn closed(in_flight: usize) -> Self {
        Self::new(Shape::Closed(None), in_flight)
    }

    /// Starts `rate` (above zero) calls a second, each a task of its own. At most `in_flight` run at
    /// once: a call that is due waits for its place, and its latency counts from when it was due.
    pub fn paced(rate: f64, in_flight: usize) -> Self {
        Self::new(Shape::Paced(rate, Wait::Timer), in_flight)
    }

    fn new(shape: Shape, in_flight: usize) -> Self {
        Self {
            shape,
            warmup: Duration::ZERO,
            duration: None,
            counted: Counted::Due,
            limits: Limits {
                in_flight: in_flight.max(1),
                calls: u64::MAX,
                pause: PAUSE,
            },
            latencies: Latencies {
                like: microseconds(),
                unit: Unit::Micros,
            },
        }
    }

    /// Closed loops: spreads the calls over this many tasks. Default: a task for each.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        if let Shape::Closed(of) = &mut self.shape {
            *of = Some(tasks.clamp(1, self.limits.in_flight));
        }
        self
    }

    /// Open loops: a thread starts the calls, exact to about 50 µs instead of a millisecond. It does
    /// not follow paused time.
    #[must_use]
    pub fn precise(mut self) -> Self {
        if let Shape::Paced(_, wait) = &mut self.shape {
            *wait = Wait::Thread;
        }
        self
    }

    /// How long calls are made before any is measured.
    #[must_use]
    pub fn warmup(mut self, warmup: Duration) -> Self {
        self.warmup = warmup;
        self
    }

    /// How long to measure after that. Then the load ends.
    #[must_use]
    pub fn measure(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Ends the load after this many calls, if its time is not over before.
    #[must_use]
    pub fn calls(mut self, calls: u64) -> Self {
        self.limits.calls = calls;
        self
    }

    /// Closed loops: how long a place stays empty after a failure that asks for it
    /// ([`Then::Pause`](crate::Then::Pause)). Default: 10 ms.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.limits.pause = pause;
        self
    }

    /// Which moment of a call has to lie in the window. Default: when it was due.
    #[must_use]
    pub fn counted(mut self, counted: Counted) -> Self {
        self.counted = counted;
        self
    }

    /// Records latencies in histograms like this one. Default: microseconds, three digits.
    #[must_use]
    pub fn latencies(mut self, like: &Histogram<u64>, unit: Unit) -> Self {
        self.latencies = Latencies {
            like: Histogram::new_from(like),
            unit,
        };
        self
    }

    /// Starts it, in the background.
    ///
    /// # Errors
    ///
    /// The thread of a [`precise`](Self::precise) load could not be started.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start<C: Call>(self, call: C) -> io::Result<Running<C>> {
        let window = Window::planned(Instant::now(), self.warmup, self.duration, self.counted);
        let shared = Arc::new(Shared::new(call, window, self.limits, self.latencies));
        match self.shape {
            Shape::Closed(tasks) => Ok(Running::closed(shared, tasks)),
            Shape::Paced(rate, wait) => Running::open(Open {
                shared,
                schedule: Schedule::new(rate),
                wait,
                given_up: CancellationToken::new(),
            }),
        }
    }
}

/// It grows, so it holds any latency.
fn microseconds() -> Histogram<u64> {
    Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed"))
}
