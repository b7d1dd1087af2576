//! The load on a client that is asynchronous: a task per call in flight, or an open loop.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    load::Load,
    pace::Pace,
    parent::ready_to_request,
    recorder::Recorder,
    result::{Run, Window},
};

/// A client that is measured.
pub(crate) trait Ask: Clone + Send + Sync + 'static {
    /// Sends the request of this number and waits for its reply; whether one came.
    fn ask(&self, number: usize) -> impl Future<Output = bool> + Send;
}

pub(crate) async fn drive(load: &Load, client: impl Ask) -> Result<Run, String> {
    let recorder = Arc::new(Recorder::default());
    ready_to_request(load)?;
    match load.rate {
        None => start_closed(load, &client, &recorder),
        Some(rate) => start_open(load, client, &recorder, rate)?,
    }
    tokio::time::sleep(load.warmup).await;
    let window = Window::open()?;
    recorder.measure(true);
    tokio::time::sleep(load.duration).await;
    recorder.measure(false);
    let measured = window.close()?;
    Ok(Run::new(&recorder.all()?, recorder.errors(), measured))
}

/// Each task sends its next request when it has its reply. One look at the clock per reply, which is also when the
/// next call begins, as in the raw loop.
fn start_closed(load: &Load, client: &impl Ask, recorder: &Arc<Recorder>) {
    for number in 0..load.in_flight {
        let (client, recorder) = (client.clone(), Arc::clone(recorder));
        tokio::spawn(async move {
            let mut began = Instant::now();
            loop {
                let replied = client.ask(number).await;
                let now = Instant::now();
                recorder.note(replied, now - began);
                began = now;
                if !replied {
                    // What fails at once must not keep its thread from the others.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        });
    }
}

/// A thread starts each call as a task when it is due. Latency counts from then, also if the call had to wait for a
/// place among those in flight.
fn start_open(
    load: &Load,
    client: impl Ask,
    recorder: &Arc<Recorder>,
    rate: f64,
) -> Result<(), String> {
    let (recorder, runtime) = (Arc::clone(recorder), Handle::current());
    let places = Arc::new(Semaphore::new(load.in_flight));
    let send = move || {
        let mut pace = Pace::new(rate);
        for number in 0.. {
            let due = pace.wait();
            let Ok(place) = runtime.block_on(Arc::clone(&places).acquire_owned()) else {
                return;
            };
            let (client, recorder) = (client.clone(), Arc::clone(&recorder));
            runtime.spawn(async move {
                let replied = client.ask(number).await;
                recorder.note(replied, due.elapsed());
                drop(place);
            });
        }
    };
    let named = thread::Builder::new().name("bench-pace".into());
    named.spawn(send).map_err(|error| error.to_string())?;
    Ok(())
}
