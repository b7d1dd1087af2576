//! `antiphon doctor`: checks before, or after, something does not work.

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

/// How much longer than its own limit a check may take before it is given up: a name that does not
/// resolve can not be interrupted.
const PATIENCE: Duration = Duration::from_secs(5);

/// The options that are settings too.
pub(super) fn flags(flags: &mut Layer, args: &DoctorArgs) {
    if let Some(topic) = &args.reply_topic {
        flags.put("client.reply.topic", topic.as_str());
    }
    if let Some(group) = &args.group {
        flags.put("service.group", group.as_str());
    }
}

/// Checks everything, prints what it finds as it comes, and fails if something does.
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
    // Not awaited: a question that never ends does not keep the command from ending.
    tokio::task::spawn_blocking(move || examine(&runner));
    let mut table = Reception {
        findings: Findings::default(),
        printer,
    };
    let limit = end + asked.timeout + PATIENCE;
    let whole = table
        .receive(receiver, &mut signals, &stopped, limit)
        .await?;
    if whole && let Some(topic) = &asked.probe {
        let found = tokio::select! {
            found = probe::run(topic, &asked, settings) => found,
            _ = signals.next() => interrupted(),
        };
        table.take(found)?;
    }
    printer.show(&table.findings)?;
    match table.findings.are_good(strict) {
        true => Ok(()),
        false => Err(Failure::Told(Exit::Failed)),
    }
}

/// All checks that block, one after the other.
fn examine(runner: &CheckRunner) {
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
        if !runner.leaves_out(name) {
            check(runner, &cluster);
        }
    }
}

/// Where findings are written down.
struct Reception {
    findings: Findings,
    printer: Printer,
}

impl Reception {
    fn take(&mut self, finding: Finding) -> Result<(), Failure> {
        if self.printer.form != Form::Json {
            self.printer.show(&finding)?;
        }
        self.findings.0.push(finding);
        Ok(())
    }

    /// Takes findings until the checks end; false if they were ended.
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
                    Some(finding) => self.take(finding)?,
                    None if stopped.load(Ordering::Acquire) => {
                        self.take(interrupted())?;
                        return Ok(false);
                    }
                    None => return Ok(true),
                },
                _ = signals.next() => {
                    // The check that runs may have something to tidy up; a second signal ends it.
                    if stopped.swap(true, Ordering::AcqRel) {
                        self.take(interrupted())?;
                        return Ok(false);
                    }
                }
                () = tokio::time::sleep_until(limit.into()) => {
                    let why = "not finished: a question to the system or the brokers has no end";
                    self.take(Finding::fail("doctor", why, "try again with -vv, which says more"))?;
                    return Ok(false);
                }
            }
        }
    }
}

fn interrupted() -> Finding {
    let why = "interrupted: what is not listed was not checked";
    Finding::fail("doctor", why, "run it again")
}
