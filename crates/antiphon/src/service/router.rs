//! Which handler a request belongs to.

use std::{collections::HashMap, sync::Arc};

use super::handler::Handler;

/// A fast hash: every request looks one up, and only the service adds names.
type ByName<T> = HashMap<Arc<str>, T, foldhash::fast::RandomState>;

/// The handlers of a service, by topic and operation.
#[derive(Default)]
pub(crate) struct Routes {
    topics: ByName<TopicRoutes>,
    served: Vec<Served>,
}

#[derive(Default)]
struct TopicRoutes {
    plain: Option<Route>,
    operations: ByName<Route>,
}

/// A handler, and the operation that it serves.
struct Served {
    handler: Arc<dyn Handler>,
    operation: Option<Arc<str>>,
}

/// A handler of a service, by its number, so that a request counts no reference to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route(usize);

impl Routes {
    /// Adds a handler; false when there is one already.
    #[must_use]
    pub(crate) fn add(
        &mut self,
        topic: &str,
        operation: Option<&str>,
        handler: Arc<dyn Handler>,
    ) -> bool {
        let route = Route(self.served.len());
        let operation: Option<Arc<str>> = operation.map(Into::into);
        let routes = self.topics.entry(topic.into()).or_default();
        let before = match &operation {
            None => routes.plain.replace(route),
            Some(operation) => routes.operations.insert(Arc::clone(operation), route),
        };
        self.served.push(Served { handler, operation });
        before.is_none()
    }

    /// Wraps every handler.
    pub(crate) fn wrap(&mut self, wrap: impl Fn(Arc<dyn Handler>) -> Arc<dyn Handler>) {
        for one in &mut self.served {
            one.handler = wrap(Arc::clone(&one.handler));
        }
    }

    pub(crate) fn find(&self, topic: &str, operation: Option<&str>) -> Option<Route> {
        let routes = self.topics.get(topic)?;
        match operation {
            None => routes.plain,
            Some(operation) => routes.operations.get(operation).copied(),
        }
    }

    pub(crate) fn handler(&self, route: Route) -> Option<&dyn Handler> {
        self.served.get(route.0).map(|one| &*one.handler)
    }

    /// The operation's name: the service's copy, which requests share.
    pub(crate) fn operation(&self, route: Route) -> Option<&Arc<str>> {
        self.served.get(route.0)?.operation.as_ref()
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.keys()
    }
}
