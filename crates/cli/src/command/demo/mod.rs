//! `antiphon demo`: everything in short sections, each of them checked.

mod drain;
mod greeters;
mod load;
mod nobody;
mod page;
mod prices;
mod single;
mod stage;
mod topics;
mod wire;

use std::time::{Duration, Instant};

use antiphon::{
    Client,
    config::{ClientConfig, KafkaConfig},
};
use antiphon_kafka::redacted;

pub(in crate::command) use self::page::{millis, thousands};
use self::{greeters::Greeters, page::Page, prices::Sellers, stage::Stage};
use crate::{args::DemoArgs, failure::Failure, output::Printer};

/// A call's timeout, where the section is not about it: nothing here should come near it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Shows everything, on `brokers` or on one of its own.
pub(super) async fn run(
    args: &DemoArgs,
    brokers: Option<KafkaConfig>,
    printer: Printer,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut page = Page::new(printer.quiet);
    let stage = Stage::set(brokers).await?;
    introduce(&mut page, &stage)?;
    let shown = show(&mut page, &stage, args).await;
    let tidied = stage.strike(&mut page).await;
    shown.and(tidied)?;
    let took = begun.elapsed().as_secs_f64();
    page.say(&format!("Everything went as it should, in {took:.1} s."))
}

fn introduce(page: &mut Page, stage: &Stage) -> Result<(), Failure> {
    page.title("Antiphon: request and reply over Kafka")?;
    page.say(
        "A client writes a request to a Kafka topic; a service reads it, does the work, and writes\n\
         the reply to a topic of the client's. Whatever goes wrong, the client gets one answer, and\n\
         it says whether the work was done.",
    )?;
    let servers = redacted("", &stage.kafka.bootstrap_servers);
    match &stage.broker {
        Some(_) => page.say(&format!(
            "The broker is a part of this program and listens at {servers}."
        )),
        None => page.say(&format!(
            "The brokers are those at {servers}. All topics here begin with \"{}\".",
            stage.prefix
        )),
    }
}

async fn show(page: &mut Page, stage: &Stage, args: &DemoArgs) -> Result<(), Failure> {
    let waiting =
        page.waiting("starting a service of three instances, three more services, a client");
    let (greeters, sellers, client) = tokio::join!(
        Greeters::start(stage),
        Sellers::start(stage),
        connect(stage),
    );
    waiting.finish_and_clear();
    let (greeters, sellers, client) = (greeters?, sellers?, client?);
    greeters.show(page)?;
    single::show(page, stage, &client).await?;
    prices::show(page, stage, &client).await?;
    load::show(page, stage, &client, &greeters, args.requests).await?;
    nobody::unanswered(page, stage, &client).await?;
    nobody::unknown(page, stage, &client).await?;
    drain::show(page, stage, &client, greeters).await?;
    sellers.stop().await;
    client.close(Duration::from_secs(1)).await;
    Ok(())
}

async fn connect(stage: &Stage) -> Result<Client, Failure> {
    let config = ClientConfig {
        timeout: TIMEOUT,
        ..ClientConfig::default()
    };
    let client = Client::builder(stage.client_group())
        .kafka(stage.kafka.clone())
        .config(config)
        .instance("demo")
        .connect()
        .await?;
    Ok(client)
}

/// Fails the demonstration unless `holds`.
fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::Unexpected(otherwise()))
}
