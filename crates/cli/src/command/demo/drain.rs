//! A graceful stop with requests in flight.

use std::time::{Duration, Instant};

use antiphon::{Client, DrainReport};
use futures::future::join_all;

use super::{
    expect::expect,
    greeters::{Greeters, SLOW},
    page::Page,
    setup::Setup,
};
use crate::{failure::Failure, output::millis};

/// Requests in flight when the stop begins.
const REQUESTS: usize = 60;

/// Time limits for the requests to arrive, and to finish.
const ARRIVE: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn show(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
    mut greeters: Greeters,
) -> Result<(), Failure> {
    page.section("A graceful stop")?;
    page.paragraph(&format!(
        "{REQUESTS} requests are in flight, and each takes {} ms. Now one of the three instances is\n\
         stopped. It reads no more requests, finishes those in flight, waits until Kafka has\n\
         acknowledged the replies, commits, and leaves the group. The other two take over its\n\
         partitions.",
        SLOW.as_millis()
    ))?;
    let (topic, before) = (setup.greetings(), greeters.total());
    let calls = (0..REQUESTS).map(|number| {
        let request = client.request(&topic).value(number.to_string());
        tokio::spawn(request.operation("slow").send())
    });
    let calls: Vec<_> = calls.collect();
    in_hand(&greeters, before).await?;
    let begun = Instant::now();
    let (name, report) = greeters.drain_one(LIMIT).await?;
    let took = begun.elapsed();
    let ended = join_all(calls).await;
    let replies = ended.iter().filter(|call| matches!(call, Ok(Ok(_))));
    show_report(page, name, report, replies.count(), took)
}

fn show_report(
    page: &mut Page,
    name: &str,
    report: DrainReport,
    replies: usize,
    took: Duration,
) -> Result<(), Failure> {
    let DrainReport {
        in_hand, abandoned, ..
    } = report;
    page.facts(&[
        ("stopped", format!("{name}, in {}", millis(took))),
        ("in flight at the stop", in_hand.to_string()),
        ("answered", in_hand.saturating_sub(abandoned).to_string()),
        ("replies received", format!("{replies} of {REQUESTS}")),
    ])?;
    expect(replies == REQUESTS && abandoned == 0, || {
        format!("{replies} replies of {REQUESTS}, {abandoned} requests abandoned")
    })
}

/// Waits until every request has reached a handler. On a busy machine the first may have finished by
/// then. `before` is the number of requests answered earlier.
async fn in_hand(greeters: &Greeters, before: u64) -> Result<(), Failure> {
    let until = Instant::now() + ARRIVE;
    let arrived = || {
        let ended = usize::try_from(greeters.total() - before).unwrap_or(usize::MAX);
        greeters.running().saturating_add(ended)
    };
    while arrived() < REQUESTS {
        expect(Instant::now() < until, || {
            format!("only {} of {REQUESTS} requests have arrived", arrived())
        })?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}
