//! The commands.

pub(crate) mod chaos;
