//! One row, from the first process to the last record.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use antiphon::config::ServiceConfig;
use antiphon_testbed::reason::{Attempt, Because as _};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};

use super::{
    ChaosOptions,
    child::{REPLY_PARTITIONS, Topics},
    fleet::Common,
    judge::judge,
    live::Live,
    nemesis::suffer,
    place::Place,
    report::RowReport,
    rows::{PARTITIONS, Row},
    schedule::{of_row, schedule},
    stage::Stage,
    starvation::{LONGEST, Starvation},
    truth::Truth,
};
use crate::history::{Delivery, Event, HistoryFile, Key, ProcessId, Role, Run, micros};

/// How long the load goes on after the last fault.
const RECOVERY: Duration = Duration::from_secs(25);

/// How long copies and groups may take to catch up after the load has ended.
const CATCH_UP: Duration = Duration::from_secs(90);

/// The rest between two looks at groups that catch up.
const LOOK: Duration = Duration::from_millis(250);

/// By how much a call may end late, in microseconds.
const SLACK: u64 = 250_000;

/// What no process of a run may exceed.
const MEMORY: u64 = 768 << 20;

/// How long faults may go on in a load of so many seconds.
pub(super) fn faulty(seconds: u64) -> Duration {
    Duration::from_secs(seconds).saturating_sub(RECOVERY)
}

/// Drives one row.
pub(super) struct Drive<'a> {
    row: &'static Row,
    options: &'a ChaosOptions,
    directory: &'a Path,
    live: &'a Live,
    place: &'a Place,
    seed: u64,
    problems: Vec<String>,
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        row: &'static Row,
        options: &'a ChaosOptions,
        directory: &'a Path,
        live: &'a Live,
        place: &'a Place,
    ) -> Self {
        Self {
            row,
            options,
            directory,
            live,
            place,
            seed: of_row(row.code, options.seed),
            problems: Vec::new(),
        }
    }

    /// What went wrong with the row is a part of what came of it; an error is that nothing came of it.
    pub(super) fn run(mut self) -> Attempt<RowReport> {
        let topics = Topics::new(&self.row.code.to_lowercase());
        let run = self.describe(&topics);
        let text = serde_json::to_vec_pretty(&run).because("what a run is")?;
        fs::write(self.directory.join("run.json"), text).because(self.directory.display())?;
        let starvation = Starvation::watch();
        let played = self.play(&topics, Key(run.key));
        let longest = starvation.end();
        let starved = longest > LONGEST;
        if starved {
            self.problems
                .push(format!("the machine gave the run no time for {longest:?}"));
        }
        let whole = played.is_ok();
        self.problems.extend(played.err());
        self.live.phase("checking");
        let mut report = judge(self.directory, &run, whole)?;
        report.code = self.row.code.to_owned();
        report.title = self.row.title.to_owned();
        report.problems = self.problems;
        report.starved = starved;
        Ok(report)
    }

    fn describe(&self, topics: &Topics) -> Run {
        let calls = u64::from(self.options.rate) * self.options.seconds;
        let mut allowed: Vec<_> = topics.requests().map(Into::into).to_vec();
        allowed.push(topics.replies.as_str().into());
        let groups = topics.groups();
        Run {
            seed: self.options.seed,
            name: self.row.code.to_owned(),
            simulated: false,
            key: SmallRng::seed_from_u64(self.seed).random(),
            allowed_topics: allowed,
            request_topics: groups
                .map(|(topic, group)| (topic.into(), group.into()))
                .to_vec(),
            delivery: Delivery::AtLeastOnce,
            slack: SLACK,
            clock_skew: micros(ServiceConfig::default().clock_skew),
            memory_limit: Some(MEMORY),
            min_ok: calls / 10,
            min_in_flight: u64::from(self.options.rate / 10),
            min_ok_at_end: 5,
        }
    }

    /// All of it but the judgement. When it fails, what still runs is stopped, and the brokers are left as they are.
    fn play(&mut self, topics: &Topics, key: Key) -> Attempt<()> {
        self.live.phase("topics are made");
        let mut all: Vec<_> = topics
            .requests()
            .map(|topic| (topic.to_owned(), PARTITIONS))
            .to_vec();
        all.push((topics.replies.clone(), REPLY_PARTITIONS));
        all.push((topics.canary.clone(), 1));
        let truth = Truth::new(self.place.direct(), topics, key)?;
        self.place.create(&all)?;
        let began = HistoryFile::moment();
        let common = Common {
            directory: self.directory.to_owned(),
            began,
            servers: self.place.clients().to_owned(),
            properties: self.options.properties.clone(),
            seed: self.seed,
            key: key.0,
            rate: self.options.rate,
            topics: topics.clone(),
        };
        let history = self.history(began, "nemesis", 0, Role::Nemesis)?;
        let mut stage = Stage::new(self.place, common, history, self.live);
        self.load(&mut stage)?;
        self.drain(&mut stage, &truth)?;
        drop(stage);
        self.live.phase("reading the truth");
        truth.record(&self.history(began, "truth", 1, Role::Truth)?)?;
        for (topic, _) in all {
            self.place.delete(&topic)?;
        }
        Ok(())
    }

    fn history(&self, began: u64, name: &str, number: u16, role: Role) -> Attempt<HistoryFile> {
        let process = ProcessId {
            name: name.to_owned(),
            number,
            incarnation: 1,
            role,
        };
        HistoryFile::create(self.directory, &process, began).because("a history")
    }

    /// Everything begins to work, suffers its faults, and recovers.
    fn load(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.live.phase("processes start");
        for role in [Role::Responder, Role::Requester] {
            let all = stage.of(role);
            all.iter_mut().try_for_each(|member| member.start())?;
            all.iter_mut().try_for_each(|member| member.until_ready())?;
        }
        let begun = Instant::now();
        let faulty = faulty(self.options.seconds);
        self.live.phase("all is well");
        for (number, step) in (1..).zip(schedule(self.row, self.options.seed, faulty)) {
            if number > 1 && begun.elapsed() + step.lasts > faulty {
                break;
            }
            // What took longer than planned moves what follows, and leaves time between.
            let pause = step
                .begins
                .saturating_sub(begun.elapsed())
                .max(RECOVERY / 10);
            stage.wait(pause)?;
            self.live
                .phase(format!("{}: {}", step.act.kind(), step.act));
            let seed = self.seed.wrapping_add(number);
            self.problems.extend(suffer(stage, number, seed, &step)?);
            self.live.phase("recovering");
        }
        stage.wait(faulty.saturating_sub(begun.elapsed()))?;
        stage.record(Event::Healed);
        self.live.phase("healed");
        stage.wait(RECOVERY)
    }

    /// First those that ask, then those that answer, when nothing is left to answer.
    fn drain(&mut self, stage: &mut Stage<'_>, truth: &Truth<'_>) -> Attempt<()> {
        self.live.phase("requesters drain");
        drain_all(stage, Role::Requester)?;
        self.live.phase("copies and groups catch up");
        self.place
            .until_in_sync(stage.topics().all().into_iter(), CATCH_UP)?;
        let end = Instant::now() + CATCH_UP;
        while truth.lag()? != 0 {
            if Instant::now() > end {
                let lag = truth.lag()?;
                let problem = format!("{lag} requests were left unread for {CATCH_UP:?}");
                self.problems.push(problem);
                break;
            }
            stage.wait(LOOK)?;
        }
        self.live.phase("responders drain");
        drain_all(stage, Role::Responder)
    }
}

fn drain_all(stage: &mut Stage<'_>, role: Role) -> Attempt<()> {
    let all = stage.of(role);
    all.iter_mut()
        .try_for_each(|member| member.signal("TERM"))?;
    all.iter_mut()
        .try_for_each(|member| member.until_drained().map(drop))
}
