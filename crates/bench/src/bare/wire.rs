use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LEN: usize = b"v=1;p=0;d=0000000000000;t=30000;r=web/1/1".len();
const PACKED: &[u8; LEN] = b"v=1;p=0;d=0000000000000;t=30000;r=web/1/1";
const DEADLINE: std::ops::Range<usize> = 10..23;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The ids of one requester: a slot each.
pub(super) struct Ids([u8; 36]);

impl Ids {
    pub(super) fn new(instance: u32) -> Self {
        let mut text = *b"00000000-0000-8000-8000-000000000000";
        write_digits::<16>(&mut text[..8], instance.into());
        Self(text)
    }

    pub(super) fn of(&self, slot: usize) -> [u8; 36] {
        let mut text = self.0;
        write_digits::<16>(&mut text[24..], slot as u64);
        text
    }
}

/// The packed header of a request that is sent now.
pub(super) fn packed() -> [u8; LEN] {
    let until = SystemTime::now() + TIMEOUT;
    let unix = until.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = unix.as_secs() * 1_000 + u64::from(unix.subsec_millis());
    let mut text = *PACKED;
    write_digits::<10>(&mut text[DEADLINE], millis);
    text
}

/// Where the reply goes, by the packed header of its request.
pub(super) fn reply_partition(packed: &[u8]) -> Option<i32> {
    let mut fields = packed.split(|byte| *byte == b';');
    let digits = fields.find_map(|field| field.strip_prefix(b"p="))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Fills a text of fixed length; leading digits are zeros, what does not fit is cut.
fn write_digits<const RADIX: u64>(text: &mut [u8], mut value: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value % RADIX) as usize];
        value /= RADIX;
    }
}

#[cfg(test)]
mod tests {
    use antiphon_proto::PackedFields;

    use super::*;
    use crate::raw::text_id;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let ids = Ids::new(0xab);
        assert_eq!(&ids.of(300), b"000000ab-0000-8000-8000-00000000012c");
        assert_eq!(text_id(&ids.of(300)), Some((0xab, 300)));
    }

    #[test]
    fn the_packed_header_is_one_with_a_deadline_ahead() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis();
        let packed = packed();
        let fields = PackedFields::new(&packed).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let Ok(
            [
                ("v", "1"),
                ("p", "0"),
                ("d", deadline),
                ("t", "30000"),
                ("r", "web/1/1"),
            ],
        ) = fields.as_deref()
        else {
            panic!("{fields:?}")
        };
        let deadline: u128 = deadline.parse().unwrap_or_default();
        assert!(
            (now + 30_000..now + 60_000).contains(&deadline),
            "{deadline}"
        );
    }

    #[test]
    fn the_reply_partition_is_found() {
        assert_eq!(reply_partition(PACKED), Some(0));
        assert_eq!(reply_partition(b"v=1;d=9;p=17"), Some(17));
        assert_eq!(reply_partition(b"v=1"), None);
    }
}
