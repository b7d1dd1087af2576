//! Which handler a request belongs to.

use std::{collections::HashMap, sync::Arc};

use super::handler::Handler;

/// Looked up for each request; the names are the service's own.
type ByName<T> = HashMap<Arc<str>, T, foldhash::fast::RandomState>;

/// The handlers of a service, by topic and operation.
#[derive(Default)]
pub(crate) struct Routes {
    topics: ByName<TopicRoutes>,
    handlers: Vec<Arc<dyn Handler>>,
}

#[derive(Default)]
struct TopicRoutes {
    plain: Option<Route>,
    operations: ByName<Route>,
}

/// A handler of a service, by its number: a request on its way counts no reference to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route(usize);

impl Routes {
    /// Adds a handler; false when one stands there already.
    #[must_use]
    pub(crate) fn add(
        &mut self,
        topic: &str,
        operation: Option<&str>,
        handler: Arc<dyn Handler>,
    ) -> bool {
        let route = Route(self.handlers.len());
        let routes = self.topics.entry(topic.into()).or_default();
        let before = match operation {
            None => routes.plain.replace(route),
            Some(operation) => routes.operations.insert(operation.into(), route),
        };
        self.handlers.push(handler);
        before.is_none()
    }

    /// Wraps every handler.
    pub(crate) fn wrap(&mut self, wrap: impl Fn(Arc<dyn Handler>) -> Arc<dyn Handler>) {
        for handler in &mut self.handlers {
            *handler = wrap(Arc::clone(handler));
        }
    }

    /// The route, and the operation's name as the service has it.
    pub(crate) fn find(
        &self,
        topic: &str,
        operation: Option<&str>,
    ) -> Option<(Route, Option<Arc<str>>)> {
        let routes = self.topics.get(topic)?;
        match operation {
            None => routes.plain.map(|route| (route, None)),
            Some(operation) => {
                let (name, route) = routes.operations.get_key_value(operation)?;
                Some((*route, Some(Arc::clone(name))))
            }
        }
    }

    pub(crate) fn handler(&self, route: Route) -> Option<&Arc<dyn Handler>> {
        self.handlers.get(route.0)
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.keys()
    }
}
