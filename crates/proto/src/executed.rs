use std::fmt;

/// Whether the handler of a request ran. A caller must know this before it retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Executed {
    /// The handler did not run and will not run for this attempt. A retry is safe.
    No,
    /// Not known. A retry is safe only with the same id, to a responder that deduplicates.
    Maybe,
    /// The handler ran.
    Yes,
}

impl Executed {
    /// The word used on the wire: `no`, `maybe` or `yes`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }

    /// Reads the word used on the wire; anything else is `None`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"no" => Some(Self::No),
            b"maybe" => Some(Self::Maybe),
            b"yes" => Some(Self::Yes),
            _ => None,
        }
    }
}

impl fmt::Display for Executed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
