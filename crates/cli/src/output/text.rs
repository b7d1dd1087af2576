//! Text output.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use antiphon::{GatherReply, Missing, Reply};

/// Names and labels.
pub(super) const LABEL: Style = Style::new().bold();
const ASIDE: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// A value unchanged, with a line end unless it has one.
pub(super) fn line(out: &mut dyn Write, value: &[u8]) -> io::Result<()> {
    out.write_all(value)?;
    match value.ends_with(b"\n") {
        true => Ok(()),
        false => out.write_all(b"\n"),
    }
}

/// A reply on one line: target, responder, value.
pub(super) fn gathered(out: &mut dyn Write, one: &GatherReply) -> io::Result<()> {
    let responder = printable(one.responder().unwrap_or("-").as_bytes());
    let value: &[u8] = one.reply().value();
    let value = printable(value.strip_suffix(b"\n").unwrap_or(value));
    writeln!(out, "{}\t{responder}\t{value}", one.target())
}

/// A missing reply on one line.
pub(super) fn missing(out: &mut dyn Write, missing: &Missing) -> io::Result<()> {
    writeln!(out, "{}", missing_line(missing))
}

/// Missing replies on standard error, where standard output has raw values only.
pub(super) fn missing_aside(missing: &[Missing]) {
    for one in missing {
        anstream::eprintln!("{WARNING}{}{WARNING:#}", missing_line(one));
    }
}

fn missing_line(missing: &Missing) -> String {
    let error = missing.error();
    let kind = error.kind().as_str();
    let text = printable(error.to_string().as_bytes());
    format!("missing: {}\t{kind}\t{text}", missing.target())
}

/// The responder, position and headers of a reply, on standard error.
pub(super) fn headers(reply: &Reply) {
    let (partition, offset) = (reply.partition(), reply.offset());
    let responder = printable(reply.responder().unwrap_or("unknown").as_bytes());
    anstream::eprintln!("{ASIDE}responder: {responder}{ASIDE:#}");
    anstream::eprintln!("{ASIDE}reply: partition {partition}, offset {offset}{ASIDE:#}");
    for (name, value) in reply.headers() {
        let (name, value) = (printable(name.as_bytes()), printable(value));
        anstream::eprintln!("{LABEL}{name}{LABEL:#}: {value}");
    }
}

/// The address of a broker, and the line that makes other commands use it.
pub(super) fn broker(
    out: &mut dyn Write,
    servers: &str,
    topics: &[(String, i32)],
) -> io::Result<()> {
    writeln!(out, "bootstrap servers: {servers}")?;
    for (name, partitions) in topics {
        writeln!(out, "topic: {name}, {partitions} partitions")?;
    }
    writeln!(out)?;
    writeln!(out, "in other terminals, run:")?;
    writeln!(out, "  export ANTIPHON_BOOTSTRAP_SERVERS={servers}")
}

/// A line on standard error that is not part of the result.
pub(crate) fn hint(text: &str) {
    anstream::eprintln!("{ASIDE}{text}{ASIDE:#}");
}

/// Bytes on one line of a terminal. Control characters and invalid UTF-8 are escaped.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if c.is_control() => shown.extend(c.escape_default()),
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_once() {
        for value in ["a", "a\n"] {
            let mut out = Vec::new();
            line(&mut out, value.as_bytes()).unwrap();
            assert_eq!(out, b"a\n");
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("grün\n".as_bytes()), "grün\\n");
        assert_eq!(printable(b"\x1b[2J\xff"), "\\u{1b}[2J\\xff");
    }
}
