//! How results are printed.

use std::io::Write;

use antiphon::{Gathered, Reply};

use super::{
    json,
    stdout::{Show, stdout},
    text,
};
use crate::{failure::Failure, form::Form};

/// The output form and level of detail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    /// The form.
    pub(crate) form: Form,
    /// Whether to print headers.
    pub(crate) verbose: bool,
    /// Whether to print only results and errors.
    pub(crate) quiet: bool,
}

impl Printer {
    /// Whether the output contains the headers of replies, so that the client must read them.
    pub(crate) fn shows_headers(self) -> bool {
        self.verbose || self.form == Form::Json
    }

    /// Prints the reply of a request.
    pub(crate) fn reply(self, topic: &str, reply: &Reply) -> Result<(), Failure> {
        if self.verbose && self.form != Form::Json {
            text::headers(reply);
        }
        stdout(|out| match self.form {
            Form::Text => text::line(out, reply.value()),
            Form::Json => json::reply(out, topic, reply),
            Form::Raw => out.write_all(reply.value()),
        })
    }

    /// Prints the replies of a scatter or gather, then those that are missing.
    pub(crate) fn gathered(self, gathered: &Gathered) -> Result<(), Failure> {
        stdout(|out| {
            for one in &gathered.replies {
                match self.form {
                    Form::Text => text::gathered(out, one)?,
                    Form::Json => json::reply(out, one.target(), one.reply())?,
                    Form::Raw => text::line(out, one.reply().value())?,
                }
            }
            for missing in &gathered.missing {
                match self.form {
                    Form::Text => text::missing(out, missing)?,
                    Form::Json => json::missing(out, missing)?,
                    Form::Raw => {}
                }
            }
            Ok(())
        })?;
        if self.form == Form::Raw && !self.quiet {
            text::missing_aside(&gathered.missing);
        }
        Ok(())
    }

    /// Prints a result: text, or one JSON value on a line.
    pub(crate) fn show(self, shown: &impl Show) -> Result<(), Failure> {
        if self.form == Form::Json {
            return stdout(|out| json::print(out, shown));
        }
        let mut text = Vec::new();
        let shown = shown.text(&mut text);
        // Removes the colours if standard output is not a terminal.
        let mut out = anstream::stdout().lock();
        shown
            .and_then(|()| out.write_all(&text))
            .and_then(|()| out.flush())
            .map_err(Failure::Stdout)
    }

    /// Prints the address of a broker and its topics.
    pub(crate) fn broker(self, servers: &str, topics: &[(String, i32)]) -> Result<(), Failure> {
        stdout(|out| match self.form {
            Form::Text => text::broker(out, servers, topics),
            Form::Json => json::broker(out, servers, topics),
            Form::Raw => writeln!(out, "{servers}"),
        })
    }
}
