//! Requests without a reply, and their errors.

use std::time::{Duration, Instant};

use antiphon::{Client, Executed, RequestError, RequestErrorKind};

use super::{expect::expect, page::Page, setup::Setup};
use crate::{failure::Failure, output::millis};

/// The timeout of the requests.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A request to a topic that no service reads.
pub(super) async fn unanswered(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
) -> Result<(), Failure> {
    page.section("A request without a reply")?;
    page.paragraph(
        "The topic exists, but no service reads it. After a second the call times out. The request is\n\
         in Kafka: a service may have read it and crashed before it replied, and the client cannot\n\
         tell the two apart. Whether the work ran is therefore \"maybe\".",
    )?;
    let error = fail(page, client, &setup.unserved()).await?;
    let right = error.kind() == RequestErrorKind::TimedOut && error.executed() == Executed::Maybe;
    expect(right, || format!("another error: {error}"))
}

/// A request to a topic that does not exist.
pub(super) async fn unknown(
    page: &mut Page,
    setup: &Setup,
    client: &Client,
) -> Result<(), Failure> {
    let topic = setup.misspelt();
    page.section("A request to a topic that does not exist")?;
    page.paragraph(
        "A request never creates a topic. Nothing was sent, so the work did not run: a retry with the\n\
         right name is safe.",
    )?;
    let error = fail(page, client, &topic).await?;
    let right = error.kind() == RequestErrorKind::UnknownTopic && error.executed() == Executed::No;
    expect(right, || format!("another error: {error}"))?;
    let found = setup.partitions(&topic).await?;
    expect(found.is_none(), || format!("the topic {topic} was created"))
}

/// Sends a request that must fail, and shows its error.
async fn fail(page: &mut Page, client: &Client, topic: &str) -> Result<RequestError, Failure> {
    let waiting = page.waiting("waiting for the timeout");
    let begun = Instant::now();
    let request = client.request(topic).value("hello").timeout(TIMEOUT);
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
