//! The parts of one running service, and how they are put together.

use std::sync::Arc;

use tokio::{runtime::Handle, sync::mpsc};

use super::{
    capacity::Capacity,
    env::ServiceEnv,
    intake::{Batch, Intake, admission::Admission, rebalance::Rebalance},
    membership::Membership,
    partitions::Partitions,
    reply::{
        ReplySender, address::Allowed, encoder::Encoder, topics::ReplyTopics,
        unacknowledged::Unacknowledged,
    },
    router::Routes,
    run::{Executor, Handlers, pump},
};
use crate::{
    config::{FirstPoll, ServiceConfig},
    error::StartError,
    transport::{PublisherLimits, Transport},
};

/// What the handle of a service needs. No part knows it.
pub(crate) struct Inner {
    pub(crate) env: Arc<ServiceEnv>,
    pub(crate) membership: Arc<Membership>,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) sender: Arc<ReplySender>,
}

/// Settings and routes that have been checked.
pub(crate) struct Plan {
    pub(crate) name: String,
    /// What replies say about their responder.
    pub(crate) responder: String,
    pub(crate) group: String,
    pub(crate) topics: Vec<String>,
    pub(crate) routes: Routes,
    pub(crate) config: ServiceConfig,
}

impl Inner {
    /// Makes the parts, from the ground up, and joins the group.
    pub(crate) fn start(transport: &Arc<dyn Transport>, plan: Plan) -> Result<Self, StartError> {
        let config = &plan.config;
        let allowed = Allowed::new(config, plan.topics.iter().cloned())?;
        let env = ServiceEnv::new(transport.clock(), Handle::current(), &plan.name);
        let env = Arc::new(env);
        let membership = Arc::new(Membership::new());
        let capacity = Arc::new(Capacity::new(config, &membership));
        let partitions = Arc::new(Partitions::new(Arc::clone(&env)));
        let unacknowledged = Arc::new(Unacknowledged::new(&env, &capacity));
        let limits = PublisherLimits {
            queue: config.max_unacknowledged,
            message_timeout: None,
        };
        let publisher = transport
            .publisher(limits, Arc::clone(&unacknowledged) as _)
            .map_err(|error| StartError::transport("cannot start a producer", error))?;
        let topics = ReplyTopics::new(
            config.max_reply_topics,
            Arc::clone(transport),
            Arc::clone(&publisher),
        );
        let encoder = Encoder::new(plan.responder);
        let inner = Self {
            sender: ReplySender::start(&env, encoder, publisher, unacknowledged),
            env,
            membership,
            capacity,
            partitions,
        };
        let handlers = Arc::new(Handlers {
            env: Arc::clone(&inner.env),
            capacity: Arc::clone(&inner.capacity),
            routes: plan.routes,
            topics: Arc::new(topics),
            sender: Arc::clone(&inner.sender),
            timeout: config.handler_timeout,
        });
        let admission = Admission::new(&inner.env, allowed, config.clock_skew);
        let intake = inner.intake(config, admission, &handlers);
        let subscription = transport
            .join_group(
                &plan.group,
                &plan.topics,
                Box::new(intake),
                inner.rebalance(config),
            )
            .map_err(|error| {
                StartError::transport(format!("cannot join the group {}", plan.group), error)
            })?;
        inner.membership.joined(subscription);
        Ok(inner)
    }

    fn intake(
        &self,
        config: &ServiceConfig,
        admission: Admission,
        handlers: &Arc<Handlers>,
    ) -> Intake {
        let on_runtime = config.first_poll == FirstPoll::Runtime;
        let pump = on_runtime.then(|| {
            let (sender, batches) = mpsc::channel(config.concurrency as usize + 1);
            self.env
                .runtime
                .spawn(pump(Executor::new(handlers), batches));
            sender
        });
        Intake {
            env: Arc::clone(&self.env),
            membership: Arc::clone(&self.membership),
            capacity: Arc::clone(&self.capacity),
            partitions: Arc::clone(&self.partitions),
            sender: Arc::clone(&self.sender),
            admission,
            executor: Executor::new(handlers),
            pump,
            commit_interval: config.commit_interval,
            batch: Batch::default(),
        }
    }

    fn rebalance(&self, config: &ServiceConfig) -> Arc<Rebalance> {
        Arc::new(Rebalance {
            membership: Arc::clone(&self.membership),
            partitions: Arc::clone(&self.partitions),
            capacity: Arc::clone(&self.capacity),
            sender: Arc::clone(&self.sender),
            timeout: config.revoke_timeout,
        })
    }

    /// Requests that run, and replies that the brokers have not acknowledged.
    pub(crate) fn in_hand(&self) -> usize {
        self.sender.settle();
        self.capacity.in_hand()
    }
}
