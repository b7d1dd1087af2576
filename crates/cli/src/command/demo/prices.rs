//! A scatter to three services, one of them slow.

use std::time::{Duration, Instant};

use antiphon::{Client, Executed, Gathered, Missing, Service};
use bytes::Bytes;
use futures::future::{join_all, try_join_all};

use super::{expect::expect, page::Page, setup::Setup};
use crate::{
    failure::Failure,
    output::{millis, printable},
};

/// The delay of the slow service.
const DELAY: Duration = Duration::from_millis(800);

/// Three services, each on its own topic.
pub(super) struct Sellers(Vec<Service>);

impl Sellers {
    pub(super) async fn start(setup: &Setup) -> Result<Self, Failure> {
        let offers = [(3, Duration::ZERO), (4, Duration::ZERO), (2, DELAY)];
        let starting = setup.prices().into_iter().zip(offers);
        let starting = starting.map(|(topic, (price, delay))| start(setup, topic, price, delay));
        Ok(Self(try_join_all(starting).await?))
    }

    pub(super) async fn stop(self) {
        let stopping = self.0.into_iter();
        join_all(stopping.map(|service| service.drain(Duration::from_secs(2)))).await;
    }
}

async fn start(
    setup: &Setup,
    topic: String,
    price: u32,
    delay: Duration,
) -> Result<Service, Failure> {
    let offer = move |what: Bytes| async move {
        tokio::time::sleep(delay).await;
        Ok(format!("{price} crowns for {}", printable(&what)))
    };
    let name = topic.rsplit('.').next().unwrap_or_default();
    let service = Service::builder(format!("prices-{name}"))
        .version("1.0.0")
        .kafka(setup.kafka.clone())
        .config(setup.service_config())
        .group(format!("{topic}.group"))
        .route(&topic, offer)
        .start()
        .await?;
    service.ready().await;
    Ok(service)
}

pub(super) async fn show(page: &mut Page, setup: &Setup, client: &Client) -> Result<(), Failure> {
    page.section("A scatter to three services, with a minimum of two replies")?;
    page.paragraph(&format!(
        "The third service takes {} ms, and the scatter does not wait for it. It is listed as missing,\n\
         with the reason and whether its work ran: it has the request, so \"maybe\".",
        DELAY.as_millis()
    ))?;
    let begun = Instant::now();
    let scatter = client
        .scatter(setup.prices())
        .value("apples")
        .min_replies(2);
    let gathered = scatter.send().await?;
    let took = begun.elapsed();
    page.table(&["topic", "reply", "executed"], &rows(&gathered))?;
    page.facts(&[("took", millis(took))])?;
    let is_maybe = |one: &Missing| one.error().executed() == Executed::Maybe;
    // One missing reply proves that the scatter did not wait, however slow the machine is.
    expect(
        gathered.replies.len() == 2
            && gathered.missing.len() == 1
            && gathered.missing.iter().all(is_maybe),
        || format!("{} replies within {took:?}", gathered.replies.len()),
    )
}

fn rows(gathered: &Gathered) -> Vec<Vec<String>> {
    let replies = gathered.replies.iter().map(|one| {
        let value = printable(one.reply().value());
        vec![one.target().to_owned(), value, "yes".to_owned()]
    });
    let missing = gathered.missing.iter().map(|one| {
        let (kind, executed) = (one.error().kind(), one.error().executed());
        let what = format!("missing: {}", kind.as_str());
        vec![one.target().to_owned(), what, executed.to_string()]
    });
    replies.chain(missing).collect()
}
