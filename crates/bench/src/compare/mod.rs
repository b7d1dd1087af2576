//! All contenders on one Kafka, in turn, in processes of their own: what they reach beside each other in the same run.

mod contender;
mod html;
mod machine;
mod measure;
mod measured;
mod place;
mod reached;
mod report;
mod rounds;
mod setting;
mod statistics;
mod targets;
mod text;

use std::{fs, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use self::{
    contender::{Contender, OF_LEVELS, OF_SHAPES, REFERENCE},
    machine::Machine,
    measure::Timing,
    report::{Method, Report},
    rounds::Rounds,
    setting::Setting,
};
use crate::load::seconds;

/// Antiphon beside the raw loops, on one Kafka, in turn.
#[derive(Clone, Debug, Args)]
pub(crate) struct CompareArgs {
    /// host:port of brokers that run already. Without it a Kafka is started, and stopped at the end.
    #[arg(short, long)]
    bootstrap_servers: Option<String>,
    /// Requests in flight, one level each.
    #[arg(long, value_delimiter = ',', default_value = "1,100,1000,10000")]
    in_flight: Vec<usize>,
    /// How long each contender is measured, in seconds.
    #[arg(long, value_parser = seconds, default_value = "5")]
    duration: Duration,
    /// Before that, in seconds.
    #[arg(long, value_parser = seconds, default_value = "2")]
    warmup: Duration,
    /// How often everything is run; ratios are the medians of the rounds' ratios.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Bytes of each request and reply, of the levels.
    #[arg(long, default_value_t = 100)]
    payload: usize,
    /// Partitions of the request topic, of the levels.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Who is compared. Default: all but the two profiles; of shapes raw-own-5, raw-own-1 and antiphon.
    #[arg(long, value_enum, value_delimiter = ',')]
    contenders: Vec<Contender>,
    /// Adverse loads after the levels: `all`, or names; a wrong name lists them.
    #[arg(long, value_delimiter = ',')]
    shapes: Vec<String>,
    /// The shapes without the levels.
    #[arg(long, requires = "shapes")]
    only_shapes: bool,
    /// Shows the CPU time by what threads are for, too.
    #[arg(long)]
    account: bool,
    /// How results are printed.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Writes a page with all results, which needs nothing else to be shown.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Tables, each when it is done.
    Text,
    /// One JSON object at the end.
    Json,
}

/// Runs all, and prints what was reached.
pub(crate) fn compare(args: &CompareArgs) -> Result<(), String> {
    let shapes = setting::shapes(&args.shapes)?;
    let levels: Vec<_> = args
        .in_flight
        .iter()
        .filter(|_| !args.only_shapes)
        .map(|in_flight| Setting::level(*in_flight, args.payload, args.partitions))
        .collect();
    let machine = Machine::this(args.bootstrap_servers.as_deref());
    if !machine.optimised {
        eprintln!("built without optimisation: the figures will say nothing about speed");
    }
    let mut rounds = Rounds::new(
        args.bootstrap_servers.clone(),
        Timing {
            warmup: args.warmup,
            duration: args.duration,
        },
        args.rounds.into(),
    );
    let everybody = contenders(args, OF_LEVELS);
    let mut of_levels = Vec::new();
    for level in levels {
        let done = rounds.run(level, &everybody)?;
        args.show(|| text::comparison(&done));
        args.show(|| {
            if args.account {
                text::account(&done)
            } else {
                String::new()
            }
        });
        of_levels.push(done);
    }
    let some = contenders(args, OF_SHAPES);
    let mut of_shapes = Vec::new();
    for shape in shapes {
        of_shapes.push(rounds.run(shape, &some)?);
    }
    if !of_shapes.is_empty() {
        args.show(|| text::shapes(&of_shapes));
    }
    // Before anything is written: a full disk must not keep a Kafka running.
    drop(rounds);
    let report = Report {
        machine,
        method: Method {
            rounds: args.rounds.into(),
            warmup_seconds: args.warmup.as_secs_f64(),
            duration_seconds: args.duration.as_secs_f64(),
            reference: REFERENCE,
        },
        levels: of_levels,
        shapes: of_shapes,
    };
    publish(args, &report)
}

fn contenders(args: &CompareArgs, otherwise: &[Contender]) -> Vec<Contender> {
    if args.contenders.is_empty() {
        otherwise.to_vec()
    } else {
        args.contenders.clone()
    }
}

impl CompareArgs {
    fn show(&self, text: impl FnOnce() -> String) {
        if self.output == Output::Text {
            print!("{}", text());
        }
    }
}

fn publish(args: &CompareArgs, report: &Report) -> Result<(), String> {
    if args.output == Output::Json {
        let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        println!("{json}");
    }
    if let Some(file) = &args.html {
        fs::write(file, html::page(report))
            .map_err(|error| format!("writing {}: {error}", file.display()))?;
        eprintln!("wrote {}", file.display());
    }
    let all = || report.levels.iter().chain(&report.shapes);
    let failures = all().map(|one| one.failures.len()).sum::<usize>();
    if failures > 0 {
        return Err(format!("{failures} runs failed, see above"));
    }
    Ok(())
}
