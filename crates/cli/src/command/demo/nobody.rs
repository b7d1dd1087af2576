//! Requests without an answer: what the client knows about each.

use std::time::{Duration, Instant};

use antiphon::{Client, Executed, RequestError, RequestErrorKind};

use super::{expect::expect, page::Page, setup::Setup};
use crate::{failure::Failure, output::millis};

/// How long the request waits that nobody answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// A topic that no service reads.
pub(super) async fn unanswered(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
) -> Result<(), Failure> {
    page.section("A request that nobody answers")?;
    page.say(
        "The topic exists, but no service reads it. After a second the call ends. The request stands\n\
         in Kafka: a service could have read it and died before it replied, and from here that looks\n\
         the same. So the answer to \"did it run?\" is: maybe.",
    )?;
    let error = fail(page, client, &setup.silent()).await?;
    let right = error.kind() == RequestErrorKind::TimedOut && error.executed() == Executed::Maybe;
    expect(right, || format!("another error: {error}"))
}

/// A topic that does not exist.
pub(super) async fn unknown(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
) -> Result<(), Failure> {
    let topic = setup.misspelt();
    page.section("A request to a topic that does not exist")?;
    page.say(
        "A request never creates a topic. Nothing was sent, so nothing ran: it is safe to try again,\n\
         with the right name.",
    )?;
    let error = fail(page, client, &topic).await?;
    let right = error.kind() == RequestErrorKind::UnknownTopic && error.executed() == Executed::No;
    expect(right, || format!("another error: {error}"))?;
    let found = setup.partitions(&topic).await?;
    expect(found.is_none(), || format!("the topic {topic} was created"))
}

/// Sends a request that fails, and shows its error.
async fn fail(page: &mut Page, client: &Client, topic: &str) -> Result<RequestError, Failure> {
    let waiting = page.waiting("waiting for a reply that does not come");
    let begun = Instant::now();
    let request = client.request(topic).value("anybody?").timeout(PATIENCE);
    let ended = request.send().await;
    waiting.finish_and_clear();
    let Err(error) = ended else {
        return Err(Failure::Unexpected(format!("a reply came from {topic}")));
    };
    page.facts(&[
        ("topic", topic.to_owned()),
        ("error", error.kind().as_str().to_owned()),
        ("executed", error.executed().to_string()),
        ("took", millis(begun.elapsed())),
        ("message", error.to_string()),
    ])?;
    Ok(error)
}
