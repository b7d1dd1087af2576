use std::collections::BTreeSet;

use crate::Malformed;

/// Longest value of the `antiphon` header, in bytes.
pub const MAX_PACKED: usize = 1024;

/// Iterates over the fields of an `antiphon` header and checks each.
///
/// The header is printable ASCII. `v` comes first, keys are lower-case letters, and no key occurs twice. A value may
/// contain `=`. The caller interprets the values. After an error the iterator ends.
///
/// ```
/// use antiphon_proto::PackedFields;
///
/// let fields = PackedFields::new(b"v=1;p=3;d=1763781234567")?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(fields, [("v", "1"), ("p", "3"), ("d", "1763781234567")]);
/// # Ok::<(), antiphon_proto::Malformed>(())
/// ```
#[derive(Clone, Debug)]
pub struct PackedFields<'a> {
    /// `None` after the last field.
    rest: Option<&'a str>,
    seen: Seen<'a>,
}

impl<'a> PackedFields<'a> {
    /// Checks the length and the bytes of the whole header.
    ///
    /// # Errors
    /// [`Malformed::PackedTooLong`], [`Malformed::PackedByte`].
    pub fn new(packed: &'a [u8]) -> Result<Self, Malformed> {
        if packed.len() > MAX_PACKED {
            return Err(Malformed::PackedTooLong);
        }
        // Without an early end, so that the compiler checks many bytes at once.
        let outside = |wrong, byte: &u8| wrong | !matches!(byte, 0x20..=0x7e);
        if packed.iter().fold(false, outside) {
            return Err(Malformed::PackedByte);
        }
        let text = str::from_utf8(packed).map_err(|_| Malformed::PackedByte)?;
        Ok(Self {
            rest: Some(text),
            seen: Seen::default(),
        })
    }
}

impl<'a> Iterator for PackedFields<'a> {
    type Item = Result<(&'a str, &'a str), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let (field, rest) = first_field(self.rest?);
        self.rest = rest;
        let field = field.and_then(|(key, value)| self.seen.note(key).map(|()| (key, value)));
        if field.is_err() {
            self.rest = None;
        }
        Some(field)
    }
}

/// The keys that were read.
#[derive(Clone, Debug, Default)]
struct Seen<'a> {
    /// One bit per key of one letter, as all keys of the protocol are.
    letters: u32,
    longer: BTreeSet<&'a str>,
}

impl<'a> Seen<'a> {
    fn note(&mut self, key: &'a str) -> Result<(), Malformed> {
        let fresh = match key.as_bytes() {
            [letter @ b'a'..=b'z'] if self.letters != 0 => self.note_letter(*letter),
            [b'v'] => self.note_letter(b'v'),
            // The first key must be `v`, so no letter seen means that this is the first.
            _ if self.letters == 0 => return Err(Malformed::PackedVersionMissing),
            longer if is_key(longer) => self.longer.insert(key),
            _ => return Err(Malformed::PackedSyntax),
        };
        if fresh {
            Ok(())
        } else {
            Err(Malformed::PackedDuplicate)
        }
    }

    fn note_letter(&mut self, letter: u8) -> bool {
        let bit = 1 << (letter - b'a');
        let fresh = self.letters & bit == 0;
        self.letters |= bit;
        fresh
    }
}

/// The well-formed fields of a header that may be malformed, to tell the requester that it is refused.
pub(crate) fn lenient(packed: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let text = if packed.len() > MAX_PACKED {
        ""
    } else {
        str::from_utf8(packed).unwrap_or_default()
    };
    text.split(';').filter_map(|field| field.split_once('='))
}

type Field<'a> = Result<(&'a str, &'a str), Malformed>;

/// The first field, and what comes after its `;`.
fn first_field(text: &str) -> (Field<'_>, Option<&str>) {
    // The keys of the protocol are one letter: only the value has to be searched for its end.
    if let [b'a'..=b'z', b'=', ..] = text.as_bytes()
        && let (Some(key), Some(rest)) = (text.get(..1), text.get(2..))
    {
        let (value, rest) = split(rest, b';');
        return (Ok((key, value)), rest);
    }
    let (field, rest) = split(text, b';');
    (pair(field), rest)
}

fn pair(field: &str) -> Field<'_> {
    match split(field, b'=') {
        (key, Some(value)) => Ok((key, value)),
        (_, None) => Err(Malformed::PackedSyntax),
    }
}

/// Splits at the first separator. Fields are so short that a plain loop is faster than a searcher.
fn split(text: &str, separator: u8) -> (&str, Option<&str>) {
    let found = text.bytes().position(|byte| byte == separator);
    let halves = found.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    halves.map_or((text, None), |(head, tail)| (head, Some(tail)))
}

fn is_key(key: &[u8]) -> bool {
    !key.is_empty() && key.iter().all(u8::is_ascii_lowercase)
}

/// Reads a decimal number of digits only: no sign, no space.
pub(crate) fn number<T: TryFrom<u64>>(digits: &str) -> Option<T> {
    let number = if digits.len() < MAX_DIGITS {
        short_number(digits)?
    } else {
        long_number(digits)?
    };
    T::try_from(number).ok()
}

/// Reads fewer than [`MAX_DIGITS`] digits, which cannot overflow.
fn short_number(digits: &str) -> Option<u64> {
    let (mut number, mut wrong) = (0_u64, digits.is_empty());
    for byte in digits.bytes() {
        let digit = byte.wrapping_sub(b'0');
        wrong |= digit > 9;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (!wrong).then_some(number)
}

/// Number of digits of the largest `u64`.
const MAX_DIGITS: usize = 20;

fn long_number(digits: &str) -> Option<u64> {
    let append = |number: u64, byte: u8| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    };
    digits.bytes().try_fold(0, append)
}

/// Appends packed fields to a buffer that the caller reuses.
#[derive(Debug)]
pub struct PackedWriter<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
}

impl<'b> PackedWriter<'b> {
    /// Starts a header value at the end of `out` with its version.
    pub fn new(out: &'b mut Vec<u8>, version: u32) -> Self {
        let start = out.len();
        out.extend_from_slice(b"v=");
        push_decimal(out, u64::from(version));
        Self { out, start }
    }

    /// Adds a number.
    pub fn number(&mut self, key: &'static str, value: u64) -> &mut Self {
        self.key(key);
        push_decimal(self.out, value);
        self
    }

    /// Adds text, which [`PackedFields`] reads back as one field.
    ///
    /// # Errors
    /// [`Malformed::PackedValue`] if it is not printable ASCII without `;`.
    pub fn text(&mut self, key: &'static str, value: &str) -> Result<&mut Self, Malformed> {
        let plain = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b';';
        // Without an early end, so that the compiler checks many bytes at once.
        if !value.bytes().fold(true, |all, byte| all & plain(byte)) {
            return Err(Malformed::PackedValue(key));
        }
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
        Ok(self)
    }

    /// Checks the length of the header value.
    ///
    /// # Errors
    /// [`Malformed::PackedTooLong`].
    pub fn finish(self) -> Result<(), Malformed> {
        if self.out.len() - self.start > MAX_PACKED {
            return Err(Malformed::PackedTooLong);
        }
        Ok(())
    }

    fn key(&mut self, key: &'static str) {
        self.out.push(b';');
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
    }
}

/// Runs `write` on `out`. If it fails, removes what it appended.
pub(crate) fn all_or_nothing(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let start = out.len();
    write(out).inspect_err(|_| out.truncate(start))
}

fn push_decimal(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<Vec<(&str, &str)>, Malformed> {
        PackedFields::new(text.as_bytes())?.collect()
    }

    #[test]
    fn fields_come_in_order_and_values_may_contain_an_equals_sign() {
        assert_eq!(
            verdict("v=1;r=a=b;foo="),
            Ok(vec![("v", "1"), ("r", "a=b"), ("foo", "")])
        );
    }

    #[test]
    fn anything_outside_the_grammar_is_refused() {
        assert_eq!(verdict(""), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("p=1;v=1"), Err(Malformed::PackedVersionMissing));
        assert_eq!(verdict("v=1;"), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("vv=1"), Err(Malformed::PackedVersionMissing));
        assert_eq!(verdict("v=1;p"), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("v=1;p;a=1"), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("v=1;P=1"), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("v=1;=1"), Err(Malformed::PackedSyntax));
        assert_eq!(verdict("v=1;v=1"), Err(Malformed::PackedDuplicate));
        assert_eq!(verdict("v=1;foo=1;foo=2"), Err(Malformed::PackedDuplicate));
        assert_eq!(verdict("v=1;r=\u{e4}"), Err(Malformed::PackedByte));
        assert_eq!(verdict("v=1;r=a\n"), Err(Malformed::PackedByte));
        assert_eq!(
            verdict(&format!("v=1;r={}", "x".repeat(MAX_PACKED))),
            Err(Malformed::PackedTooLong)
        );
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number::<u64>("18446744073709551615"), Some(u64::MAX));
        let nines = "9999999999999999999";
        assert_eq!(number::<u64>(nines), Some(9_999_999_999_999_999_999));
        let zeros = format!("{}7", "0".repeat(40));
        assert_eq!(number::<u64>(&zeros), Some(7));
        let long = format!("1{}x", "0".repeat(18));
        for wrong in [
            "",
            "+1",
            "-1",
            " 1",
            "1.0",
            "18446744073709551616",
            "0x1",
            "1/",
            "1:",
            &long,
        ] {
            assert_eq!(number::<u64>(wrong), None, "{wrong}");
        }
        assert_eq!(number::<i32>("2147483648"), None);
    }

    #[test]
    fn written_numbers_read_back() {
        for value in [0, 9, 10, 100, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
