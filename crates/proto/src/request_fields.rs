use crate::packed::{all_or_nothing, number};
use crate::{Deadline, Malformed, PackedFields, PackedWriter};

/// The major version of the protocol that this crate implements.
pub(crate) const VERSION: u32 = 1;
const MAX_OPERATION: usize = 200;

/// The replies that a requester expects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReplyMode {
    /// Exactly one.
    #[default]
    Single,
    /// One from each of several responders.
    Gather,
    /// A sequence from one responder.
    Stream,
    /// A confirmation of success or failure. The responder may also stay silent.
    Confirm,
    /// None.
    None,
}

/// What a control record does to a running call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// The caller is gone, so the handler may stop.
    Cancel,
    /// The caller accepts this number of further items of the stream.
    Credit(u32),
}

/// The packed fields of a request.
///
/// ```
/// use antiphon_proto::{Deadline, RequestFields};
///
/// let fields = RequestFields::parse(b"v=1;p=3;d=1763781234567;t=30000;r=web/3/7f3a")?;
/// assert_eq!(fields.partition, Some(3));
/// assert_eq!(fields.deadline, Some(Deadline::new(1_763_781_234_567, 30_000)));
///
/// let mut packed = Vec::new();
/// fields.encode(&mut packed)?;
/// assert_eq!(packed, b"v=1;p=3;d=1763781234567;t=30000;r=web/3/7f3a");
/// # Ok::<(), antiphon_proto::Malformed>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFields<'a> {
    /// Protocol major version.
    pub version: u32,
    /// Reply partition, if the requester reads fixed partitions; never negative.
    pub partition: Option<i32>,
    /// When the requester stops waiting.
    pub deadline: Option<Deadline>,
    /// The requester, percent-encoded as on the wire; see [`decode_identity`](crate::decode_identity).
    pub requester: Option<&'a str>,
    /// The operation, if the topic carries several.
    pub operation: Option<&'a str>,
    /// The replies that the requester expects.
    pub mode: ReplyMode,
    /// 1 on the first attempt. Later attempts carry the same correlation id.
    pub attempt: u32,
    /// Present on a control record only.
    pub control: Option<Control>,
    /// In a batch: number of items in the value, at least 1.
    pub batch: Option<u32>,
}

impl Default for RequestFields<'_> {
    /// The fields of a request without an `antiphon` header.
    fn default() -> Self {
        Self {
            version: VERSION,
            partition: None,
            deadline: None,
            requester: None,
            operation: None,
            mode: ReplyMode::Single,
            attempt: 1,
            control: None,
            batch: None,
        }
    }
}

impl<'a> RequestFields<'a> {
    /// Reads the value of an `antiphon` header of a request. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`Malformed`], if a field is malformed or the version is not supported.
    pub fn parse(packed: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        let mut parts = Parts::default();
        for field in PackedFields::new(packed)? {
            let (key, value) = field?;
            fields.read(&mut parts, key, value)?;
        }
        fields.deadline = parts.deadline()?;
        fields.control = parts.control()?;
        Ok(fields)
    }

    /// Appends the header value to `out`. On an error, `out` is unchanged.
    ///
    /// # Errors
    /// [`Malformed::PackedValue`] for a value that [`parse`](Self::parse) would refuse, [`Malformed::PackedTooLong`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        all_or_nothing(out, |out| self.write(out))
    }

    fn read(&mut self, parts: &mut Parts, key: &str, value: &'a str) -> Result<(), Malformed> {
        match key.as_bytes() {
            b"v" => self.version = version(value)?,
            b"p" => self.partition = Some(partition(value)?),
            b"d" => parts.at = Some(number(value).ok_or(Malformed::PackedValue("d"))?),
            b"t" => parts.budget = Some(number(value).ok_or(Malformed::PackedValue("t"))?),
            b"r" => self.requester = Some(value),
            b"o" => self.operation = Some(operation(value)?),
            b"m" => self.mode = mode(value).ok_or(Malformed::PackedValue("m"))?,
            b"a" => self.attempt = positive("a", value)?,
            b"b" => self.batch = Some(positive("b", value)?),
            b"c" => parts.verb = Some(verb(value)?),
            b"n" => parts.credit = Some(number(value).ok_or(Malformed::PackedValue("n"))?),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if self.version != VERSION {
            return Err(Malformed::PackedValue("v"));
        }
        let mut writer = PackedWriter::new(out, self.version);
        if let Some(partition) = self.partition {
            writer.number(
                "p",
                u64::try_from(partition).map_err(|_| Malformed::PackedValue("p"))?,
            );
        }
        if let Some(deadline) = self.deadline {
            writer
                .number("d", deadline.at())
                .number("t", u64::from(deadline.budget()));
        }
        if let Some(requester) = self.requester {
            writer.text("r", requester)?;
        }
        if let Some(name) = self.operation {
            writer.text("o", operation(name)?)?;
        }
        if let Some(word) = mode_word(self.mode) {
            writer.text("m", word)?;
        }
        match self.attempt {
            0 => return Err(Malformed::PackedValue("a")),
            1 => {}
            attempt => {
                writer.number("a", u64::from(attempt));
            }
        }
        write_batch(&mut writer, self.batch)?;
        self.write_control(&mut writer)?;
        writer.finish()
    }

    fn write_control(&self, writer: &mut PackedWriter<'_>) -> Result<(), Malformed> {
        match self.control {
            None => {}
            Some(Control::Cancel) => {
                writer.text("c", "cancel")?;
            }
            Some(Control::Credit(items)) => {
                writer.text("c", "credit")?.number("n", u64::from(items));
            }
        }
        Ok(())
    }
}

/// Whether this is a legal name of an operation: 1 to 200 characters of `a-z A-Z 0-9 . _ / -`.
pub fn is_operation_name(name: &str) -> bool {
    (1..=MAX_OPERATION).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-'))
}

/// Fields that have a meaning only in pairs.
#[derive(Default)]
struct Parts {
    at: Option<u64>,
    budget: Option<u32>,
    verb: Option<Verb>,
    credit: Option<u32>,
}

#[derive(Clone, Copy)]
enum Verb {
    Cancel,
    Credit,
}

impl Parts {
    fn deadline(&self) -> Result<Option<Deadline>, Malformed> {
        match (self.at, self.budget) {
            (Some(at), Some(budget)) => Ok(Some(Deadline::new(at, budget))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Malformed::PackedCompanion("d")),
            (None, Some(_)) => Err(Malformed::PackedCompanion("t")),
        }
    }

    fn control(&self) -> Result<Option<Control>, Malformed> {
        match (self.verb, self.credit) {
            (None, None) => Ok(None),
            (Some(Verb::Cancel), None) => Ok(Some(Control::Cancel)),
            (Some(Verb::Credit), Some(items)) => Ok(Some(Control::Credit(items))),
            (Some(Verb::Credit), None) => Err(Malformed::PackedCompanion("c")),
            (_, Some(_)) => Err(Malformed::PackedCompanion("n")),
        }
    }
}

/// Reads `v`. A higher major version is an error of its own, so that the responder can answer it.
pub(crate) fn version(value: &str) -> Result<u32, Malformed> {
    match number(value) {
        Some(VERSION) => Ok(VERSION),
        None | Some(0) => Err(Malformed::PackedValue("v")),
        Some(above) => Err(Malformed::UnsupportedVersion(above)),
    }
}

/// Reads `p`.
pub(crate) fn partition(value: &str) -> Result<i32, Malformed> {
    number(value).ok_or(Malformed::PackedValue("p"))
}

pub(crate) fn positive(key: &'static str, value: &str) -> Result<u32, Malformed> {
    number(value)
        .filter(|number| *number > 0)
        .ok_or(Malformed::PackedValue(key))
}

pub(crate) fn write_batch(
    writer: &mut PackedWriter<'_>,
    batch: Option<u32>,
) -> Result<(), Malformed> {
    match batch {
        None => {}
        Some(0) => return Err(Malformed::PackedValue("b")),
        Some(items) => {
            writer.number("b", u64::from(items));
        }
    }
    Ok(())
}

fn operation(value: &str) -> Result<&str, Malformed> {
    if is_operation_name(value) {
        Ok(value)
    } else {
        Err(Malformed::PackedValue("o"))
    }
}

fn verb(value: &str) -> Result<Verb, Malformed> {
    match value {
        "cancel" => Ok(Verb::Cancel),
        "credit" => Ok(Verb::Credit),
        _ => Err(Malformed::PackedValue("c")),
    }
}

fn mode(word: &str) -> Option<ReplyMode> {
    match word {
        "gather" => Some(ReplyMode::Gather),
        "stream" => Some(ReplyMode::Stream),
        "confirm" => Some(ReplyMode::Confirm),
        "none" => Some(ReplyMode::None),
        _ => None,
    }
}

fn mode_word(mode: ReplyMode) -> Option<&'static str> {
    match mode {
        ReplyMode::Single => None,
        ReplyMode::Gather => Some("gather"),
        ReplyMode::Stream => Some("stream"),
        ReplyMode::Confirm => Some("confirm"),
        ReplyMode::None => Some("none"),
    }
}
