//! How a worker and the process that started it talk: lines on stdout, and on stdin when to begin.

use antiphon_testbed::worker::{self, say};

use crate::load::Load;

/// A worker is ready to work.
pub(crate) const READY: &str = "ready";
/// A requester measures from now on.
pub(crate) const BEGIN: &str = "begin";
/// A requester has measured; its result is the next line.
pub(crate) const END: &str = "end";
/// The parent wants requests from now on.
pub(crate) const GO: &str = "go";

/// Says that this worker is ready; with a parent it then waits until it may go.
pub(crate) fn ready_to_request(load: &Load) -> Result<(), String> {
    say(READY)?;
    if !load.with_parent {
        return Ok(());
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| format!("waiting for {GO:?}: {error}"))?;
    if line.trim_end() == GO {
        end_with_parent(load);
        Ok(())
    } else {
        Err(format!("stdin said {line:?} instead of {GO:?}"))
    }
}

/// Says that requests are answered from now on.
pub(crate) fn ready_to_respond(load: &Load) -> Result<(), String> {
    end_with_parent(load);
    say(READY)
}

/// A responder would run for ever after its parent was killed.
fn end_with_parent(load: &Load) {
    if load.with_parent {
        worker::end_with_parent(|_| ());
    }
}
