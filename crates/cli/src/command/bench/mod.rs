//! `antiphon bench`: load on a service that runs.

mod cpu;
mod lane;
mod pacer;
mod progress;
mod report;
mod schedule;
mod tally;
mod window;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use antiphon::Client;
use bytes::Bytes;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use self::{
    lane::Lane, progress::Progress, report::Report, schedule::Schedule, tally::Tally,
    window::Window,
};
use super::requester;
use crate::{
    args::BenchArgs, exit::Exit, failure::Failure, input, output::Printer, settings::Settings,
    signals::Signals,
};

/// How much longer than a call's timeout its end is awaited.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long what is on the way has to end after a signal.
const GRACE: Duration = Duration::from_secs(1);

/// Measures, and prints what it found.
pub(super) async fn run(
    args: BenchArgs,
    mut settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let value = value(&args, settings.client.max_request_bytes)?;
    let timeout = args.call.timeout.unwrap_or(settings.client.timeout);
    // The load is what was asked for, not what some other program of this configuration may do.
    settings.client.max_in_flight = settings.client.max_in_flight.max(args.in_flight);
    let client = tokio::select! {
        connected = requester::connect(settings, false) => connected?,
        signal = signals.next() => return Err(interrupted(signal)),
    };
    let bar = Progress::new(args.warmup + args.duration, printer.quiet);
    let measured = measure(&args, &client, &value, timeout, &mut signals, &bar).await;
    bar.clear();
    requester::close(&client).await;
    let (tally, window, cpu) = measured?;
    let exit = tally.exit();
    let report = Report::new(&args, value.len(), timeout, &tally, &window, cpu);
    if let Some(error) = tally.hopeless.filter(|_| report.replies == 0) {
        return Err(error.into());
    }
    printer.show(&report)?;
    match exit {
        Exit::Success => Ok(()),
        exit => Err(Failure::Reported(exit)),
    }
}

fn value(args: &BenchArgs, limit: u32) -> Result<Bytes, Failure> {
    match (&args.value, &args.payload_file) {
        (Some(value), _) => input::value(Some(value), limit),
        (None, Some(path)) => input::file(path, limit),
        // One byte more than may be sent is refused as any larger value is.
        (None, None) => Ok(vec![b'x'; args.payload.min(limit.saturating_add(1)) as usize].into()),
    }
}

fn interrupted(signal: &'static str) -> Failure {
    tracing::info!(signal, "ended before it began");
    Failure::Reported(Exit::Failed)
}

/// Sends the load and waits until its last call has ended.
async fn measure(
    args: &BenchArgs,
    client: &Client,
    value: &Bytes,
    timeout: Duration,
    signals: &mut Signals,
    bar: &Progress,
) -> Result<(Tally, Arc<Window>, Option<Duration>), Failure> {
    let window = Arc::new(Window::new(Instant::now(), args.warmup, args.duration));
    let (over, is_over) = watch::channel(false);
    let mut lanes = start(args, client, value, &window, &is_over)?;
    let mut cpu = None;
    if bar.until(window.from(), &window, signals).await {
        let before = cpu::spent();
        bar.until(window.until(), &window, signals).await;
        cpu = before.and_then(|before| cpu::spent()?.checked_sub(before));
    }
    let patience = match window.is_stopped() {
        true => GRACE,
        false => timeout.saturating_add(PATIENCE),
    };
    let mut total = Tally::new()?;
    tokio::select! {
        ended = collect(&mut lanes, &mut total) => ended?,
        () = tokio::time::sleep(patience) => {}
        _ = signals.next() => {}
    }
    // What is still on the way is given up; a lane that has ended does not hear it.
    over.send_replace(true);
    collect(&mut lanes, &mut total).await?;
    Ok((total, window, cpu))
}

/// # Cancel safety
/// What was taken from a lane is in `total`; the others can still be collected.
async fn collect(lanes: &mut JoinSet<Tally>, total: &mut Tally) -> Result<(), Failure> {
    while let Some(tally) = lanes.join_next().await {
        total.add(tally?);
    }
    Ok(())
}

/// Starts a lane for each processor, and in an open loop the clock that drives them.
fn start(
    args: &BenchArgs,
    client: &Client,
    value: &Bytes,
    window: &Arc<Window>,
    is_over: &watch::Receiver<bool>,
) -> Result<JoinSet<Tally>, Failure> {
    let processors = thread::available_parallelism().map_or(1, |count| count.get());
    let in_flight = args.in_flight as usize;
    let count = in_flight.min(processors);
    let request = requester::with_options!(
        client.request(&args.topic).value(value.clone()),
        args.call.clone()
    );
    let schedule = args.rate.map(|rate| Schedule::new(window.begun(), rate));
    let ticks: Vec<_> = (0..count).map(|_| Arc::new(Notify::new())).collect();
    let mut lanes = JoinSet::new();
    for (number, tick) in ticks.iter().enumerate() {
        let lane = Lane {
            request: request.clone(),
            keys: args.keys,
            number,
            count,
            share: in_flight / count + usize::from(number < in_flight % count),
            window: Arc::clone(window),
            is_over: is_over.clone(),
        };
        match schedule {
            Some(schedule) => lanes.spawn(lane.open(Tally::new()?, schedule, Arc::clone(tick))),
            None => lanes.spawn(lane.closed(Tally::new()?)),
        };
    }
    if let Some(schedule) = schedule {
        pacer::start(schedule, ticks, Arc::clone(window))?;
    }
    Ok(lanes)
}
