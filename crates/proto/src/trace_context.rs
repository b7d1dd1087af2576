use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// The only version that this crate writes.
const VERSION: &[u8] = b"00";
const INVALID_VERSION: u128 = 0xff;
const SAMPLED: u8 = 0x01;
/// Level 2: at least the last seven bytes of the trace id are random.
const RANDOM: u8 = 0x02;

/// A span and its trace, as the header [`traceparent`](crate::header::TRACEPARENT) carries them.
///
/// The format is that of [W3C Trace Context, Recommendation of 23 November 2021][w3c], section 3.2. A value is always
/// valid: neither id is zero. Every hop of a trace [`parse`](Self::parse)s the header that arrives, makes the
/// [`child`](Self::child) that names the hop's own span, and [`encode`](Self::encode)s it for the record that it sends.
///
/// ```
/// use std::num::NonZeroU64;
/// use antiphon_proto::TraceContext;
///
/// let caller = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").expect("a valid header");
/// let span = NonZeroU64::new(0x00f0_67aa_0ba9_02b7).expect("not zero");
/// let handler = caller.child(span);
/// assert!(handler.is_sampled());
///
/// let mut buf = [0; TraceContext::TEXT_LEN];
/// assert_eq!(handler.encode(&mut buf), "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
/// ```
///
/// [w3c]: https://www.w3.org/TR/2021/REC-trace-context-1-20211123/#traceparent-header
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: NonZeroU128,
    parent_id: NonZeroU64,
    flags: u8,
}

impl TraceContext {
    /// Length of the text form: version, trace id, parent id and flags in hex digits, with three hyphens.
    pub const TEXT_LEN: usize = 55;

    /// A context of these parts, to start a trace; `None` if one of the ids is zero.
    pub fn new(trace_id: [u8; 16], parent_id: [u8; 8], flags: u8) -> Option<Self> {
        Some(Self {
            trace_id: NonZeroU128::new(u128::from_be_bytes(trace_id))?,
            parent_id: NonZeroU64::new(u64::from_be_bytes(parent_id))?,
            flags,
        })
    }

    /// Reads the value of a `traceparent` header.
    ///
    /// `None` means that the header is invalid: ignore it together with `tracestate`, and start a new trace. Hex digits
    /// are lower case. Of a version above 00 only the first 55 characters are read, which a hyphen or the end must
    /// follow, and only the sampled flag is kept. Version ff and ids of zeros are invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let (fields, rest) = text.as_bytes().split_first_chunk::<{ Self::TEXT_LEN }>()?;
        if [fields[2], fields[35], fields[52]] != [b'-'; 3] {
            return None;
        }
        let flags = u8::try_from(number(&fields[53..])?).ok()?;
        let flags = match number(&fields[..2])? {
            INVALID_VERSION => return None,
            0 if rest.is_empty() => flags,
            0 => return None,
            _ if matches!(rest, [] | [b'-', ..]) => flags & SAMPLED,
            _ => return None,
        };
        let parent_id = u64::try_from(number(&fields[36..52])?).ok()?;
        Some(Self {
            trace_id: NonZeroU128::new(number(&fields[3..35])?)?,
            parent_id: NonZeroU64::new(parent_id)?,
            flags,
        })
    }

    /// The context of another span of the same trace, whose id is `span`.
    ///
    /// Keeps the sampled flag and the random flag of Level 2, and clears all others: their meaning is not defined.
    #[must_use]
    pub const fn child(self, span: NonZeroU64) -> Self {
        Self {
            trace_id: self.trace_id,
            parent_id: span,
            flags: self.flags & (SAMPLED | RANDOM),
        }
    }

    /// The id of the whole trace.
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id.get().to_be_bytes()
    }

    /// The id of the span that sent the header: the parent of the receiver's span.
    pub const fn parent_id(&self) -> [u8; 8] {
        self.parent_id.get().to_be_bytes()
    }

    /// The eight trace flags.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the sender may have recorded the trace.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Writes the value of a `traceparent` header of version 00 into `buf` and returns it.
    pub fn encode<'b>(&self, buf: &'b mut [u8; Self::TEXT_LEN]) -> &'b str {
        buf.fill(b'-');
        buf[..2].copy_from_slice(VERSION);
        write_hex(&mut buf[3..35], &self.trace_id());
        write_hex(&mut buf[36..52], &self.parent_id());
        write_hex(&mut buf[53..], &[self.flags]);
        // All of it is ASCII.
        str::from_utf8(buf).unwrap_or_default()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; Self::TEXT_LEN]))
    }
}

/// A number of up to 32 lower-case hex digits.
fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

/// Writes two digits for each byte.
fn write_hex(out: &mut [u8], bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 0x0f].map(|digit| DIGITS[usize::from(digit)]);
    }
}
