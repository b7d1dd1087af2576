//! `antiphon demo`: what Antiphon does, in short sections with checked results.

mod drain;
mod expect;
mod greeters;
mod load;
mod no_reply;
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

/// The timeout of calls in sections that are not about timeouts. No such call should take this long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs all sections, on `brokers` or on an embedded broker.
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
    let cleaned = setup.clean_up(&mut page).await;
    shown.and(cleaned)?;
    let took = begun.elapsed().as_secs_f64();
    page.paragraph(&format!(
        "All steps had the expected result, in {took:.1} s."
    ))
}

fn introduce(page: &mut Page, setup: &Setup) -> Result<(), Failure> {
    page.title("Antiphon: request and reply over Kafka")?;
    page.paragraph(
        "A client writes a request to a Kafka topic. A service reads it, does the work, and writes the\n\
         reply to the reply topic of the client. Each call ends with one result, a reply or an error,\n\
         and the error tells whether the work ran.",
    )?;
    let servers = redacted("", &setup.kafka.bootstrap_servers);
    match &setup.broker {
        Some(_) => page.paragraph(&format!(
            "The broker is embedded in this program and listens at {servers}."
        )),
        None => page.paragraph(&format!(
            "The brokers are at {servers}. The names of all topics begin with \"{}\".",
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
    no_reply::unanswered(page, setup, &client).await?;
    no_reply::unknown(page, setup, &client).await?;
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
