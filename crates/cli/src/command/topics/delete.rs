//! `antiphon topics delete`.

use std::{
    io::{self, BufRead, IsTerminal},
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::Admin;

use super::lookup;
use crate::{
    args::DeleteArgs,
    command::admin::LIMIT,
    failure::Failure,
    output::{Printer, topics as print},
    topics_error::TopicsError,
};

/// Interval between look-ups of a deleted topic, which the brokers learn of with a delay.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Checks that need no broker.
pub(super) fn allowed(args: &DeleteArgs) -> Result<(), TopicsError> {
    if let Some(topic) = args.topics.iter().find(|topic| topic.starts_with("__")) {
        return Err(TopicsError::Internal(topic.clone()));
    }
    match args.yes || io::stdin().is_terminal() {
        true => Ok(()),
        false => Err(TopicsError::Unconfirmed),
    }
}

/// Deletes all topics, if all exist and the user confirms.
pub(super) fn run(admin: &Admin, args: &DeleteArgs, printer: Printer) -> Result<(), Failure> {
    for topic in &args.topics {
        lookup::partitions(admin, topic)?;
    }
    if !args.yes && !confirmed(&args.topics, &mut io::stdin().lock())? {
        return Err(Failure::Topics(TopicsError::Declined));
    }
    for topic in &args.topics {
        let deleted = admin.delete_topic(topic, LIMIT);
        deleted.map_err(|error| TopicsError::refused("delete", topic, error))?;
        wait_until_gone(admin, topic)?;
        print::deleted(printer, topic)?;
    }
    Ok(())
}

/// Asks for confirmation. Any other answer than yes counts as no, and so does the end of input.
fn confirmed(topics: &[String], answers: &mut impl BufRead) -> Result<bool, Failure> {
    let names = topics.join(", ");
    anstream::eprint!("Delete {names} and all records? [y/N] ");
    let mut answer = String::new();
    let read = answers.read_line(&mut answer);
    read.map_err(|source| Failure::System {
        what: "cannot read the confirmation",
        source,
    })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn wait_until_gone(admin: &Admin, topic: &str) -> Result<(), TopicsError> {
    let until = Instant::now() + LIMIT;
    loop {
        let seen = admin.partitions(topic, LIMIT);
        match seen.map_err(|error| TopicsError::refused("delete", topic, error))? {
            None => return Ok(()),
            Some(_) if Instant::now() < until => thread::sleep(POLL_INTERVAL),
            Some(_) => {
                return Err(TopicsError::NotSeen {
                    verb: "delete",
                    topic: topic.to_owned(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_yes_is_no() {
        let answer = |text: &str| confirmed(&["t".to_owned()], &mut text.as_bytes()).unwrap();
        assert!(answer("y\n") && answer("yes\n") && answer("Y"));
        assert!(!answer("\n") && !answer("") && !answer("yeah\n") && !answer("n\ny\n"));
    }

    #[test]
    fn topics_of_kafka_itself_are_never_deleted() {
        let args = DeleteArgs {
            topics: vec!["t".to_owned(), "__consumer_offsets".to_owned()],
            yes: true,
        };
        assert!(matches!(allowed(&args), Err(TopicsError::Internal(_))));
    }
}
