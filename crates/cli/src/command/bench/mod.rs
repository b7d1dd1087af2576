//! `antiphon bench`: load on a running service.

mod call;
mod cpu;
mod measured;
mod outcome;
mod progress;
mod report;

use std::{sync::Arc, thread, time::Duration};

use antiphon_load::{Load, Running};
use bytes::Bytes;

use self::{
    call::{Hopeless, Sending},
    measured::Measured,
    outcome::exit,
    progress::Progress,
    report::Report,
};
use super::requester;
use crate::{
    args::BenchArgs, exit::Exit, failure::Failure, input, output::Printer, settings::Settings,
    signals::Signals,
};

/// How much longer than its timeout a request in flight is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long requests in flight have to end after a signal.
const GRACE: Duration = Duration::from_secs(1);

/// Measures, and prints the result.
pub(super) async fn run(
    args: BenchArgs,
    mut settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let value = value(&args, settings.client.max_request_bytes)?;
    let timeout = args.call.timeout.unwrap_or(settings.client.timeout);
    // The configuration may limit other programs to fewer calls than this load asks for.
    settings.client.max_in_flight = settings.client.max_in_flight.max(args.in_flight);
    let client = tokio::select! {
        connected = requester::connect(settings, false) => connected?,
        signal = signals.next() => return Err(interrupted(signal)),
    };
    let hopeless = Hopeless::default();
    let sending = Sending::new(&client, &args, &value, &hopeless);
    let bar = Progress::new(args.warmup + args.duration, printer.quiet);
    let measured = measure(&args, sending, timeout, &mut signals, &bar).await;
    bar.clear();
    requester::close(&client).await;
    let measured = measured?;
    let report = Report::new(&args, value.len(), timeout, &measured);
    if let Some(error) = hopeless.take().filter(|_| report.replies == 0) {
        return Err(error.into());
    }
    printer.show(&report)?;
    match exit(&measured.tally) {
        Exit::Success => Ok(()),
        exit => Err(Failure::Reported(exit)),
    }
}

fn value(args: &BenchArgs, limit: u32) -> Result<Bytes, Failure> {
    match (&args.value, &args.payload_file) {
        (Some(value), _) => input::value(Some(value), limit),
        (None, Some(path)) => input::file(path, limit),
        // A value of one byte too many is refused like any larger one.
        (None, None) => Ok(vec![b'x'; args.payload.min(limit.saturating_add(1)) as usize].into()),
    }
}

fn interrupted(signal: &'static str) -> Failure {
    tracing::info!(signal, "ended before it started");
    Failure::Reported(Exit::Failed)
}

/// Sends the load and waits until its last call has ended.
async fn measure(
    args: &BenchArgs,
    sending: Sending,
    timeout: Duration,
    signals: &mut Signals,
    bar: &Progress,
) -> Result<Measured, Failure> {
    let mut running = start(args, sending)?;
    let window = Arc::clone(running.window());
    let mut cpu = None;
    let begun = window.begun();
    if bar.until(begun + args.warmup, &running, signals).await {
        let before = cpu::spent();
        let end = begun + args.warmup + args.duration;
        bar.until(end, &running, signals).await;
        cpu = before.and_then(|before| cpu::spent()?.checked_sub(before));
    }
    let patience = match window.is_stopped() {
        true => GRACE,
        false => timeout.saturating_add(PATIENCE),
    };
    tokio::select! {
        ended = running.ended() => ended?,
        () = tokio::time::sleep(patience) => {}
        _ = signals.next() => {}
    }
    // Drops the requests that are still in flight.
    let tally = running.finish().await?;
    Ok(Measured { tally, window, cpu })
}

fn start(args: &BenchArgs, sending: Sending) -> Result<Running<Sending>, Failure> {
    let in_flight = args.in_flight as usize;
    let load = match args.rate {
        Some(rate) => Load::paced(rate, in_flight).precise(),
        None => Load::closed(in_flight).tasks(processors()),
    };
    let load = load.warmup(args.warmup).measure(args.duration);
    load.start(sending).map_err(|source| Failure::System {
        what: "cannot start a thread",
        source,
    })
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get())
}
