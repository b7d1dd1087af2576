//! Load on anything that can be called, and the outcomes.
//!
//! A [`Load`] makes calls until a time or a count is reached, keeps a bound on those in flight, and
//! returns a [`Tally`]: latencies, failures by kind, and calls that never ended or never started.
//!
//! - A *closed loop* ([`Load::closed`]) keeps all places taken: each call that ends starts the next.
//! - An *open loop* ([`Load::paced`]) starts calls at a rate, whether replies come or not. Latency
//!   counts from when a call was *due*, so a stall shows in every call that it delays. (Counted from
//!   the sending, a slow service would hide its own stalls: coordinated omission.)
//! - A *series* ([`series()`]) has a source, which chooses each call and the pause before it.
//!
//! ```
//! use std::time::Duration;
//! use antiphon_load::{Failed, Load, Then, Turn};
//! use tokio::time::sleep;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Every tenth call fails; the others take 20 ms.
//! let call = |turn: Turn| async move {
//!     sleep(Duration::from_millis(20)).await;
//!     match turn.number % 10 {
//!         9 => Err(Failed { kind: "refused", then: Then::Continue }),
//!         _ => Ok(()),
//!     }
//! };
//! // 100 calls a second, at most 16 in flight: 1 s of warm-up, then 2 s that count.
//! let load = Load::paced(100.0, 16).warmup(Duration::from_secs(1)).measure(Duration::from_secs(2));
//! let mut running = load.start(call)?;
//! running.ended().await?;
//! let tally = running.finish().await?;
//!
//! assert_eq!((tally.requests(), tally.latencies.len()), (200, 180));
//! assert_eq!(tally.failures["refused"], 20);
//! assert!(tally.latencies.value_at_quantile(0.99) >= 20_000); // microseconds
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! All waiting and all measuring uses tokio's clock. Under paused time a load is deterministic,
//! unless it is [`precise`](Load::precise), which waits on a thread of its own. Nothing here is
//! random: a [`Source`] brings its own dice.

mod call;
mod closed;
mod in_flight;
mod load;
mod open;
mod pace;
mod running;
mod schedule;
mod series;
mod shared;
mod tally;
mod window;

pub use self::{
    call::{Call, Failed, Then, Turn},
    load::Load,
    pace::Pace,
    running::Running,
    series::{Source, series},
    tally::{Tally, Unit},
    window::{Counted, Window},
};
