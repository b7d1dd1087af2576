//! How many partitions a topic has: asked once for all callers, and kept for a while.

mod lookup;

pub(crate) use self::lookup::Lookups;
