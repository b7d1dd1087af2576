/// Why headers are refused. The names in it are ours, never the peer's bytes, so it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A header that must stand is absent.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header of ours stands twice; which one is meant is not guessed.
    #[error("header {0} stands more than once")]
    Duplicate(&'static str),
    /// A header of ours has no value.
    #[error("header {0} has a null value")]
    Null(&'static str),
    /// A header of ours is empty, too long, or not UTF-8 where text is required.
    #[error("header {0} has an invalid value")]
    Value(&'static str),
    /// More headers than [`HeadLimits`](crate::HeadLimits) allows.
    #[error("more than {0} headers")]
    TooManyHeaders(usize),
    /// More bytes of headers than [`HeadLimits`](crate::HeadLimits) allows.
    #[error("more than {0} bytes of headers")]
    HeadersTooLarge(usize),
    /// The packed fields are longer than [`MAX_PACKED`](crate::MAX_PACKED).
    #[error("packed fields are longer than {} bytes", crate::MAX_PACKED)]
    PackedTooLong,
    /// A byte of the packed fields is outside printable ASCII.
    #[error("packed fields hold a byte outside printable ASCII")]
    PackedByte,
    /// A packed field is not `key=value` with a key of lower-case letters.
    #[error("a packed field is not key=value")]
    PackedSyntax,
    /// A packed key stands twice.
    #[error("a packed key stands more than once")]
    PackedDuplicate,
    /// The packed fields do not start with `v`.
    #[error("packed fields do not start with the version")]
    PackedVersionMissing,
    /// A packed value cannot be read, or cannot be written, for this key.
    #[error("packed field {0} has an invalid value")]
    PackedValue(&'static str),
    /// A packed field lacks the field that it only means something with.
    #[error("packed field {0} is missing its companion")]
    PackedCompanion(&'static str),
    /// The protocol's major version is above ours.
    #[error("protocol version {0} is not supported")]
    UnsupportedVersion(u32),
}
