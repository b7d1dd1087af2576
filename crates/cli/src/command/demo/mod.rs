//! `antiphon demo`: everything in short sections, each of them checked.

mod drain;
mod expect;
mod greeters;
mod load;
mod nobody;
mod page;
mod prices;
mod setup;
mod single;
mod topics;
mod wire;

use std::time::{Duration, Instant};

use antiphon::{
    Client,
    config::{ClientConfig, KafkaConfig},
};
use antiphon_kafka::redacted;

use self::{greeters::Greeters, page::Page, prices::Sellers, setup::Setup};
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
    let setup = Setup::start(brokers).await?;
    introduce(&mut page, &setup)?;
    let shown = show(&mut page, &setup, args).await;
    let tidied = setup.clean_up(&mut page).await;
    shown.and(tidied)?;
    let took = begun.elapsed().as_secs_f64();
    page.say(&format!("Everything went as it should, in {took:.1} s."))
}

fn introduce(page: &mut Page, setup: &Setup) -> Result<(), Failure> {
    page.title("Antiphon: request and reply over Kafka")?;
    page.say(
        "A client writes a request to a Kafka topic; a service reads it, does the work, and writes\n\
         the reply to a topic of the client's. Whatever goes wrong, the client gets one answer, and\n\
         it says whether the work was done.",
    )?;
    let servers = redacted("", &setup.kafka.bootstrap_servers);
    match &setup.broker {
        Some(_) => page.say(&format!(
            "The broker is a part of this program and listens at {servers}."
        )),
        None => page.say(&format!(
            "The brokers are those at {servers}. All topics here begin with \"{}\".",
            setup.prefix
        )),
    }
}

async fn show(page: &mut Page, setup: &Setup, args: &DemoArgs) -> Result<(), Failure> {
    let waiting =
        page.waiting("starting a service of three instances, three more services, a client");
    let (greeters, sellers, client) = tokio::join!(
        Greeters::start(setup),
        Sellers::start(setup),
        connect(setup),
    );
    waiting.finish_and_clear();
    let (greeters, sellers, client) = (greeters?, sellers?, client?);
    greeters.show(page)?;
    single::show(page, setup, &client).await?;
    prices::show(page, setup, &client).await?;
    load::show(page, setup, &client, &greeters, args.requests).await?;
    nobody::unanswered(page, setup, &client).await?;
    nobody::unknown(page, setup, &client).await?;
    drain::show(page, setup, &client, greeters).await?;
    sellers.stop().await;
    client.close(Duration::from_secs(1)).await;
    Ok(())
}

async fn connect(setup: &Setup) -> Result<Client, Failure> {
    let config = ClientConfig {
        timeout: TIMEOUT,
        ..ClientConfig::default()
    };
    let client = Client::builder(setup.client_group())
        .kafka(setup.kafka.clone())
        .config(config)
        .instance("demo")
        .connect()
        .await?;
    Ok(client)
}
