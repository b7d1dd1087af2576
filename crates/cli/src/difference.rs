//! How a topic that exists differs from what was asked for.

/// One thing in which a topic that exists is not as the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// A setting, or `partitions`, or `replication factor`.
    pub(crate) name: String,
    /// As the wish has it.
    pub(crate) wanted: String,
    /// As the topic has it.
    pub(crate) found: String,
    /// Whether it was asked for; otherwise it is only not the default.
    pub(crate) asked: bool,
}
