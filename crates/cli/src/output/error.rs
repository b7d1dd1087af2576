//! What went wrong, for people and for programs.

use std::io;

use anstyle::{AnsiColor, Style};

use super::{causes::causes, json, text::printable};
use crate::{exit::Exit, failure::Failure, form::Form};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const ASIDE: Style = Style::new().dimmed();

/// Says what went wrong and returns the exit code.
pub(crate) fn report(failure: &Failure, form: Form, quiet: bool) -> Exit {
    let exit = failure.exit();
    if exit == Exit::Success || matches!(failure, Failure::Told(_)) {
        return exit;
    }
    if form == Form::Json {
        // Nobody may be reading any more; the exit code says the rest.
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

/// A text of several lines, as a syntax error is, without anything that moves the cursor.
fn lines(text: &str) -> String {
    let lines = text.lines().map(|line| printable(line.as_bytes()));
    lines.collect::<Vec<_>>().join("\n")
}
