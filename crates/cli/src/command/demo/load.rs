//! A few thousand requests and their latencies.

use std::time::{Duration, Instant};

use antiphon::Client;
use futures::{StreamExt, stream};
use hdrhistogram::Histogram;

use super::{
    expect::expect,
    greeters::{Greeters, tally},
    page::Page,
    setup::Setup,
};
use crate::{
    failure::Failure,
    output::{millis, thousands},
};

/// Calls in flight.
const IN_FLIGHT: usize = 64;

/// The largest latency of the histogram, in microseconds: the timeout of a call.
const LONGEST: u64 = 10_000_000;

pub(super) async fn show(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
    greeters: &Greeters,
    requests: u32,
) -> Result<(), Failure> {
    let count = thousands(requests.into());
    page.section(&format!("{count} requests, {IN_FLIGHT} at a time"))?;
    let before = greeters.answered();
    let begun = Instant::now();
    let latencies = measure(page, setup, client, requests).await?;
    let took = begun.elapsed();
    let header = ["replies per second", "p50", "p90", "p99", "p99.9", "max"];
    page.table(&header, &[row(requests, took, &latencies)])?;
    let pairs = greeters.answered().into_iter().zip(before);
    let since: Vec<_> = pairs
        .map(|((name, now), (_, then))| (name, now - then))
        .collect();
    page.facts(&[("answered by", tally(&since))])?;
    page.paragraph(
        "The latencies are from call to reply, over two topics. They are those of this machine, where\n\
         broker, service and client share the processors.",
    )
}

fn row(requests: u32, took: Duration, latencies: &Histogram<u64>) -> Vec<String> {
    let shown = |micros| millis(Duration::from_micros(micros));
    let quantiles = [0.5, 0.9, 0.99, 0.999].map(|q| shown(latencies.value_at_quantile(q)));
    let mut row = vec![per_second(requests, took)];
    row.extend(quantiles);
    row.push(shown(latencies.max()));
    row
}

async fn measure(
    page: &Page,
    setup: &Setup,
    client: &Client,
    requests: u32,
) -> Result<Histogram<u64>, Failure> {
    let mut latencies = Histogram::new_with_bounds(1, LONGEST, 3)
        .map_err(|error| Failure::Unexpected(format!("cannot create the histogram: {error}")))?;
    let bar = page.progress(requests.into());
    let topic = setup.greetings();
    let calls = stream::iter(0..requests).map(|number| one(client, &topic, number));
    let mut calls = calls.buffer_unordered(IN_FLIGHT);
    while let Some(took) = calls.next().await {
        latencies.saturating_record(u64::try_from(took?.as_micros()).unwrap_or(u64::MAX));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(latencies)
}

async fn one(client: &Client, topic: &str, number: u32) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let reply = client
        .request(topic)
        .value(number.to_string())
        .send()
        .await?;
    let took = begun.elapsed();
    expect(
        reply.value()[..] == *format!("hello, {number}").as_bytes(),
        || format!("request {number} got the reply {:?}", reply.value()),
    )?;
    Ok(took)
}

fn per_second(requests: u32, took: Duration) -> String {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    thousands(u64::from(requests) * 1_000_000 / micros)
}
