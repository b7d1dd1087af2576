//! The request topics that a client has met.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;

use super::request_topic::RequestTopic;
use crate::transport::TopicRef;

/// Finds topics by name and by index. A topic stays for the client's life, so that calls can borrow
/// it. Bounded by the client's `max_topics`.
#[derive(Debug)]
pub(super) struct KnownTopics {
    all: Box<[OnceLock<Arc<RequestTopic>>]>,
    /// Read by every call, replaced as a whole by the few that add a topic.
    by_name: ArcSwap<HashMap<Arc<str>, u32, foldhash::fast::RandomState>>,
    adding: Mutex<()>,
}

/// This many topics are found by comparing names: for the few that most clients have, that is less
/// work than a hash.
const COMPARED: usize = 4;

impl KnownTopics {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            all: (0..limit).map(|_| OnceLock::new()).collect(),
            by_name: ArcSwap::default(),
            adding: Mutex::new(()),
        }
    }

    /// How many topics there is room for.
    pub(super) fn limit(&self) -> usize {
        self.all.len()
    }

    /// A topic that is known to exist.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<RequestTopic>> {
        self.find(name).filter(|known| !known.is_gone())
    }

    /// The topic with this index.
    pub(super) fn at(&self, index: u32) -> Option<&Arc<RequestTopic>> {
        self.all.get(index as usize)?.get()
    }

    fn find(&self, name: &str) -> Option<&Arc<RequestTopic>> {
        let first = self.all.iter().take(COMPARED).map_while(OnceLock::get);
        let mut compared = 0;
        for topic in first {
            if **topic.name() == *name {
                return Some(topic);
            }
            compared += 1;
        }
        if compared < COMPARED {
            return None;
        }
        let index = *self.by_name.load().get(name)?;
        self.at(index)
    }

    /// Adds a topic unless another caller was faster; `None` when the limit is reached.
    pub(super) fn add(
        &self,
        topic: TopicRef,
        partitions: u32,
        now: Duration,
    ) -> Option<&Arc<RequestTopic>> {
        let _alone = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.find(topic.name()) {
            known.resize(partitions);
            return Some(known);
        }
        let mut by_name = HashMap::clone(&self.by_name.load());
        let index = u32::try_from(by_name.len()).ok()?;
        let slot = self.all.get(index as usize)?;
        by_name.insert(Arc::clone(topic.name()), index);
        let added = slot.get_or_init(|| Arc::new(RequestTopic::new(index, topic, partitions, now)));
        self.by_name.store(Arc::new(by_name));
        Some(added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_by_name_and_by_index_up_to_the_limit() {
        let known = KnownTopics::new(6);
        let add = |name: &str| {
            let topic = TopicRef::new(name, Arc::new(()));
            known.add(topic, 1, Duration::ZERO)
        };
        for name in ["a", "b", "c", "d", "e", "f"] {
            assert!(known.get(name).is_none());
            assert_eq!(&**add(name).unwrap().name(), name);
        }
        for (index, name) in (0..).zip(["a", "b", "c", "d", "e", "f"]) {
            assert_eq!(known.get(name).unwrap().index, index);
            assert_eq!(&**known.at(index).unwrap().name(), name);
        }
        assert!(add("g").is_none() && known.get("g").is_none());
        assert_eq!(add("e").unwrap().index, 4);
        known.get("e").unwrap().mark_gone();
        assert!(known.get("e").is_none());
    }
}
