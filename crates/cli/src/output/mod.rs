//! What the commands print: results on standard output, everything else on standard error.

mod causes;
mod error;
mod json;
mod numbers;
mod printer;
pub(crate) mod settings;
mod stdout;
mod table;
mod text;
pub(crate) mod topics;

pub(crate) use self::{
    error::report,
    numbers::{counted, millis, thousands},
    printer::Printer,
    settings::Verdict,
    stdout::{Show, stdout},
    text::{hint, printable},
};
