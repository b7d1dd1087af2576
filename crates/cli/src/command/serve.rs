//! `antiphon serve`.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use antiphon::{DrainReport, Service, config::ServiceConfig};

use super::responder::{Counts, Responder};
use crate::{
    args::ServeArgs,
    failure::Failure,
    output::{Printer, hint},
    settings::{Layer, Settings},
    signals::Signals,
};

/// Adds the options that are settings.
pub(super) fn flags(flags: &mut Layer, args: &ServeArgs) {
    if let Some(group) = args.group.as_ref() {
        flags.put("service.group", group.as_str());
    }
    if let Some(concurrency) = args.concurrency {
        flags.put("service.concurrency", u64::from(concurrency));
    }
    if let Some(partitions) = args.create_topic {
        flags.put("service.create_topics", u64::from(partitions));
    }
    if let Some(limit) = args.drain_timeout {
        let limit = humantime::format_duration(limit).to_string();
        flags.put("cli.drain_timeout", limit);
    }
}

/// Runs the service until a signal arrives, then drains it.
pub(super) async fn run(
    args: ServeArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let limit = settings.cli.drain_timeout;
    let responder = Responder::new(&args);
    let counts = Arc::clone(&responder.counts);
    let service = tokio::select! {
        started = start(args, settings, responder) => started?,
        _ = signals.next() => return Ok(()),
    };
    let mut failure = None;
    if until_ready(&service, &mut signals).await {
        anstream::eprintln!("ready");
        tokio::select! {
            _ = signals.next() => {}
            error = service.failed() => failure = Some(Failure::Failed(error)),
        }
    }
    let begun = Instant::now();
    let report = drain(service, limit, &mut signals, printer).await?;
    if !printer.quiet {
        hint(&summary(report, &counts, begun.elapsed()));
    }
    match (failure, report.abandoned) {
        (Some(failure), _) => Err(failure),
        (None, 0) => Ok(()),
        (None, abandoned) => Err(Failure::Abandoned {
            in_hand: report.in_hand,
            abandoned,
        }),
    }
}

async fn start(
    args: ServeArgs,
    settings: Settings,
    responder: Responder,
) -> Result<Service, Failure> {
    let config = config(&args, &settings);
    let name = args.service.or_else(|| config.group.clone());
    let name = name.unwrap_or_else(|| args.topic.clone());
    let builder = Service::builder(name)
        .version(env!("CARGO_PKG_VERSION"))
        .kafka(settings.kafka)
        .config(config);
    let builder = match &args.operation {
        Some(operation) => builder.operation(&args.topic, operation, responder),
        None => builder.route(&args.topic, responder),
    };
    Ok(builder.start().await?)
}

fn config(args: &ServeArgs, settings: &Settings) -> ServiceConfig {
    let mut config = settings.service.clone();
    let patterns = args.allow_reply_topic.iter().cloned();
    config.allowed_reply_topics.extend(patterns);
    if args.answering.exec.is_some() && !settings.concurrency_is_set {
        let processors = thread::available_parallelism().map_or(1, |count| count.get());
        config.concurrency = u32::try_from(4 * processors).unwrap_or(64);
    }
    config
}

/// False if a signal arrived first.
async fn until_ready(service: &Service, signals: &mut Signals) -> bool {
    tokio::select! {
        () = service.ready() => true,
        _ = signals.next() => false,
    }
}

/// Waits for running requests. A second signal stops the service at once.
async fn drain(
    service: Service,
    limit: Duration,
    signals: &mut Signals,
    printer: Printer,
) -> Result<DrainReport, Failure> {
    let in_hand = service.running() + service.unacknowledged();
    if !printer.quiet {
        let limit = humantime::format_duration(limit);
        hint(&format!(
            "stopping: {in_hand} requests in flight have {limit} to finish; send another signal to stop now"
        ));
    }
    tokio::select! {
        report = service.drain(limit) => Ok(report),
        _ = signals.next() => Err(Failure::Abandoned { in_hand, abandoned: in_hand }),
    }
}

fn summary(report: DrainReport, counts: &Counts, took: Duration) -> String {
    let answered = report.in_hand - report.abandoned.min(report.in_hand);
    let total = counts.answered.load(Ordering::Relaxed);
    let errors = counts.errors.load(Ordering::Relaxed);
    format!(
        "stopped after {} ms: {answered} of {} requests in flight were answered; {total} answered in \
         total, {errors} of them with an error",
        took.as_millis(),
        report.in_hand
    )
}
