//! What a rebalance means for the work in hand.

use std::sync::{Arc, atomic::Ordering};

use antiphon_proto::mutant;
use futures::future::BoxFuture;

use crate::service::{inner::Inner, partitions};
use crate::transport::{GroupEvents, PartitionOffset, TopicPartition};

pub(crate) struct Rebalance {
    pub(crate) inner: Arc<Inner>,
}

impl GroupEvents for Rebalance {
    fn assigned(&self, partitions: &[TopicPartition]) {
        tracing::info!(partitions = %list(partitions), "partitions assigned");
        self.inner.partitions.assign(partitions);
        self.inner.ready.store(true, Ordering::Release);
        self.inner.assigned.notify_waiters();
    }

    /// No new work on partitions that go; what runs is given time to end, so that its offset goes
    /// with them and the next owner need not do it again.
    fn revoked(
        &self,
        partitions: &[TopicPartition],
        lost: bool,
    ) -> BoxFuture<'static, Vec<PartitionOffset>> {
        tracing::info!(partitions = %list(partitions), lost, "partitions revoked");
        let gone = self.inner.partitions.revoke(partitions);
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            if lost {
                // They belong to somebody else already; a commit would be refused.
                return Vec::new();
            }
            let limit = inner.config.revoke_timeout;
            let idle = || {
                inner.settle();
                mutant!("revoke_does_not_wait") || partitions::all_idle(&gone)
            };
            if tokio::time::timeout(limit, inner.waiters.progress.until(idle))
                .await
                .is_err()
            {
                tracing::warn!(
                    ?limit,
                    "handlers of revoked partitions go on; their requests will be delivered again"
                );
            }
            inner.settle();
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
