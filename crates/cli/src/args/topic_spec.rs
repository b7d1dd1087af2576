//! A topic with its number of partitions, as an option names it.

use std::str::FromStr;

/// A topic to create: `name` or `name:partitions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicSpec {
    /// Its name.
    pub(crate) name: String,
    /// How many partitions it gets.
    pub(crate) partitions: i32,
}

/// Partitions of a topic that does not name a number.
const DEFAULT_PARTITIONS: &str = "4";

/// One process needs no more partitions than this.
const MAX_PARTITIONS: i32 = 1_000;

impl FromStr for TopicSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, partitions) = text.rsplit_once(':').unwrap_or((text, DEFAULT_PARTITIONS));
        let partitions = partitions
            .parse()
            .ok()
            .filter(|count| (1..=MAX_PARTITIONS).contains(count))
            .ok_or_else(|| {
                format!("expected NAME:PARTITIONS with 1 to {MAX_PARTITIONS} partitions")
            })?;
        if name.is_empty() {
            return Err("the topic has no name".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            partitions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_four_partitions_unless_it_says_otherwise() {
        let topic = |text: &str| text.parse::<TopicSpec>();
        assert_eq!(topic("a").unwrap().partitions, 4);
        assert_eq!(topic("a:9").unwrap().partitions, 9);
        for wrong in ["a:0", "a:x", ":3", "a:-1", "a:1001"] {
            assert!(topic(wrong).is_err(), "{wrong}");
        }
    }
}
