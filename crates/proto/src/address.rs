use std::collections::HashSet;

const MAX_TOPIC: usize = 249;

/// Where a requester wants its reply, as the request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyAddress<'a> {
    /// The topic named by the request.
    pub topic: &'a str,
    /// The partition, if the requester reads fixed partitions.
    pub partition: Option<i32>,
}

/// Why a responder does not write to the address that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AddressRefusal {
    /// Kafka accepts no topic of this name.
    #[error("the reply topic is not a legal topic name")]
    IllegalName,
    /// The name starts with `__`: a topic of Kafka itself.
    #[error("the reply topic is internal to Kafka")]
    Internal,
    /// A request topic of this service: it would read the reply as a request.
    #[error("the reply topic is a request topic of this service")]
    RequestTopic,
    /// The name is legal, but no rule allows it.
    #[error("the reply topic is not on the allow-list")]
    NotAllowed,
    /// The topic does not have this partition.
    #[error("the reply partition does not exist")]
    NoSuchPartition,
}

/// The topics that a responder may write replies to, whatever a request asks for.
///
/// ```
/// use antiphon_proto::{AddressRefusal, AllowList};
///
/// let list = AllowList::default().with_request_topic("orders").with_name("answers");
/// assert_eq!(list.check("web.replies"), Ok(()));
/// assert_eq!(list.check("answers"), Ok(()));
/// assert_eq!(list.check("orders"), Err(AddressRefusal::RequestTopic));
/// assert_eq!(list.check("payments"), Err(AddressRefusal::NotAllowed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList {
    request_topics: HashSet<String>,
    names: HashSet<String>,
    default_suffixes: bool,
}

impl Default for AllowList {
    /// Allows the names that [`has_default_suffix`] accepts.
    fn default() -> Self {
        Self {
            request_topics: HashSet::new(),
            names: HashSet::new(),
            default_suffixes: true,
        }
    }
}

impl AllowList {
    /// Allows no topic.
    pub fn none() -> Self {
        Self {
            default_suffixes: false,
            ..Self::default()
        }
    }

    /// Adds a topic that this service reads requests from. No rule allows replies to it.
    #[must_use]
    pub fn with_request_topic(mut self, topic: impl Into<String>) -> Self {
        self.request_topics.insert(topic.into());
        self
    }

    /// Allows one topic by name.
    #[must_use]
    pub fn with_name(mut self, topic: impl Into<String>) -> Self {
        self.names.insert(topic.into());
        self
    }

    /// Whether the list allows the topic by its name or its suffix.
    ///
    /// # Errors
    /// The reason why the topic is refused.
    pub fn check(&self, topic: &str) -> Result<(), AddressRefusal> {
        self.check_or(topic, |_| false)
    }

    /// Like [`check`](Self::check), with a further rule of the caller's, such as patterns. `allows` runs last, so it
    /// cannot allow an illegal name, an internal topic or a request topic.
    ///
    /// # Errors
    /// The reason why the topic is refused.
    pub fn check_or(
        &self,
        topic: &str,
        allows: impl FnOnce(&str) -> bool,
    ) -> Result<(), AddressRefusal> {
        if !is_legal_topic_name(topic) {
            return Err(AddressRefusal::IllegalName);
        }
        if topic.starts_with("__") {
            return Err(AddressRefusal::Internal);
        }
        if self.request_topics.contains(topic) {
            return Err(AddressRefusal::RequestTopic);
        }
        let listed =
            self.names.contains(topic) || (self.default_suffixes && has_default_suffix(topic));
        if listed || allows(topic) {
            Ok(())
        } else {
            Err(AddressRefusal::NotAllowed)
        }
    }
}

impl ReplyAddress<'_> {
    /// Whether the address names a partition that exists. `partitions` is the number of the topic's partitions. An
    /// address without a partition is right if the topic has any.
    ///
    /// # Errors
    /// [`AddressRefusal::NoSuchPartition`].
    pub fn check_partition(&self, partitions: u32) -> Result<(), AddressRefusal> {
        let wanted = u32::try_from(self.partition.unwrap_or(0));
        if wanted.is_ok_and(|wanted| wanted < partitions) {
            Ok(())
        } else {
            Err(AddressRefusal::NoSuchPartition)
        }
    }
}

/// Whether Kafka accepts this topic name: 1 to 249 characters of `a-z A-Z 0-9 . _ -`, but neither `.` nor `..`.
pub fn is_legal_topic_name(name: &str) -> bool {
    (1..=MAX_TOPIC).contains(&name.len())
        && !matches!(name, "." | "..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether the name has the suffix of a reply topic: `.replies`, `-replies`, `.reply` or `-reply`.
pub fn has_default_suffix(name: &str) -> bool {
    [".replies", "-replies", ".reply", "-reply"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_kafka_refuses_are_illegal() {
        let long = "x".repeat(250);
        for name in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "a\0",
            "\u{e4}.replies",
            long.as_str(),
        ] {
            assert_eq!(
                AllowList::default().check_or(name, |_| true),
                Err(AddressRefusal::IllegalName),
                "{name}"
            );
        }
    }

    #[test]
    fn a_pattern_cannot_allow_internal_or_request_topics() {
        let list = AllowList::default().with_request_topic("orders.replies");
        assert_eq!(
            list.check_or("__consumer_offsets", |_| true),
            Err(AddressRefusal::Internal)
        );
        assert_eq!(
            list.check_or("__x.replies", |_| true),
            Err(AddressRefusal::Internal)
        );
        assert_eq!(
            list.check_or("orders.replies", |_| true),
            Err(AddressRefusal::RequestTopic)
        );
    }

    #[test]
    fn only_default_suffixes_configured_names_and_patterns_are_allowed() {
        let list = AllowList::default().with_name("answers");
        for name in [
            "web.replies",
            "web-replies",
            "web.reply",
            "web-reply",
            "answers",
        ] {
            assert_eq!(list.check(name), Ok(()), "{name}");
        }
        assert_eq!(list.check("orders"), Err(AddressRefusal::NotAllowed));
        assert_eq!(
            list.check_or("orders", |name| name.starts_with("ord")),
            Ok(())
        );
        assert_eq!(
            AllowList::none().check("web.replies"),
            Err(AddressRefusal::NotAllowed)
        );
    }

    #[test]
    fn the_partition_must_exist() {
        let at = |partition| ReplyAddress {
            topic: "web.replies",
            partition,
        };
        assert_eq!(at(Some(2)).check_partition(3), Ok(()));
        assert_eq!(at(None).check_partition(1), Ok(()));
        for (partition, partitions) in [(Some(3), 3), (Some(-1), 3), (None, 0)] {
            assert_eq!(
                at(partition).check_partition(partitions),
                Err(AddressRefusal::NoSuchPartition)
            );
        }
    }
}
