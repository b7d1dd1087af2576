//! What a rebalance means for the work in hand.

use std::sync::{Arc, atomic::Ordering};

use antiphon_proto::mutant;
use futures::future::BoxFuture;

use super::{core::ServiceCore, partitions};
use crate::transport::{GroupEvents, PartitionOffset, TopicPartition};

pub(crate) struct Membership {
    pub(crate) core: Arc<ServiceCore>,
}

impl GroupEvents for Membership {
    fn assigned(&self, partitions: &[TopicPartition]) {
        tracing::info!(partitions = %list(partitions), "partitions assigned");
        self.core.partitions.assign(partitions);
        self.core.ready.store(true, Ordering::Release);
        self.core.assigned.notify_waiters();
    }

    /// No new work on partitions that go; what runs is given time to end, so that its offset goes
    /// with them and the next owner need not do it again.
    fn revoked(
        &self,
        partitions: &[TopicPartition],
        lost: bool,
    ) -> BoxFuture<'static, Vec<PartitionOffset>> {
        tracing::info!(partitions = %list(partitions), lost, "partitions revoked");
        let gone = self.core.partitions.revoke(partitions);
        let core = Arc::clone(&self.core);
        Box::pin(async move {
            if lost {
                // They belong to somebody else already; a commit would be refused.
                return Vec::new();
            }
            let limit = core.config.revoke_timeout;
            let idle = || {
                core.settle();
                mutant!("revoke_does_not_wait") || partitions::all_idle(&gone)
            };
            if tokio::time::timeout(limit, core.waiters.progress.until(idle))
                .await
                .is_err()
            {
                tracing::warn!(
                    ?limit,
                    "handlers of revoked partitions go on; their requests will be delivered again"
                );
            }
            core.settle();
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
