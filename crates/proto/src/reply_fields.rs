use crate::packed::{all_or_nothing, number};
use crate::request_fields::{VERSION, positive, version, write_batch};
use crate::{Code, Executed, Malformed, PackedFields, PackedWriter};

/// The packed fields of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyFields<'a> {
    /// Protocol major version.
    pub version: u32,
    /// The responder, percent-encoded as on the wire; see [`decode_identity`](crate::decode_identity).
    pub responder: Option<&'a str>,
    /// How the request ended.
    pub code: Code,
    /// In an error: whether the handler ran.
    pub executed: Option<Executed>,
    /// Delay before a retry, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// In a stream: the number of this item, from 0; on the last record, the number of items sent.
    pub sequence: Option<u64>,
    /// In a stream: whether this is the last record, which has the final status.
    pub last: bool,
    /// In a batch: number of items in the value, at least 1.
    pub batch: Option<u32>,
}

impl Default for ReplyFields<'_> {
    /// The fields of a reply without an `antiphon` header: `OK`.
    fn default() -> Self {
        Self {
            version: VERSION,
            responder: None,
            code: Code::Ok,
            executed: None,
            retry_after_ms: None,
            sequence: None,
            last: false,
            batch: None,
        }
    }
}

impl<'a> ReplyFields<'a> {
    /// Reads the value of an `antiphon` header of a reply. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`Malformed`], if a field is malformed or the version is not supported.
    pub fn parse(packed: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        for field in PackedFields::new(packed)? {
            let (key, value) = field?;
            fields.read(key, value)?;
        }
        Ok(fields)
    }

    /// Appends the header value to `out`. On an error, `out` is unchanged.
    ///
    /// # Errors
    /// [`Malformed::PackedValue`] for a value that [`parse`](Self::parse) would refuse, [`Malformed::PackedTooLong`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        all_or_nothing(out, |out| self.write(out))
    }

    fn read(&mut self, key: &str, value: &'a str) -> Result<(), Malformed> {
        match key.as_bytes() {
            b"v" => self.version = version(value)?,
            b"r" => self.responder = Some(value),
            b"s" => self.code = Code::parse(value.as_bytes()).ok_or(Malformed::PackedValue("s"))?,
            b"e" => {
                let executed = Executed::parse(value.as_bytes());
                self.executed = Some(executed.ok_or(Malformed::PackedValue("e"))?);
            }
            b"w" => self.retry_after_ms = Some(number(value).ok_or(Malformed::PackedValue("w"))?),
            b"q" => self.sequence = Some(number(value).ok_or(Malformed::PackedValue("q"))?),
            b"z" if value == "1" => self.last = true,
            b"z" => return Err(Malformed::PackedValue("z")),
            b"b" => self.batch = Some(positive("b", value)?),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if self.version != VERSION {
            return Err(Malformed::PackedValue("v"));
        }
        let mut writer = PackedWriter::new(out, self.version);
        if let Some(responder) = self.responder {
            writer.text("r", responder)?;
        }
        if self.code != Code::Ok {
            writer.text("s", self.code.as_str())?;
        }
        if let Some(executed) = self.executed {
            writer.text("e", executed.as_str())?;
        }
        if let Some(delay) = self.retry_after_ms {
            writer.number("w", delay);
        }
        if let Some(sequence) = self.sequence {
            writer.number("q", sequence);
        }
        if self.last {
            writer.number("z", 1);
        }
        write_batch(&mut writer, self.batch)?;
        writer.finish()
    }
}
