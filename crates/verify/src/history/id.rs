//! Names for calls and executions that are unique in a run and say where they come from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One call of one requester: process number, incarnation and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// One run of a handler: process number, incarnation and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(pub u64);

const COUNT_BITS: u32 = 36;
const INCARNATION_BITS: u32 = 16;

/// `process` below 4,096 and `count` below 2³⁶; what is above is cut off.
fn pack(process: u16, incarnation: u16, count: u64) -> u64 {
    let count = count & ((1 << COUNT_BITS) - 1);
    let process = u64::from(process & 0xfff);
    (process << (COUNT_BITS + INCARNATION_BITS)) | (u64::from(incarnation) << COUNT_BITS) | count
}

fn write(id: u64, letter: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let process = id >> (COUNT_BITS + INCARNATION_BITS);
    let incarnation = (id >> COUNT_BITS) & ((1 << INCARNATION_BITS) - 1);
    let count = id & ((1 << COUNT_BITS) - 1);
    write!(f, "{letter}{process}.{incarnation}.{count}")
}

impl CallId {
    /// The `count`th call of an incarnation of a process.
    pub fn new(process: u16, incarnation: u16, count: u64) -> Self {
        Self(pack(process, incarnation, count))
    }
}

impl ExecutionId {
    /// The `count`th handler that an incarnation of a process ran.
    pub fn new(process: u16, incarnation: u16, count: u64) -> Self {
        Self(pack(process, incarnation, count))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, 'c', f)
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, 'x', f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_where_it_comes_from() {
        assert_eq!(CallId::new(3, 2, 17).to_string(), "c3.2.17");
        assert_eq!(
            ExecutionId::new(4095, 65535, 5).to_string(),
            "x4095.65535.5"
        );
    }
}
