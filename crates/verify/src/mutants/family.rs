use std::fmt;

/// What kind of job finds a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A simulation, judged by its history.
    Simulation,
    /// The project's tests.
    Tests,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Simulation, Self::Tests];
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simulation => "simulation",
            Self::Tests => "tests",
        })
    }
}
