//! Requests whose reply topic the brokers have to be asked for first.

use std::time::Duration;

use antiphon_proto::AddressRefusal;

use super::{job::Ticket, outcome::refuse};
use crate::service::{
    env::ServiceEnv,
    reply::{
        address::destination,
        topics::{Destination, ReplyTopics},
    },
    request::RequestMeta,
};

/// Pause between two questions about a reply topic while the brokers do not answer; doubles up to
/// the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What keeps a handler from being started.
pub(crate) enum Obstacle {
    /// Nothing may be written to the address.
    Refused(AddressRefusal),
    /// The deadline passed while no broker said whether the address exists.
    Expired,
    /// The partition has been revoked, or the service is stopping.
    NotOurs,
}

/// Finds out where the reply goes. No handler runs before its reply address is known to exist.
pub(crate) async fn find_destination(
    env: &ServiceEnv,
    topics: &ReplyTopics,
    meta: &RequestMeta,
) -> Result<Option<Destination>, Obstacle> {
    let Some(reply) = &meta.reply else {
        return Ok(None);
    };
    let mut pause = FIRST_PAUSE;
    loop {
        match topics.find(&reply.topic, reply.partition).await {
            Ok(Some(topic)) => {
                return destination(&topic, reply, &meta.correlation_id).map_err(Obstacle::Refused);
            }
            Ok(None) => return Err(Obstacle::Refused(AddressRefusal::NoSuchPartition)),
            Err(error) => {
                tracing::debug!(%error, topic = %reply.topic, "reply topic not looked up");
            }
        }
        if meta.partition().is_revoked() || env.stopping.is_cancelled() {
            return Err(Obstacle::NotOurs);
        }
        let now = env.clock.elapsed();
        if meta.deadline.is_some_and(|deadline| now >= deadline) {
            return Err(Obstacle::Expired);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends a request whose handler is not started. One that is not ours is not done: its next owner runs
/// it.
pub(crate) fn give_up(env: &ServiceEnv, ticket: &Ticket, obstacle: &Obstacle) {
    match obstacle {
        Obstacle::Refused(refusal) => {
            refuse(env, &ticket.id(), ticket.meta.reply.as_ref(), refusal);
        }
        Obstacle::Expired => {
            env.metrics.expired.increment(1);
            ticket.meta.completion.part_done();
        }
        Obstacle::NotOurs => ticket.leave(),
    }
}
