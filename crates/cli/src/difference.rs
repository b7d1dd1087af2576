//! How an existing topic differs from the desired topic.

/// One setting in which an existing topic differs from the desired topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The name of a setting, `partitions`, or `replication factor`.
    pub(crate) name: String,
    /// The desired value.
    pub(crate) wanted: String,
    /// The value of the existing topic.
    pub(crate) found: String,
    /// Whether an option asked for the value; otherwise it is a default.
    pub(crate) asked: bool,
}
