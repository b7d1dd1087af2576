//! What a rebalance means for the requests in hand.

use std::{sync::Arc, time::Duration};

use antiphon_proto::mutant;
use futures::future::BoxFuture;

use crate::{
    service::{
        capacity::Capacity,
        membership::Membership,
        partitions::{self, Partitions},
        reply::ReplySender,
    },
    transport::{GroupEvents, PartitionOffset, TopicPartition},
};

pub(crate) struct Rebalance {
    pub(crate) membership: Arc<Membership>,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) sender: Arc<ReplySender>,
    /// How long a revocation waits for running handlers.
    pub(crate) timeout: Duration,
}

impl GroupEvents for Rebalance {
    fn assigned(&self, partitions: &[TopicPartition]) {
        tracing::info!(partitions = %list(partitions), "partitions assigned");
        self.partitions.assign(partitions);
        self.membership.assigned();
    }

    /// Starts no more work on the partitions, and gives running handlers time to end. The offsets of
    /// those that end are committed, so the next owner does not repeat them.
    fn revoked(
        &self,
        partitions: &[TopicPartition],
        lost: bool,
    ) -> BoxFuture<'static, Vec<PartitionOffset>> {
        tracing::info!(partitions = %list(partitions), lost, "partitions revoked");
        let gone = self.partitions.revoke(partitions);
        let (capacity, sender) = (Arc::clone(&self.capacity), Arc::clone(&self.sender));
        let limit = self.timeout;
        Box::pin(async move {
            if lost {
                // Another instance owns them already; a commit would be refused.
                return Vec::new();
            }
            let idle = || {
                sender.settle();
                mutant!("revoke_does_not_wait") || partitions::all_idle(&gone)
            };
            if tokio::time::timeout(limit, capacity.until(idle))
                .await
                .is_err()
            {
                tracing::warn!(
                    ?limit,
                    "handlers of revoked partitions go on; their requests will be delivered again"
                );
            }
            sender.settle();
            partitions::take_last_commits(&gone)
        })
    }
}

fn list(partitions: &[TopicPartition]) -> String {
    let names = partitions
        .iter()
        .map(|at| format!("{}/{}", at.topic, at.partition));
    names.collect::<Vec<_>>().join(" ")
}
