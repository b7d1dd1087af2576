use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::Family;

/// Something that may find a bug: a program to run. It ends with 0 if it found none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What it is called in the report.
    pub name: String,
    /// What kind it is of.
    pub family: Family,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it runs.
    pub directory: PathBuf,
    /// Exit codes that say that it found something; any other but 0 says that it could not look.
    pub finds: &'static [i32],
}

impl Job {
    /// One job per profile, all of the same seeds.
    pub fn simulations(verify: &Path, profiles: &[String], seeds: &str) -> Vec<Self> {
        let simulation = |profile: &String| Self {
            name: format!("simulate {profile}"),
            family: Family::Simulation,
            program: verify.to_owned(),
            arguments: ["simulate", "--seeds", seeds, "--profile", profile]
                .map(OsString::from)
                .to_vec(),
            directory: PathBuf::from("."),
            // A violation; a panic, which may be the product's own.
            finds: &[1, 101],
        };
        profiles.iter().map(simulation).collect()
    }

    /// A binary of tests, run as cargo would.
    pub(super) fn tests(name: String, program: PathBuf, directory: PathBuf) -> Self {
        Self {
            name,
            family: Family::Tests,
            program,
            arguments: Vec::new(),
            directory,
            finds: &[101],
        }
    }
}
