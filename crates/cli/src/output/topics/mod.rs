//! Topics.

mod lines;

use std::io::{self, Write};

use antiphon_kafka::{ConfigEntry, NewTopic, PartitionInfo};

use self::lines::{DifferenceItem, OutcomeLine, TopicLine, source};
use super::{
    json,
    printer::Printer,
    stdout::stdout,
    table,
    text::{hint, printable},
};
use crate::{difference::Difference, failure::Failure, form::Form};

/// Prints that a topic was created.
pub(crate) fn created(printer: Printer, topic: &NewTopic, partitions: u32) -> Result<(), Failure> {
    let line = OutcomeLine {
        partitions: usize::try_from(partitions).ok(),
        ..OutcomeLine::of(&topic.name, "created")
    };
    let configs = topic.configs.iter().map(|(k, v)| format!("{k}={v}"));
    let configs = configs.collect::<Vec<_>>().join(", ");
    let text = format!("created {}: {partitions} partitions, {configs}", topic.name);
    outcome(printer, &line, &text)
}

/// Prints that a topic already exists and matches what was asked for.
pub(crate) fn exists(
    printer: Printer,
    topic: &str,
    partitions: usize,
    differences: &[Difference],
) -> Result<(), Failure> {
    let items = differences.iter().map(|one| DifferenceItem {
        name: &one.name,
        default: &one.wanted,
        found: &one.found,
    });
    let line = OutcomeLine {
        partitions: Some(partitions),
        differences: items.collect(),
        ..OutcomeLine::of(topic, "exists")
    };
    let text = format!("{topic} already exists, with {partitions} partitions; nothing was changed");
    outcome(printer, &line, &text)?;
    if printer.form == Form::Text && !printer.quiet {
        for Difference {
            name,
            wanted,
            found,
            ..
        } in differences
        {
            hint(&format!(
                "  {name} is {found}; a new topic would have {wanted}"
            ));
        }
    }
    Ok(())
}

/// Prints that a topic was deleted.
pub(crate) fn deleted(printer: Printer, topic: &str) -> Result<(), Failure> {
    outcome(
        printer,
        &OutcomeLine::of(topic, "deleted"),
        &format!("deleted {topic}"),
    )
}

/// Prints partitions and settings of a topic. An embedded broker has no settings.
pub(crate) fn described(
    printer: Printer,
    topic: &str,
    partitions: &[PartitionInfo],
    configs: Option<&[ConfigEntry]>,
) -> Result<(), Failure> {
    stdout(|out| match printer.form {
        Form::Text => text(out, topic, partitions, configs),
        Form::Json => json::print(out, &TopicLine::of(topic, partitions, configs)),
        Form::Raw => rows(partitions)
            .into_iter()
            .try_for_each(|row| writeln!(out, "{topic}\t{}", row.join("\t"))),
    })
}

fn outcome(printer: Printer, line: &OutcomeLine<'_>, text: &str) -> Result<(), Failure> {
    stdout(|out| match printer.form {
        Form::Text => writeln!(out, "{text}"),
        Form::Json => json::print(out, line),
        Form::Raw => writeln!(out, "{}", line.topic),
    })
}

fn text(
    out: &mut dyn Write,
    topic: &str,
    partitions: &[PartitionInfo],
    configs: Option<&[ConfigEntry]>,
) -> io::Result<()> {
    let behind = partitions
        .iter()
        .filter(|one| one.leader.is_none() || one.in_sync.len() < one.replicas.len());
    let behind = match behind.count() {
        0 => String::new(),
        count => format!(", {count} of them without a leader or with replicas out of sync"),
    };
    writeln!(out, "{topic}: {} partitions{behind}\n", partitions.len())?;
    let titles = ["partition", "leader", "replicas", "in sync"];
    table::print(out, &titles, rows(partitions))?;
    writeln!(out)?;
    if let Some(configs) = configs {
        let lines = configs.iter().map(|entry| {
            let value = entry.value.as_deref().unwrap_or("-");
            let value = printable(value.as_bytes());
            vec![entry.name.clone(), value, source(entry.source).to_owned()]
        });
        table::print(out, &["setting", "value", "from"], lines)?;
        writeln!(out)?;
    }
    Ok(())
}

fn rows(partitions: &[PartitionInfo]) -> Vec<Vec<String>> {
    let rows = partitions.iter().map(|one| {
        let leader = one.leader.map(|leader| leader.to_string());
        vec![
            one.id.to_string(),
            leader.unwrap_or_else(|| "none".to_owned()),
            list(&one.replicas),
            list(&one.in_sync),
        ]
    });
    rows.collect()
}

fn list(brokers: &[i32]) -> String {
    let brokers: Vec<_> = brokers.iter().map(ToString::to_string).collect();
    brokers.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_without_a_leader_is_counted_and_named() {
        let partition = |id, leader, in_sync: &[i32]| PartitionInfo {
            id,
            leader,
            replicas: vec![1, 2],
            in_sync: in_sync.to_vec(),
        };
        let partitions = [
            partition(0, Some(1), &[1, 2]),
            partition(1, None, &[1, 2]),
            partition(2, Some(2), &[2]),
        ];
        let mut out = Vec::new();
        text(&mut out, "t", &partitions, None).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(
            shown.starts_with("t: 3 partitions, 2 of them without"),
            "{shown}"
        );
        assert!(
            shown.contains("1          none    1,2       1,2"),
            "{shown}"
        );
    }
}
