//! `antiphon doctor`: checks of brokers, topics and settings.

mod broker_settings;
mod build;
mod clocks;
mod cluster;
mod configs;
mod connection;
mod finding;
mod group;
mod probe;
mod replies;
mod runner;
mod sizes;
mod storage;
mod topics;
mod versions;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use self::{
    cluster::Cluster,
    finding::{Finding, Findings},
    runner::CheckRunner,
};
use crate::{
    args::DoctorArgs,
    exit::Exit,
    failure::Failure,
    form::Form,
    output::Printer,
    settings::{Layer, Settings},
    signals::Signals,
};

/// Extra time before a check that exceeds its limit is abandoned: the look-up of a host name cannot
/// be interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// Adds the options that are settings.
pub(super) fn flags(flags: &mut Layer, args: &DoctorArgs) {
    if let Some(topic) = &args.reply_topic {
        flags.put("client.reply.topic", topic.as_str());
    }
    if let Some(group) = &args.group {
        flags.put("service.group", group.as_str());
    }
}

/// Runs all checks and prints each finding as it arrives. Fails if a check fails.
pub(super) async fn run(
    args: DoctorArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let end = Instant::now() + args.limit;
    let (strict, asked) = (args.strict, args.clone());
    let stopped = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel(16);
    let runner = CheckRunner::new(args, settings.clone(), Arc::clone(&stopped), sender);
    // Not awaited, so that a check that never returns cannot keep the command from ending.
    tokio::task::spawn_blocking(move || run_checks(&runner));
    let mut results = Results {
        findings: Findings::default(),
        printer,
    };
    let limit = end + asked.timeout + GRACE;
    let whole = results
        .receive(receiver, &mut signals, &stopped, limit)
        .await?;
    if whole && let Some(topic) = &asked.probe {
        let found = tokio::select! {
            found = probe::run(topic, &asked, settings) => found,
            _ = signals.next() => interrupted(),
        };
        results.add(found)?;
    }
    printer.show(&results.findings)?;
    match results.findings.are_good(strict) {
        true => Ok(()),
        false => Err(Failure::Reported(Exit::Failed)),
    }
}

/// Runs all blocking checks, one after the other.
fn run_checks(runner: &CheckRunner) {
    if !build::check(runner) {
        return;
    }
    let Some(cluster) = connection::check(runner) else {
        return;
    };
    type Check = fn(&CheckRunner, &Cluster);
    let checks: [(&str, Check); 7] = [
        ("broker version", versions::check),
        ("cluster", broker_settings::check),
        ("request topics", topics::check),
        ("reply topic", replies::check),
        ("message size", sizes::check),
        ("service group", group::check),
        ("clocks", clocks::check),
    ];
    for (name, check) in checks {
        if !runner.skips(name) {
            check(runner, &cluster);
        }
    }
}

/// Prints and collects findings.
struct Results {
    findings: Findings,
    printer: Printer,
}

impl Results {
    fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        if self.printer.form != Form::Json {
            self.printer.show(&finding)?;
        }
        self.findings.0.push(finding);
        Ok(())
    }

    /// Adds findings until the checks end. Returns false if they were interrupted.
    async fn receive(
        &mut self,
        mut findings: mpsc::Receiver<Finding>,
        signals: &mut Signals,
        stopped: &AtomicBool,
        limit: Instant,
    ) -> Result<bool, Failure> {
        loop {
            tokio::select! {
                found = findings.recv() => match found {
                    Some(finding) => self.add(finding)?,
                    None if stopped.load(Ordering::Acquire) => {
                        self.add(interrupted())?;
                        return Ok(false);
                    }
                    None => return Ok(true),
                },
                _ = signals.next() => {
                    // The running check may have to delete its topic. A second signal does not wait for it.
                    if stopped.swap(true, Ordering::AcqRel) {
                        self.add(interrupted())?;
                        return Ok(false);
                    }
                }
                () = tokio::time::sleep_until(limit.into()) => {
                    let why = "not finished: a call to the system or the brokers did not return";
                    self.add(Finding::fail("doctor", why, "run it again with -vv for more details"))?;
                    return Ok(false);
                }
            }
        }
    }
}

fn interrupted() -> Finding {
    let why = "interrupted: checks that are not listed did not run";
    Finding::fail("doctor", why, "run it again")
}
