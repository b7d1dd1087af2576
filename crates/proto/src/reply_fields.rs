use crate::packed::{all_or_nothing, number};
use crate::request_fields::{VERSION, positive, version, write_batch};
use crate::{Code, Executed, Malformed, PackedFields, PackedWriter};

/// The packed fields of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyFields<'a> {
    /// Protocol major version.
    pub version: u32,
    /// Who answers, percent-encoded as on the wire; see [`decode_identity`](crate::decode_identity).
    pub responder: Option<&'a str>,
    /// How the request ended.
    pub code: Code,
    /// Errors: whether the handler ran.
    pub executed: Option<Executed>,
    /// How long to wait before a retry, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Stream: the number of this item, from 0; on the last record the number of items sent.
    pub sequence: Option<u64>,
    /// Stream: whether this is the last record, the one with the final status.
    pub last: bool,
    /// Number of items in the value of a batch, at least 1.
    pub batch: Option<u32>,
}

impl Default for ReplyFields<'_> {
    /// What a reply without an `antiphon` header means: `OK`.
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
    /// Reads the value of an `antiphon` header of a reply; unknown keys are ignored.
    pub fn parse(packed: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        for field in PackedFields::new(packed)? {
            let (key, value) = field?;
            fields.read(key, value)?;
        }
        Ok(fields)
    }

    /// Appends the header value to `out`; on an error `out` is as before.
    ///
    /// # Errors
    /// [`Malformed::PackedValue`] for what [`parse`](Self::parse) would refuse, [`Malformed::PackedTooLong`].
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
