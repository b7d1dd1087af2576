//! The processes of a run: started, told, killed, frozen, and started again.

use std::{
    fs::File,
    path::PathBuf,
    process::ExitStatus,
    thread,
    time::{Duration, Instant},
};

use antiphon_testbed::{
    reason::{Attempt, Because as _},
    worker::Worker,
};

use super::child::{DONE, Job, Order, READY, STATUS, Status, Topics};
use crate::history::{ProcessId, Role};

/// How long a process may take to work. A first group, and brokers that come back, take their time.
const START: Duration = Duration::from_secs(90);

/// How long it may take to do as it is told.
const OBEY: Duration = Duration::from_secs(10);

/// How long a process that was told to stop may take: what it promises itself, and some more.
const DRAIN: Duration = Duration::from_secs(45);

/// The rest between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What all processes of a run are told.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) directory: PathBuf,
    pub(super) began: u64,
    pub(super) servers: String,
    pub(super) properties: Vec<(String, String)>,
    pub(super) seed: u64,
    pub(super) key: u64,
    /// Calls a second, of all requesters together.
    pub(super) rate: u32,
    pub(super) topics: Topics,
}

/// One process, over all its lives.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) process: ProcessId,
    job: Job,
    worker: Option<Worker>,
    /// What it said last, and what its earlier lives did.
    status: Status,
    before: Status,
    ready: bool,
    done: Vec<String>,
}

impl Member {
    pub(super) fn new(common: &Common, role: Role, number: u16, service: &str, rate: u32) -> Self {
        let name = format!("{}-{number}", role.word());
        let topics = &common.topics;
        let serves = match service == topics.auditors {
            true => vec![topics.panel.clone()],
            false => topics.requests().map(str::to_owned).to_vec(),
        };
        let process = ProcessId {
            name,
            number,
            incarnation: 0,
            role,
        };
        Self {
            job: Job {
                directory: common.directory.clone(),
                process: process.clone(),
                began: common.began,
                servers: common.servers.clone(),
                properties: common.properties.clone(),
                seed: common.seed.wrapping_add(u64::from(number) << 32),
                key: common.key,
                rate,
                service: service.to_owned(),
                serves,
                topics: topics.clone(),
            },
            process,
            worker: None,
            status: Status::default(),
            before: Status::default(),
            ready: false,
            done: Vec::new(),
        }
    }

    /// Starts its next life; does not wait until it works.
    pub(super) fn start(&mut self) -> Attempt<()> {
        self.process.incarnation += 1;
        self.job.process = self.process.clone();
        self.job.seed = self.job.seed.wrapping_add(1);
        self.before = self.total().over();
        self.status = Status::default();
        self.ready = false;
        self.done.clear();
        let name = format!("{}.{}.log", self.process.name, self.process.incarnation);
        let log = self.job.directory.join(name);
        let log = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(&log);
        let command = self.process.role.word();
        let job = serde_json::to_string(&self.job).because("a job")?;
        let arguments = [command, "--job", &job];
        self.worker = Some(Worker::start_complaining_to(
            log.because("a log")?,
            arguments,
        )?);
        Ok(())
    }

    /// Calls a second that it makes by itself.
    pub(super) fn rate(&self) -> u32 {
        self.job.rate
    }

    /// Whether it lives.
    pub(super) fn lives(&self) -> bool {
        self.worker.is_some()
    }

    /// Whether it works.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    pub(super) fn until_ready(&mut self) -> Attempt<()> {
        let what = format!("{} works", self.process.name);
        self.until(&what, START, |member| member.ready)
    }

    /// Has it do something.
    pub(super) fn tell(&mut self, order: &Order) -> Attempt<()> {
        self.worker()?.tell(&order.to_string())
    }

    /// Has it do something; returns when it has.
    pub(super) fn order(&mut self, order: &Order) -> Attempt<()> {
        let confirmed = format!("{DONE}{order}");
        self.tell(order)?;
        let what = format!("{} obeys {order}", self.process.name);
        self.until(&what, OBEY, |member| {
            let at = member.done.iter().position(|line| *line == confirmed);
            at.map(|at| member.done.remove(at)).is_some()
        })
    }

    pub(super) fn signal(&mut self, name: &str) -> Attempt<()> {
        self.worker()?.signal(name)
    }

    /// The process id of this life.
    pub(super) fn pid(&mut self) -> Attempt<u32> {
        self.worker().map(|worker| worker.id())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Attempt<ExitStatus> {
        self.hear();
        let ended = self.worker()?.kill();
        self.worker = None;
        ended
    }

    /// SIGTERM, and waits until it has done what it had begun.
    pub(super) fn drain(&mut self) -> Attempt<ExitStatus> {
        self.signal("TERM")?;
        self.until_drained()
    }

    /// Waits for the end of a process that was told to stop.
    pub(super) fn until_drained(&mut self) -> Attempt<ExitStatus> {
        let status = self.until_ended(DRAIN)?;
        if status.success() {
            return Ok(status);
        }
        Err(format!(
            "{} was told to stop, and {status}",
            self.process.name
        ))
    }

    /// Waits until it ends, by itself or since it was told to.
    pub(super) fn until_ended(&mut self, limit: Duration) -> Attempt<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            self.hear();
            if let Some(status) = self.worker()?.ended() {
                self.hear();
                self.worker = None;
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(format!("{} did not end for {limit:?}", self.process.name));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Takes in what it has said. An error: it has ended, and nobody had asked it to.
    pub(super) fn look(&mut self) -> Attempt<()> {
        self.hear();
        let name = &self.process.name;
        let Some(worker) = &mut self.worker else {
            return Ok(());
        };
        let Some(status) = worker.ended() else {
            return Ok(());
        };
        let reason = worker.with_complaints(format!("{name} ended by itself: {status}"));
        self.worker = None;
        Err(reason)
    }

    /// What it did in all its lives.
    pub(super) fn total(&self) -> Status {
        self.before.plus(self.status)
    }

    fn hear(&mut self) {
        while let Some(line) = self.worker.as_mut().and_then(Worker::heard) {
            if let Some(status) = line.strip_prefix(STATUS) {
                self.status = serde_json::from_str(status).unwrap_or(self.status);
            } else if line == READY {
                self.ready = true;
            } else {
                self.done.push(line);
            }
        }
    }

    fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&mut Self) -> bool,
    ) -> Attempt<()> {
        let end = Instant::now() + limit;
        loop {
            self.look()?;
            if look(self) {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("waited {limit:?} in vain until {what}"));
            }
            thread::sleep(PAUSE);
        }
    }

    fn worker(&mut self) -> Attempt<&mut Worker> {
        let name = &self.process.name;
        self.worker
            .as_mut()
            .ok_or_else(|| format!("{name} does not live"))
    }
}
