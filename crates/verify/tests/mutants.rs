//! The seeded bugs, and the plan by which they are tried out. Jobs are shell scripts here.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test says that something is wrong"
)]

use std::{collections::BTreeSet, env, fs, path::Path, time::Duration};

use antiphon_proto::mutants::{ALL, Mutant};
use antiphon_verify::mutants::{Caught, Ended, Family, Job, MutantsError, Plan, Trial, report};

const MUTANT: Mutant = Mutant {
    name: "some_bug",
    what: "does something wrong",
};

fn job(name: &str, family: Family, script: &str) -> Job {
    Job {
        name: name.to_owned(),
        family,
        program: "/bin/sh".into(),
        arguments: ["-c", script].map(Into::into).to_vec(),
        directory: env::temp_dir(),
        finds: &[1],
    }
}

fn plan(jobs: Vec<Job>) -> Result<Plan, MutantsError> {
    Plan::new(jobs, Duration::from_secs(2), &mut |_| {})
}

fn try_out(jobs: Vec<Job>, all_families: bool) -> Trial {
    let plan = plan(jobs).unwrap();
    plan.try_out(MUTANT, all_families, &mut |_| {}).unwrap()
}

fn found(trial: &Trial, family: Family) -> Option<(&str, &str)> {
    let caught = trial.caught_by(family)?;
    Some((&caught.job, &caught.how))
}

const FINDS: &str = "test \"$ANTIPHON_MUTANT\" != some_bug || { echo 'seed 7 fails'; exit 1; }";

#[test]
fn each_seeded_bug_stands_in_the_product_and_has_a_name_of_its_own() {
    let names: BTreeSet<_> = ALL.iter().map(|mutant| mutant.name.to_owned()).collect();
    assert_eq!(names.len(), ALL.len());
    let mut used = BTreeSet::new();
    for source in ["../proto/src", "../antiphon/src"] {
        uses(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(source),
            &mut used,
        );
    }
    assert_eq!(names, used);
}

/// The names in all `mutant!("name")` under a directory.
fn uses(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            uses(&path, names);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let after = text.split("mutant!(\"").skip(1);
            names.extend(after.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
        }
    }
}

#[test]
fn the_first_job_that_finds_the_bug_ends_the_trial() {
    let jobs = vec![
        job("finds", Family::Simulation, FINDS),
        job("slower", Family::Tests, &format!("sleep 0.3; {FINDS}")),
    ];
    let trial = try_out(jobs, false);
    assert!(trial.is_caught());
    assert_eq!(found(&trial, Family::Simulation), Some(("finds", "seed 7")));
    assert_eq!(
        (trial.runs.len(), trial.skipped.as_slice()),
        (1, &[Family::Tests][..])
    );
}

#[test]
fn what_each_family_finds_is_seen_when_both_are_run() {
    let jobs = vec![
        job("finds", Family::Simulation, FINDS),
        job("blind", Family::Tests, "exit 0"),
    ];
    let trial = try_out(jobs, true);
    assert!(trial.is_caught() && trial.survives(Family::Tests));
    assert!(!trial.survives(Family::Simulation));
    let table = report::table(&[trial]).to_string();
    for part in ["some_bug", "finds: seed 7", "NOT FOUND"] {
        assert!(table.contains(part), "no {part:?} in\n{table}");
    }
}

#[test]
fn a_bug_that_nothing_finds_survives() {
    let trial = try_out(vec![job("blind", Family::Tests, "exit 0")], false);
    assert_eq!(trial.runs, [(Family::Tests, Ended::Quiet)]);
    assert!(!trial.is_caught());
    assert!(trial.survives(Family::Tests) && !trial.survives(Family::Simulation));
    assert_eq!(report::line(&trial), "some_bug: NOT FOUND");
}

#[test]
fn a_job_that_does_not_end_has_found_the_bug_and_names_what_hangs() {
    let script = "echo 'test a ... ok'; test \"$ANTIPHON_MUTANT\" != some_bug || exec sleep 60; \
                  echo 'test b ... ok'";
    let trial = try_out(vec![job("hangs", Family::Tests, script)], false);
    assert_eq!(
        found(&trial, Family::Tests),
        Some(("hangs", "does not end: b"))
    );
}

#[test]
fn a_job_that_is_killed_has_found_the_bug() {
    let script = "test \"$ANTIPHON_MUTANT\" != some_bug || kill -ABRT $$";
    let trial = try_out(vec![job("dies", Family::Tests, script)], false);
    let (_, how) = found(&trial, Family::Tests).unwrap();
    assert!(how.starts_with("dies: signal: 6"), "{how}");
}

#[test]
fn a_job_that_finds_something_without_a_bug_stops_all() {
    let error = plan(vec![job(
        "always",
        Family::Tests,
        "echo 'test a ... FAILED'; exit 1",
    )]);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("always") && text.ends_with(": a"), "{text}");
}

#[test]
fn a_job_that_can_not_be_run_has_found_nothing() {
    let script = "test \"$ANTIPHON_MUTANT\" != some_bug || { echo 'no such profile'; exit 2; }";
    let plan = plan(vec![job("broken", Family::Simulation, script)]).unwrap();
    let error = plan.try_out(MUTANT, false, &mut |_| {}).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("broken") && text.contains("no such profile"),
        "{text}"
    );
    let mut missing = job("missing", Family::Tests, "");
    missing.program = "/no/such/program".into();
    let error = Plan::new(vec![missing], Duration::from_secs(1), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"));
}

#[test]
fn a_find_is_told_with_its_job() {
    let caught = Caught {
        job: "simulate calm".to_owned(),
        how: "seed 3".to_owned(),
    };
    let trial = Trial {
        mutant: MUTANT,
        runs: vec![(Family::Simulation, Ended::Caught(caught))],
        skipped: Vec::new(),
    };
    assert_eq!(report::line(&trial), "some_bug: simulate calm: seed 3");
}
