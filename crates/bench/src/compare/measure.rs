//! One run of one contender, on topics that nobody has used before.

use std::time::Duration;

use antiphon_testbed::worker::Worker;

use super::{contender::Contender, place::Address, reached::Reached, setting::Setting};
use crate::{
    account::Account,
    parent::{BEGIN, END, GO, READY},
    result::Run,
    topics::Topics,
};

/// How long workers may take for anything but the load itself.
const LIMIT: Duration = Duration::from_secs(60);

/// The most requests in flight in an open loop.
const OPEN_LOOP_BOUND: usize = 50_000;

/// How long is measured, and before that not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) warmup: Duration,
    pub(super) duration: Duration,
}

pub(super) fn measure(
    address: &Address,
    setting: &Setting,
    contender: Contender,
    timing: Timing,
    rate: Option<f64>,
) -> Result<Reached, String> {
    let topics = Topics::create(&address.admin, setting.partitions)?;
    let load = Arguments {
        address,
        topics: &topics,
        setting,
        contender,
        timing,
        rate,
    };
    let (requester, responder) = contender.commands();
    let mut responder = load.start(responder, 0)?;
    responder.expect(READY, LIMIT)?;
    let mut requesters = (0..setting.requesters)
        .map(|instance| load.start(requester, instance))
        .collect::<Result<Vec<_>, _>>()?;
    expect_all(&mut requesters, READY, LIMIT)?;
    for requester in &mut requesters {
        requester.tell(GO)?;
    }
    expect_all(&mut requesters, BEGIN, LIMIT + timing.warmup)?;
    let before = Account::of(&responder.id().to_string());
    expect_all(&mut requesters, END, LIMIT + timing.duration)?;
    let spent = Account::of(&responder.id().to_string()).since(&before);
    let runs = requesters.iter_mut().map(result);
    let run = Run::together(&runs.collect::<Result<Vec<_>, _>>()?);
    judge(&run, &spent)
}

fn expect_all(workers: &mut [Worker], line: &str, limit: Duration) -> Result<(), String> {
    workers
        .iter_mut()
        .try_for_each(|worker| worker.expect(line, limit))
}

fn result(requester: &mut Worker) -> Result<Run, String> {
    let line = requester.line(LIMIT)?;
    serde_json::from_str(&line).map_err(|error| format!("a worker's result: {error}"))
}

fn judge(run: &Run, responder: &Account) -> Result<Reached, String> {
    if run.replies == 0 || run.errors > 0 {
        return Err(format!("{} replies, {} errors", run.replies, run.errors));
    }
    Ok(Reached::new(run, responder))
}

struct Arguments<'a> {
    address: &'a Address,
    topics: &'a Topics,
    setting: &'a Setting,
    contender: Contender,
    timing: Timing,
    rate: Option<f64>,
}

impl Arguments<'_> {
    fn start(&self, command: &str, instance: u32) -> Result<Worker, String> {
        let setting = self.setting;
        let requesters = usize::try_from(setting.requesters).unwrap_or(1).max(1);
        let in_flight = match self.rate {
            None => setting.in_flight.div_ceil(requesters),
            Some(_) => OPEN_LOOP_BOUND,
        };
        let seconds = |duration: Duration| duration.as_secs_f64().to_string();
        let mut pairs = vec![
            ("--servers", self.address.clients.clone()),
            ("--topic", self.topics.requests.clone()),
            ("--reply-topic", self.topics.replies.clone()),
            ("--partitions", setting.partitions.to_string()),
            ("--in-flight", in_flight.to_string()),
            ("--payload", setting.payload.to_string()),
            ("--handler-sleep", seconds(setting.handler_sleep)),
            ("--instance", instance.to_string()),
            ("--warmup", seconds(self.timing.warmup)),
            ("--duration", seconds(self.timing.duration)),
        ];
        pairs.extend(self.rate.map(|rate| ("--rate", rate.to_string())));
        let mut arguments = vec![command, "--with-parent"];
        arguments.extend(setting.keyed.then_some("--keyed"));
        arguments.extend(self.contender.arguments());
        arguments.extend(pairs.iter().flat_map(|(name, value)| [*name, value]));
        Worker::start(arguments)
    }
}
