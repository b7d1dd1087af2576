//! Which handler a request belongs to.

use std::{collections::HashMap, sync::Arc};

use super::handler::Handler;

/// The handlers of a service, by topic and operation.
#[derive(Default)]
pub(crate) struct Routes {
    topics: HashMap<Arc<str>, TopicRoutes>,
}

#[derive(Default)]
struct TopicRoutes {
    plain: Option<Arc<dyn Handler>>,
    operations: HashMap<String, Arc<dyn Handler>>,
}

impl Routes {
    /// Adds a handler; false when one stands there already.
    #[must_use]
    pub(crate) fn add(
        &mut self,
        topic: &str,
        operation: Option<&str>,
        handler: Arc<dyn Handler>,
    ) -> bool {
        let routes = self.topics.entry(topic.into()).or_default();
        match operation {
            None => routes.plain.replace(handler).is_none(),
            Some(operation) => routes
                .operations
                .insert(operation.to_owned(), handler)
                .is_none(),
        }
    }

    /// Wraps every handler.
    pub(crate) fn wrap(&mut self, wrap: impl Fn(Arc<dyn Handler>) -> Arc<dyn Handler>) {
        for routes in self.topics.values_mut() {
            let operations = routes.operations.values_mut();
            for handler in routes.plain.iter_mut().chain(operations) {
                *handler = wrap(Arc::clone(handler));
            }
        }
    }

    pub(crate) fn find(&self, topic: &str, operation: Option<&str>) -> Option<&Arc<dyn Handler>> {
        let routes = self.topics.get(topic)?;
        match operation {
            None => routes.plain.as_ref(),
            Some(operation) => routes.operations.get(operation),
        }
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.keys()
    }
}
