//! The report as a text.

use std::fmt::Write as _;

use super::{ChaosReport, RowReport};

/// All of it, as Markdown.
pub fn text(report: &ChaosReport) -> String {
    let mut text = String::new();
    // Writing to a string can not fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &ChaosReport, text: &mut String) -> std::fmt::Result {
    writeln!(text, "# Faults on three brokers\n")?;
    writeln!(
        text,
        "Seed {}, {} s of load for each row, {} calls/s, Apache Kafka {}.\n",
        report.seed, report.seconds, report.rate, report.kafka
    )?;
    writeln!(text, "| row | | calls | ok | no | maybe | yes | faults | |")?;
    writeln!(text, "|---|---|---|---|---|---|---|---|---|")?;
    for row in &report.rows {
        let total = row.total();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.code,
            row.title,
            total.begun,
            total.ok,
            total.no,
            total.maybe,
            total.yes,
            row.faults.len(),
            row.word()
        )?;
    }
    report.rows.iter().try_for_each(|row| of_row(row, text))
}

fn of_row(row: &RowReport, text: &mut String) -> std::fmt::Result {
    writeln!(text, "\n## {} {}\n", row.code, row.title)?;
    for problem in &row.problems {
        writeln!(text, "- **unusable**: {}", one_line(problem))?;
    }
    for one in &row.verdicts {
        writeln!(
            text,
            "- {} {}: {} ({})",
            one.id,
            one.statement,
            one.state.word(),
            one_line(&one.detail)
        )?;
    }
    if !row.faults.is_empty() {
        writeln!(
            text,
            "\n| from | to | fault | to whom | seen by |\n|---|---|---|---|---|"
        )?;
    }
    for fault in &row.faults {
        let to = fault
            .to
            .map_or_else(|| "–".into(), |to| format!("{to:.1} s"));
        let seen = fault.evidence.as_deref().unwrap_or("**nothing**");
        writeln!(
            text,
            "| {:.1} s | {to} | {} | {} | {} |",
            fault.from,
            fault.kind,
            cell(&fault.detail),
            cell(seen)
        )?;
    }
    if let Some(kept) = &row.kept {
        writeln!(text, "\nHistories and logs: `{}`", kept.display())?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}
