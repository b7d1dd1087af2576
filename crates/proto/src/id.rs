use std::fmt;

use uuid::Uuid;

const INSTANCE_BITS: u32 = 48;
const INSTANCE_MASK: u64 = (1 << INSTANCE_BITS) - 1;
const SALT_MASK: u16 = 0x0fff;
const VERSION: u16 = 0x8000;
const VARIANT: u64 = 0b10 << 62;
const GENERATION_MASK: u32 = (1 << 30) - 1;

/// 48 random bits that identify one running requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(u64);

impl InstanceId {
    /// Takes the low 48 bits of `bits`.
    pub const fn new(bits: u64) -> Self {
        Self(bits & INSTANCE_MASK)
    }

    /// The 48 bits, right-aligned.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// The id of a call, which its reply carries too: 16 bytes, a UUID of version 8.
///
/// `48 bits instance | version 8 | 12 bits salt | variant | 30 bits generation | 32 bits slot`, big endian. The slot
/// is the place of the call in the [`Table`](crate::Table), so finding the call needs no hash. Generation and salt name
/// one of the calls that used this slot.
///
/// ```
/// use antiphon_proto::{CorrelationId, InstanceId};
///
/// let instance = InstanceId::new(0x0123_4567_89ab);
/// let id = CorrelationId::compose(instance, 0xcde, 5, 7);
/// assert_eq!(id.to_string(), "01234567-89ab-8cde-8000-000500000007");
/// assert_eq!(CorrelationId::parse(b"01234567-89ab-8cde-8000-000500000007"), Some(id));
/// assert!(id.is_ours(instance));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationId([u8; 16]);

impl CorrelationId {
    /// Length of the text form: 32 hex digits and four hyphens.
    pub const TEXT_LEN: usize = 36;

    /// Makes the id of one call from the low 12 bits of `salt`, the low 30 bits of `generation`, and the other parts.
    pub fn compose(instance: InstanceId, salt: u16, generation: u32, slot: u32) -> Self {
        let high = (instance.0 << 16) | u64::from(VERSION | (salt & SALT_MASK));
        let low = VARIANT | (u64::from(generation & GENERATION_MASK) << 32) | u64::from(slot);
        Self(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
    }

    /// Takes any 16 bytes; check them with [`is_ours`](Self::is_ours).
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as dialects with binary ids carry them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the text form: exactly 36 characters, hyphenated, lower case.
    ///
    /// Upper case is refused on purpose: ids are compared byte by byte, so another spelling is another id.
    pub fn parse(text: &[u8]) -> Option<Self> {
        // Without an early end, so that the compiler checks many characters at once.
        let upper = |found: bool, character: &u8| found | character.is_ascii_uppercase();
        if text.len() != Self::TEXT_LEN || text.iter().fold(false, upper) {
            return None;
        }
        Uuid::try_parse_ascii(text)
            .ok()
            .map(|uuid| Self(uuid.into_bytes()))
    }

    /// Writes the text form into `buf` and returns it.
    pub fn encode<'b>(&self, buf: &'b mut [u8; Self::TEXT_LEN]) -> &'b str {
        Uuid::from_bytes(self.0).as_hyphenated().encode_lower(buf)
    }

    /// The instance bits.
    pub fn instance(&self) -> InstanceId {
        InstanceId(self.high() >> 16)
    }

    /// The 12 salt bits.
    pub fn salt(&self) -> u16 {
        u16::from_be_bytes([self.0[6], self.0[7]]) & SALT_MASK
    }

    /// The 30 generation bits.
    pub fn generation(&self) -> u32 {
        u32::from_be_bytes([self.0[8], self.0[9], self.0[10], self.0[11]]) & GENERATION_MASK
    }

    /// The slot index.
    pub fn slot(&self) -> u32 {
        u32::from_be_bytes([self.0[12], self.0[13], self.0[14], self.0[15]])
    }

    /// Whether this id has the version, variant and instance bits of the ids of `instance`.
    pub fn is_ours(&self, instance: InstanceId) -> bool {
        self.high() & !u64::from(SALT_MASK) == (instance.0 << 16) | u64::from(VERSION)
            && self.0[8] >> 6 == 0b10
    }

    /// Whether this id has the version and variant bits of the protocol's ids, of any instance.
    pub fn is_version_8(&self) -> bool {
        self.0[6] >> 4 == 8 && self.0[8] >> 6 == 0b10
    }

    /// Generation and slot as one number, for places too small for an id. [`Table::fail_token`](crate::Table::fail_token)
    /// finds the call by it.
    pub fn token(&self) -> u64 {
        (u64::from(self.generation()) << 32) | u64::from(self.slot())
    }

    fn high(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; Self::TEXT_LEN]))
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
