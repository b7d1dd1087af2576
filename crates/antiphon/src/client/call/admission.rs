//! What has to hold before a call may be sent. Every refusal says that nothing was executed.

use std::{sync::Arc, time::Duration};

use antiphon_proto::mutant;
use tokio::time::timeout;

use super::{
    super::{
        inner::Inner,
        request::{Destination, RequestParts},
        topics::RequestTopic,
    },
    permit::Permit,
};
use crate::{
    error::RequestError,
    telemetry::{metrics::TopicMetrics, trace},
};

/// A call that may be sent: it has its topic and its permit.
pub(crate) struct Admitted {
    pub(crate) parts: Box<RequestParts>,
    /// The index of the request topic.
    pub(crate) topic: u32,
    pub(crate) permit: Permit,
    /// When it was admitted, and when it has to end, on the client's clock.
    pub(crate) at: Duration,
    pub(crate) deadline: Duration,
}

const NOT_IN_TIME: &str = "the deadline passed before the request was sent";

/// Admits a call, with all the waits that may be needed.
pub(crate) async fn admit(
    client: Arc<Inner>,
    parts: Box<RequestParts>,
) -> Result<Admitted, RequestError> {
    match admit_at_once(client, parts) {
        Ok(admitted) => Ok(admitted),
        Err((client, parts)) => admit_later(client, parts).await,
    }
}

/// The common case: nothing to wait for, and nothing wrong. Otherwise client and request come back,
/// for [`admit_later`].
pub(super) fn admit_at_once(
    client: Arc<Inner>,
    parts: Box<RequestParts>,
) -> Result<Admitted, (Arc<Inner>, Box<RequestParts>)> {
    let at = client.clock.elapsed();
    let Some(topic) = ready_topic(&client, &parts, at) else {
        return Err((client, parts));
    };
    let deadline = at.saturating_add(timeout_of(&client, &parts));
    match Permit::at_once(client, parts.weight()) {
        Err(client) => Err((client, parts)),
        Ok(permit) => Ok(Admitted {
            parts,
            topic,
            permit,
            at,
            deadline,
        }),
    }
}

/// With all the waits that may be needed, and with the reason of a refusal.
pub(super) async fn admit_later(
    client: Arc<Inner>,
    parts: Box<RequestParts>,
) -> Result<Admitted, RequestError> {
    let limit = timeout_of(&client, &parts);
    let deadline = client.clock.elapsed().saturating_add(limit);
    match admit_until(&client, &parts, deadline).await {
        Ok((topic, permit, at)) => Ok(Admitted {
            deadline: if mutant!("timeout_begins_at_send") {
                at.saturating_add(limit)
            } else {
                deadline
            },
            parts,
            topic,
            permit,
            at,
        }),
        Err(error) => {
            let error = error.on(&parts.topic(&client.topics).into(), None);
            count_refusal(&client, &error);
            Err(error)
        }
    }
}

/// Whether a call that is in the table may go out. From the insert on it ends if the path is lost;
/// a gather may have been admitted long before.
pub(super) fn may_send(inner: &Inner, left: Duration) -> Result<(), RequestError> {
    if left.is_zero() {
        return Err(RequestError::too_late(NOT_IN_TIME));
    }
    match inner.path.is_ready() {
        true => Ok(()),
        false if inner.limits.is_closing() => Err(RequestError::closed()),
        false => Err(RequestError::not_ready(
            "the reply path was lost before the request was sent",
        )),
    }
}

/// The topic, when the request is valid and nothing has to be waited for but a permit.
fn ready_topic(inner: &Inner, parts: &RequestParts, now: Duration) -> Option<u32> {
    if inner.limits.is_closing()
        || !inner.path.is_ready()
        || parts.check(inner.limits.max_payload()).is_err()
    {
        return None;
    }
    let topic = known(inner, parts)?;
    inner.topics.refresh_if_due(topic, now);
    Some(topic.index)
}

async fn admit_until(
    client: &Arc<Inner>,
    parts: &RequestParts,
    deadline: Duration,
) -> Result<(u32, Permit, Duration), RequestError> {
    if client.limits.is_closing() {
        return Err(RequestError::closed());
    }
    parts.check(client.limits.max_payload())?;
    let topic = match known(client, parts) {
        Some(topic) => topic.index,
        None => {
            let name = parts.topic(&client.topics);
            client.topics.resolve(name, deadline).await?;
            let topic = client.topics.get(name);
            topic
                .ok_or_else(|| RequestError::unknown_topic(name))?
                .index
        }
    };
    let mut permit = Permit::until(client, parts.weight(), deadline).await?;
    // A close does not wait for a call that has not been sent.
    permit.hold();
    path_ready(client, deadline).await?;
    let now = client.clock.elapsed();
    if now >= deadline {
        return Err(RequestError::too_late(NOT_IN_TIME));
    }
    Ok((topic, permit, now))
}

async fn path_ready(inner: &Inner, deadline: Duration) -> Result<(), RequestError> {
    if inner.path.is_ready() {
        return Ok(());
    }
    if inner.limits.fail_fast() {
        return Err(RequestError::not_ready("the reply path is being reopened"));
    }
    match timeout(inner.limits.left(deadline), inner.path.wait_ready()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(RequestError::closed()),
        Err(_) => Err(RequestError::not_ready(
            "the reply path was being reopened until the deadline",
        )),
    }
}

fn known<'a>(inner: &'a Inner, parts: &RequestParts) -> Option<&'a Arc<RequestTopic>> {
    match &parts.to {
        Destination::Known(index) => inner.topics.at(*index).filter(|topic| !topic.is_gone()),
        Destination::Named(name) => inner.topics.get(name),
    }
}

fn timeout_of(inner: &Inner, parts: &RequestParts) -> Duration {
    parts.timeout.unwrap_or(inner.config.timeout)
}

/// Counts a call that ended before it had a slot. An unknown topic is no label: callers can make up
/// any number of names.
fn count_refusal(inner: &Inner, error: &RequestError) {
    trace::failed(error);
    let topic = error.topic().and_then(|topic| inner.topics.get(topic));
    TopicMetrics::failed(
        topic.map_or("", |topic| topic.name()),
        error.kind().as_str(),
        error.executed().as_str(),
    );
}
