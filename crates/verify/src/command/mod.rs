//! The subcommands, one file each.

pub(crate) mod chaos;
pub(crate) mod check;
pub(crate) mod mutants;
pub(crate) mod simulate;
