//! All contestants on one Kafka, in turn, in processes of their own: what they reach beside each
//! other in the same run.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use comfy_table::{Table, presets};

use crate::{
    account::Account,
    load::seconds,
    result::{BEGIN, Run},
    topics,
};

/// Antiphon beside the raw loops, on a Kafka that runs already.
#[derive(Clone, Debug, Args)]
pub(crate) struct CompareArgs {
    /// host:port of the brokers.
    #[arg(short, long)]
    bootstrap_servers: String,
    /// Requests in flight, one row each.
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000,10000")]
    in_flight: Vec<usize>,
    /// How long each contestant is measured, in seconds.
    #[arg(long, value_parser = seconds, default_value = "5")]
    duration: Duration,
    /// Before that, in seconds.
    #[arg(long, value_parser = seconds, default_value = "2")]
    warmup: Duration,
    /// How often everything is run; ratios are the medians of the rounds' ratios.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Bytes of each request and reply.
    #[arg(long, default_value_t = 100)]
    payload: usize,
    /// Partitions of the request topic.
    #[arg(long, default_value_t = 1)]
    partitions: i32,
}

/// One way to ask and answer.
#[derive(Clone, Copy, Debug)]
struct Contestant {
    name: &'static str,
    requester: &'static str,
    responder: &'static str,
    wire: Option<&'static str>,
    max_in_flight: &'static str,
}

/// The first is what the others are compared with.
const CONTESTANTS: &[Contestant] = &[
    raw("raw, own wire, 5", "own", "5"),
    raw("raw, own wire, 1", "own", "1"),
    raw("raw, our wire, 5", "antiphon", "5"),
    raw("raw, our wire, 1", "antiphon", "1"),
    Contestant {
        name: "antiphon",
        requester: "requester",
        responder: "responder",
        wire: None,
        max_in_flight: "1",
    },
];

const fn raw(name: &'static str, wire: &'static str, max_in_flight: &'static str) -> Contestant {
    Contestant {
        name,
        requester: "raw-requester",
        responder: "raw-responder",
        wire: Some(wire),
        max_in_flight,
    }
}

/// What one contestant reached in one round.
#[derive(Clone, Copy, Debug)]
struct Reached {
    rate: f64,
    p50_us: f64,
    p99_us: f64,
    requester_us: f64,
    responder_us: f64,
}

/// Runs all, and prints a table a level.
pub(crate) fn compare(args: &CompareArgs) -> Result<(), String> {
    for in_flight in &args.in_flight {
        let mut rounds = Vec::new();
        for round in 1..=args.rounds {
            eprintln!("{in_flight} in flight, round {round} of {}", args.rounds);
            let reached = CONTESTANTS.iter().map(|one| measure(args, one, *in_flight));
            rounds.push(reached.collect::<Result<Vec<_>, _>>()?);
        }
        println!("{in_flight} in flight");
        println!("{}", table(&rounds));
    }
    Ok(())
}

/// On topics that nobody has used before.
fn measure(args: &CompareArgs, one: &Contestant, in_flight: usize) -> Result<Reached, String> {
    let unique = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let topic = format!("bench-{:x}", unique.as_nanos());
    let reply_topic = format!("{topic}.replies");
    let servers = &args.bootstrap_servers;
    topics::create(servers, args.partitions, std::slice::from_ref(&topic))?;
    topics::create(servers, 1, std::slice::from_ref(&reply_topic))?;
    let worker = |command: &str| {
        let mut worker = Command::new(env::current_exe().map_err(|error| error.to_string())?);
        worker
            .args([command, "--servers", servers, "--topic", &topic])
            .args(["--reply-topic", &reply_topic])
            .args(["--max-in-flight", one.max_in_flight])
            .args(["--partitions", &args.partitions.to_string()])
            .args(["--in-flight", &in_flight.to_string()])
            .args(["--payload", &args.payload.to_string()])
            .args(["--duration", &args.duration.as_secs_f64().to_string()])
            .args(["--warmup", &args.warmup.as_secs_f64().to_string()]);
        worker.args(one.wire.iter().flat_map(|wire| ["--wire", wire]));
        Worker::start(worker)
    };
    let mut responder = worker(one.responder)?;
    responder.expect("ready")?;
    let mut requester = worker(one.requester)?;
    requester.expect(BEGIN)?;
    let before = responder.account();
    let result = requester.line()?;
    let spent = responder.account().since(&before);
    let run: Run = serde_json::from_str(&result).map_err(|error| format!("{error}: {result}"))?;
    if run.replies == 0 || run.errors > 0 {
        return Err(format!(
            "{}: {} replies, {} errors",
            one.name, run.replies, run.errors
        ));
    }
    Ok(Reached::new(&run, &spent))
}

impl Reached {
    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    fn new(run: &Run, responder: &Account) -> Self {
        let each = |account: &Account| account.total() as f64 / 1_000.0 / run.replies as f64;
        Self {
            rate: run.rate(),
            p50_us: run.p50_us as f64,
            p99_us: run.p99_us as f64,
            requester_us: each(&run.cpu),
            responder_us: each(responder),
        }
    }
}

/// A process of ours that is killed when it is no longer needed.
struct Worker {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Worker {
    fn start(mut command: Command) -> Result<Self, String> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let out = child.stdout.take().ok_or("no output")?;
        Ok(Self {
            child,
            lines: BufReader::new(out),
        })
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Err("a worker ended without a result".into()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        let line = self.line()?;
        if line == wanted {
            Ok(())
        } else {
            Err(format!("a worker said {line:?} instead of {wanted:?}"))
        }
    }

    fn account(&self) -> Account {
        Account::of(&self.child.id().to_string())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Medians over the rounds, and the median of the ratios to the first contestant.
fn table(rounds: &[Vec<Reached>]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
        "contestant",
        "rate/s",
        "p50 ms",
        "p99 ms",
        "requester CPU us",
        "responder CPU us",
    ]);
    for (at, contestant) in CONTESTANTS.iter().enumerate() {
        let cell = |of: fn(&Reached) -> f64, scale: f64, digits: usize| {
            let values = rounds.iter().map(|round| of(&round[at]) * scale);
            let ratios = rounds.iter().map(|round| of(&round[at]) / of(&round[0]));
            format!(
                "{:.digits$} ({:.2})",
                median(values.collect()),
                median(ratios.collect())
            )
        };
        table.add_row([
            contestant.name.to_owned(),
            cell(|r| r.rate, 1.0, 0),
            cell(|r| r.p50_us, 0.001, 2),
            cell(|r| r.p99_us, 0.001, 2),
            cell(|r| r.requester_us, 1.0, 2),
            cell(|r| r.responder_us, 1.0, 2),
        ]);
    }
    table
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_two_middles() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
