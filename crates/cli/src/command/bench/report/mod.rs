//! The result of a run.

mod text;

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    measured::Measured,
    outcome::{Certainty, errors},
};
use crate::args::BenchArgs;

/// One object of JSON, or a table.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    r#type: &'static str,
    topic: String,
    mode: &'static str,
    in_flight: u32,
    asked_rate: Option<f64>,
    payload: usize,
    keys: Option<u64>,
    timeout_s: f64,
    warmup_s: f64,
    duration_s: f64,
    measured_s: f64,
    interrupted: bool,
    requests: u64,
    pub(super) replies: u64,
    rate: f64,
    p50_us: Option<u64>,
    p90_us: Option<u64>,
    p99_us: Option<u64>,
    p999_us: Option<u64>,
    max_us: Option<u64>,
    errors: BTreeMap<&'static str, Certainty>,
    unfinished: u64,
    behind_schedule: u64,
    not_started: u64,
    cpu_us_per_request: Option<f64>,
}

impl Report {
    pub(super) fn new(
        args: &BenchArgs,
        payload: usize,
        timeout: Duration,
        measured: &Measured,
    ) -> Self {
        let Measured { tally, window, cpu } = measured;
        let latencies = &tally.latencies;
        let at = |quantile| (!latencies.is_empty()).then(|| latencies.value_at_quantile(quantile));
        let measured_s = window.measured().as_secs_f64();
        Self {
            r#type: "bench",
            topic: args.topic.clone(),
            mode: if args.rate.is_some() {
                "open"
            } else {
                "closed"
            },
            in_flight: args.in_flight,
            asked_rate: args.rate,
            payload,
            keys: args.keys,
            timeout_s: timeout.as_secs_f64(),
            warmup_s: args.warmup.as_secs_f64(),
            duration_s: args.duration.as_secs_f64(),
            measured_s,
            interrupted: window.is_stopped(),
            requests: tally.requests(),
            replies: latencies.len(),
            rate: ratio(count(latencies.len()), measured_s).unwrap_or(0.0),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: at(1.0),
            errors: errors(tally),
            unfinished: tally.unfinished,
            // A closed loop has no schedule.
            behind_schedule: match args.rate {
                Some(_) => tally.late + tally.not_started,
                None => 0,
            },
            not_started: tally.not_started,
            cpu_us_per_request: cpu
                .and_then(|cpu| ratio(cpu.as_secs_f64() * 1e6, count(tally.requests()))),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run")]
fn count(count: u64) -> f64 {
    count as f64
}

/// With one digit after the point; `None` where there is nothing to divide by.
fn ratio(of: f64, by: f64) -> Option<f64> {
    (by > 0.0).then(|| (of / by * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use antiphon::Executed;
    use antiphon_load::{Tally, Window};
    use clap::Parser;
    use hdrhistogram::Histogram;
    use tokio::time::Instant;

    use super::{super::outcome::Kind, *};
    use crate::{
        args::{Cli, Command},
        output::Show,
    };

    fn report(line: &[&str], tally: Tally<Kind>) -> Report {
        let line = [&["antiphon", "bench", "t"], line].concat();
        let Command::Bench(args) = Cli::try_parse_from(line).unwrap().command else {
            panic!("another command");
        };
        let window = Window::new(Instant::now(), Duration::ZERO, Duration::from_secs(4));
        let measured = Measured {
            tally,
            window: Arc::new(window),
            cpu: Some(Duration::from_millis(1)),
        };
        Report::new(&args, 100, Duration::from_secs(1), &measured)
    }

    fn nothing() -> Tally<Kind> {
        Tally::new(&Histogram::new(3).unwrap())
    }

    fn tally() -> Tally<Kind> {
        let mut tally = nothing();
        for millis in [1, 2, 3, 4, 500] {
            tally.succeeded(millis * 1_000);
        }
        tally.fail(Kind::of("timed_out", Executed::Maybe));
        tally
    }

    #[test]
    fn numbers_are_those_of_the_tally() {
        let json = serde_json::to_value(report(&[], tally())).unwrap();
        assert_eq!(json["mode"], "closed");
        assert_eq!(json["asked_rate"], serde_json::Value::Null);
        assert_eq!(
            (&json["requests"], &json["replies"]),
            (&6.into(), &5.into())
        );
        assert_eq!(json["rate"], 1.3);
        assert_eq!(json["p50_us"], 3_001);
        assert!(json["max_us"].as_u64().unwrap() >= 500_000, "{json}");
        assert_eq!(json["errors"]["timed_out"]["maybe"], 1);
        assert_eq!(json["cpu_us_per_request"], 166.7);
    }

    #[test]
    fn without_replies_there_are_no_latencies() {
        let report = report(&["--rate", "5"], nothing());
        assert_eq!(
            (report.mode, report.p50_us, report.max_us),
            ("open", None, None)
        );
        assert_eq!(report.cpu_us_per_request, None);
    }

    #[test]
    fn the_text_tells_what_went_wrong() {
        let mut tally = tally();
        tally.not_started = 1_234;
        let mut out = Vec::new();
        report(&["--rate", "5"], tally).text(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in [
            "1 timed_out: executed no 0, maybe 1",
            "1,234 were never sent",
            "5 per second",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}
