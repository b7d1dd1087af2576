//! The load on a client that is asynchronous: a task per call in flight or one for all, or an open loop.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures::StreamExt;
use futures_buffered::FuturesUnorderedBounded;
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

/// Each call that ends makes room for the next. One look at the clock per reply, which is also when the next call begins,
/// as in the raw loop.
fn start_closed(load: &Load, client: &impl Ask, recorder: &Arc<Recorder>) {
    if load.one_task {
        tokio::spawn(all_in_one(
            client.clone(),
            Arc::clone(recorder),
            load.in_flight,
        ));
        return;
    }
    for number in 0..load.in_flight {
        tokio::spawn(one_by_one(client.clone(), Arc::clone(recorder), number));
    }
}

/// A task that has one call in flight.
async fn one_by_one(client: impl Ask, recorder: Arc<Recorder>, number: usize) {
    let mut began = Instant::now();
    loop {
        let replied = client.ask(number).await;
        let now = Instant::now();
        recorder.note(replied, now - began);
        began = now;
        after(replied).await;
    }
}

/// A task that has all calls in flight.
async fn all_in_one(client: impl Ask, recorder: Arc<Recorder>, in_flight: usize) {
    let ask = async |number, began| (number, began, client.ask(number).await);
    let mut calls = FuturesUnorderedBounded::new(in_flight);
    for number in 0..in_flight {
        calls.push(ask(number, Instant::now()));
    }
    while let Some((number, began, replied)) = calls.next().await {
        let now = Instant::now();
        recorder.note(replied, now - began);
        after(replied).await;
        calls.push(ask(number, now));
    }
}

/// What fails at once must not keep its thread from the others.
async fn after(replied: bool) {
    if !replied {
        tokio::time::sleep(Duration::from_millis(1)).await;
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
