use std::ops::Range;

use crate::packed::number;
use crate::{Deadline, Malformed, RequestFields, mutant};

/// Reads the packed headers of successive requests.
///
/// Two requests of one requester mostly differ in their deadline only. Then only the digits of the deadline are parsed,
/// and the other fields are those of the last header. The result is always that of [`RequestFields::parse`].
#[derive(Debug, Default)]
pub struct RecentFields {
    /// `None` after a header that has no deadline or is longer than [`LONGEST`].
    last: Option<Last>,
    /// The header that `last` describes, in a buffer that is reused.
    packed: Vec<u8>,
}

/// A longer header is not remembered: Antiphon's own are shorter.
const LONGEST: usize = 256;

/// The fields of the last header, and the positions of its texts.
#[derive(Debug)]
struct Last {
    /// The digits of `d`.
    deadline: Range<usize>,
    budget: u32,
    requester: Option<Range<usize>>,
    operation: Option<Range<usize>>,
    /// All fields except deadline and texts.
    rest: RequestFields<'static>,
}

impl RecentFields {
    /// Like [`RequestFields::parse`].
    ///
    /// # Errors
    /// Those of [`RequestFields::parse`].
    pub fn parse<'a>(&mut self, packed: &'a [u8]) -> Result<RequestFields<'a>, Malformed> {
        if let Some(fields) = self.again(packed) {
            return Ok(fields);
        }
        let fields = RequestFields::parse(packed)?;
        self.last = Last::of(packed, &fields);
        if self.last.is_some() {
            self.packed.clear();
            self.packed.extend_from_slice(packed);
        }
        Ok(fields)
    }

    /// The fields, if the header differs from the last one in the digits of its deadline only.
    fn again<'a>(&self, packed: &'a [u8]) -> Option<RequestFields<'a>> {
        let last = self.last.as_ref()?;
        let Range { start, end } = last.deadline;
        let same = packed.len() == self.packed.len()
            && (packed.get(..start) == self.packed.get(..start) || mutant!("last_header_trusted"))
            && packed.get(end..) == self.packed.get(end..);
        if !same {
            return None;
        }
        let text = |at: &Range<usize>| str::from_utf8(packed.get(at.clone())?).ok();
        let at = number(text(&last.deadline)?)?;
        Some(RequestFields {
            deadline: Some(Deadline::new(at, last.budget)),
            requester: last.requester.as_ref().and_then(text),
            operation: last.operation.as_ref().and_then(text),
            ..last.rest
        })
    }
}

impl Last {
    fn of(packed: &[u8], fields: &RequestFields<'_>) -> Option<Self> {
        let budget = fields.deadline?.budget();
        if packed.len() > LONGEST {
            return None;
        }
        // The fields were parsed from this header: each occurs once, and the first is `v`.
        let start = packed.windows(3).position(|key| key == b";d=")? + 3;
        let digits = packed.get(start..)?.iter();
        let length = digits.take_while(|byte| byte.is_ascii_digit()).count();
        let place = |text: &str| {
            let start = text.as_ptr().addr() - packed.as_ptr().addr();
            start..start + text.len()
        };
        Some(Self {
            deadline: start..start + length,
            budget,
            requester: fields.requester.map(place),
            operation: fields.operation.map(place),
            rest: RequestFields {
                deadline: None,
                requester: None,
                operation: None,
                version: fields.version,
                partition: fields.partition,
                mode: fields.mode,
                attempt: fields.attempt,
                control: fields.control,
                batch: fields.batch,
            },
        })
    }
}
