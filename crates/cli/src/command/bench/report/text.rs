//! The result as a table.

use std::{
    io::{self, Write},
    time::Duration,
};

use comfy_table::{Table, presets};

use super::Report;
use crate::output::{Show, millis, thousands};

impl Report {
    fn asked(&self) -> String {
        let load = match self.asked_rate {
            Some(rate) => format!("{rate} per second, at most {} in flight", self.in_flight),
            None => format!("{} in flight", self.in_flight),
        };
        format!(
            "{}: {load}, {} bytes each, {:.1} s after {} s of warm-up",
            self.topic, self.payload, self.measured_s, self.warmup_s
        )
    }

    fn row(&self) -> Vec<String> {
        let quantiles = [
            self.p50_us,
            self.p90_us,
            self.p99_us,
            self.p999_us,
            self.max_us,
        ];
        let shown = |micros: Option<u64>| {
            micros.map_or_else(
                || "-".to_owned(),
                |micros| millis(Duration::from_micros(micros)),
            )
        };
        let mut row = vec![thousands(self.requests), format!("{:.0}", self.rate)];
        row.extend(quantiles.map(shown));
        row.push(match self.cpu_us_per_request {
            Some(micros) => format!("{micros:.1} µs"),
            None => "-".to_owned(),
        });
        row
    }

    /// Sentences below the table.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.interrupted {
            remarks.push("ended early".to_owned());
        }
        for (kind, executed) in &self.errors {
            remarks.push(format!(
                "{} {kind}: executed no {}, maybe {}, yes {}",
                thousands(executed.total()),
                executed.no,
                executed.maybe,
                executed.yes
            ));
        }
        if self.unfinished > 0 {
            remarks.push(format!(
                "{} had no reply yet at the end",
                thousands(self.unfinished)
            ));
        }
        if self.behind_schedule > 0 {
            let late = self.behind_schedule - self.not_started;
            remarks.push(format!("{} were sent more than 1 ms late", thousands(late)));
        }
        if self.not_started > 0 {
            remarks.push(format!(
                "{} were never sent: the rate was not kept",
                thousands(self.not_started)
            ));
        }
        remarks
    }
}

const HEADER: [&str; 8] = [
    "requests",
    "replies per second",
    "p50",
    "p90",
    "p99",
    "p99.9",
    "max",
    "CPU per request",
];

impl Show for Report {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_BORDERS_ONLY)
            .set_header(HEADER.to_vec())
            .add_row(self.row());
        writeln!(out, "{}\n\n{table}", self.asked())?;
        for remark in self.remarks() {
            writeln!(out, "{remark}")?;
        }
        Ok(())
    }
}
