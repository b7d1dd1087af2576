//! The border to C.

pub(crate) mod c_string;
pub(crate) mod deadline;
pub(crate) mod sys;
