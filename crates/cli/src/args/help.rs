//! The help of every command is complete, and its examples are valid.

use clap::{Command, CommandFactory, Parser};

use super::Cli;

/// Every command without subcommands, by its full name.
fn leaves(name: &str, command: &Command, all: &mut Vec<(String, Command)>) {
    if !command.has_subcommands() {
        all.push((name.to_owned(), command.clone()));
    }
    for inner in command.get_subcommands() {
        leaves(&format!("{name} {}", inner.get_name()), inner, all);
    }
}

fn commands() -> Vec<(String, Command)> {
    let mut all = Vec::new();
    leaves("antiphon", &Cli::command(), &mut all);
    all
}

#[test]
fn every_command_says_what_it_does_and_gives_an_example_of_itself() {
    let commands = commands();
    assert!(commands.len() >= 15, "{}", commands.len());
    for (name, command) in commands {
        let about = command.get_about().map(ToString::to_string);
        assert!(about.is_some_and(|text| !text.is_empty()), "{name}");
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let (_, example) = help.split_once("Example").unwrap_or_default();
        assert!(example.contains(&format!("  {name}")), "{name}: {help}");
    }
}

#[test]
fn every_option_and_argument_is_explained() {
    for (name, command) in commands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {argument}");
        }
    }
}

/// The examples that consist of one antiphon command, without shell syntax.
fn examples(help: &str) -> Vec<Vec<String>> {
    let (_, example) = help.split_once("Example").unwrap_or_default();
    let lines = example
        .lines()
        .filter(|line| line.starts_with("  antiphon"));
    let plain = lines.filter(|line| !line.contains(['\'', '|', '>', '*']));
    plain
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_examples_are_valid_command_lines() {
    let mut checked = 0;
    for (_, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string);
        for line in examples(&help.unwrap_or_default()) {
            let parsed = Cli::try_parse_from(&line);
            assert!(parsed.is_ok(), "{line:?}: {:?}", parsed.err());
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn a_misspelt_command_or_option_is_answered_with_the_nearest_one() {
    for (line, nearest) in [
        (&["requst", "t"][..], "request"),
        (&["topics", "descrbe", "t"], "describe"),
        (&["config", "chekc"], "check"),
        (&["request", "t", "--timeot", "1s"], "--timeout"),
        (
            &["topics", "create", "t", "--partition", "3"],
            "--partitions",
        ),
        (
            &["config", "check", "--without-secret"],
            "--without-secrets",
        ),
        (&["completions", "bsah"], "bash"),
        (&["request", "t", "-o", "jsn"], "json"),
    ] {
        let line = ["antiphon"].iter().chain(line);
        let error = Cli::try_parse_from(line).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let error = error.to_string();
        assert!(
            error.contains("similar") && error.contains(&format!("'{nearest}")),
            "{error}"
        );
    }
}
