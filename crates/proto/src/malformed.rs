/// Why the headers of a record are refused. It holds names of the protocol and no bytes of the peer, so it is safe to
/// log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A required header is absent.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header of the protocol occurs twice. The reader does not guess which one is meant.
    #[error("header {0} occurs more than once")]
    Duplicate(&'static str),
    /// A header of the protocol has no value.
    #[error("header {0} has a null value")]
    Null(&'static str),
    /// A header of the protocol is empty, too long, or not UTF-8 where text is required.
    #[error("header {0} has an invalid value")]
    Value(&'static str),
    /// The record has more headers than [`HeadLimits`](crate::HeadLimits) allows.
    #[error("the record has more than {0} headers")]
    TooManyHeaders(usize),
    /// The headers have more bytes than [`HeadLimits`](crate::HeadLimits) allows.
    #[error("the headers have more than {0} bytes")]
    HeadersTooLarge(usize),
    /// The packed fields are longer than [`MAX_PACKED`](crate::MAX_PACKED).
    #[error("the packed fields are longer than {} bytes", crate::MAX_PACKED)]
    PackedTooLong,
    /// A byte of the packed fields is outside printable ASCII.
    #[error("the packed fields contain a byte outside printable ASCII")]
    PackedByte,
    /// A packed field is not `key=value` with a key of lower-case letters.
    #[error("a packed field is not key=value")]
    PackedSyntax,
    /// A packed key occurs twice.
    #[error("a packed key occurs more than once")]
    PackedDuplicate,
    /// The packed fields do not start with `v`.
    #[error("the packed fields do not start with the version")]
    PackedVersionMissing,
    /// The value of this packed key is invalid, whether read or to be written.
    #[error("packed field {0} has an invalid value")]
    PackedValue(&'static str),
    /// This packed field has a meaning only together with another one, which is absent.
    #[error("packed field {0} lacks the field that belongs to it")]
    PackedCompanion(&'static str),
    /// The peer speaks a higher major version of the protocol.
    #[error("protocol version {0} is not supported")]
    UnsupportedVersion(u32),
}
