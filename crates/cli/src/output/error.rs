//! Errors, as text and as JSON.

use std::io;

use anstyle::{AnsiColor, Style};

use super::{causes::causes, json, text::printable};
use crate::{exit::Exit, failure::Failure, form::Form};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const ASIDE: Style = Style::new().dimmed();

/// Prints the error and returns the exit code.
pub(crate) fn report(failure: &Failure, form: Form, quiet: bool) -> Exit {
    let exit = failure.exit();
    if exit == Exit::Success || matches!(failure, Failure::Reported(_)) {
        return exit;
    }
    if form == Form::Json {
        // The reader may be gone; the exit code still reports the failure.
        let _ = json::failure(&mut io::stdout().lock(), failure);
    } else {
        text(failure, quiet);
    }
    exit
}

fn text(failure: &Failure, quiet: bool) {
    let message = lines(&failure.to_string());
    anstream::eprintln!("{ERROR}error{ERROR:#}: {message}");
    for cause in causes(failure) {
        let cause = lines(&cause);
        anstream::eprintln!("  {ASIDE}caused by{ASIDE:#}: {cause}");
    }
    if let (Some(executed), Some(_)) = (failure.executed(), failure.call()) {
        anstream::eprintln!("executed: {executed}");
    }
    if let Some(advice) = failure.advice().filter(|_| !quiet) {
        anstream::eprintln!("{ASIDE}what to do{ASIDE:#}: {advice}");
    }
}

/// The lines of a text, such as a syntax error, with control characters escaped.
fn lines(text: &str) -> String {
    let lines = text.lines().map(|line| printable(line.as_bytes()));
    lines.collect::<Vec<_>>().join("\n")
}
