//! The load on a client that is asynchronous: a closed loop with a task for each call or one for all, or an open loop.

use std::time::Duration;

use antiphon_load::{Call, Counted, Failed, Then, Turn, Unit};

use crate::{
    load::Load,
    parent::ready_to_request,
    result::{Run, Window, histogram},
};

/// What fails at once must not keep its thread from the others.
const PAUSE: Duration = Duration::from_millis(1);

/// A client that is measured.
pub(crate) trait Ask: Clone + Send + Sync + 'static {
    /// Sends the request of this number and waits for its reply; whether one came.
    fn ask(&self, number: usize) -> impl Future<Output = bool> + Send;
}

pub(crate) async fn drive(load: &Load, client: impl Ask) -> Result<Run, String> {
    ready_to_request(load)?;
    let running = shape(load)
        // As in the raw loops: replies count by when they come.
        .counted(Counted::Ended)
        .pause(PAUSE)
        .latencies(&histogram(), Unit::Nanos)
        .start(Asked(client))
        .map_err(|error| error.to_string())?;
    tokio::time::sleep(load.warmup).await;
    let window = Window::open()?;
    running.window().open();
    tokio::time::sleep(load.duration).await;
    running.window().stop();
    let measured = window.close()?;
    let tally = running.finish().await.map_err(|error| error.to_string())?;
    Ok(Run::new(&tally.latencies, tally.failed(), measured))
}

fn shape(load: &Load) -> antiphon_load::Load {
    match load.rate {
        Some(rate) => antiphon_load::Load::paced(rate, load.in_flight).precise(),
        None if load.one_task => antiphon_load::Load::closed(load.in_flight).tasks(1),
        None => antiphon_load::Load::closed(load.in_flight),
    }
}

struct Asked<A>(A);

impl<A: Ask> Call for Asked<A> {
    type Kind = ();

    async fn call(&self, turn: Turn) -> Result<(), Failed<()>> {
        // A place of a closed loop asks under one number again and again: `bare` has a slot for each.
        match self.0.ask(turn.place).await {
            true => Ok(()),
            false => Err(Failed {
                kind: (),
                then: Then::Pause,
            }),
        }
    }
}
