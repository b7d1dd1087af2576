use super::{
    Wire,
    client::{Client, Message, Result, Topic},
};
use crate::load::Load;

/// What travels with a request of the raw loop, and how its reply is told.
pub(super) struct Format {
    wire: Wire,
    instance: u32,
    reply_topic: String,
    packed: Vec<u8>,
}

/// Where a request goes.
#[derive(Clone, Copy)]
pub(super) struct To<'a> {
    pub(super) topic: &'a Topic,
    pub(super) partition: i32,
    pub(super) key: Option<&'a [u8]>,
}

impl Format {
    pub(super) fn new(load: &Load, wire: Wire) -> Self {
        Self {
            wire,
            instance: load.instance,
            reply_topic: load.reply_topic.clone(),
            packed: format!("v=1;p=0;d={};t=30000;r=web/1/1", u64::MAX / 4).into_bytes(),
        }
    }

    pub(super) fn send(
        &self,
        producer: &Client,
        to: To<'_>,
        value: &[u8],
        slot: usize,
    ) -> Result<()> {
        let reply_topic = self.reply_topic.as_bytes();
        match self.wire {
            Wire::Own => {
                let mut id = [0; 16];
                id[..4].copy_from_slice(&self.instance.to_be_bytes());
                id[8..].copy_from_slice(&(slot as u64).to_be_bytes());
                let headers = [
                    (c"correlation-id", &id[..]),
                    (c"reply-topic", reply_topic),
                    (c"reply-partition", b"0"),
                ];
                producer.send(to.topic, to.partition, to.key, value, &headers)
            }
            Wire::Antiphon => {
                let id = format!("{:08x}-0000-8000-8000-{slot:012x}", self.instance);
                let headers = [
                    (c"correlation-id", id.as_bytes()),
                    (c"reply-topic", reply_topic),
                    (c"antiphon", &self.packed[..]),
                ];
                producer.send(to.topic, to.partition, to.key, value, &headers)
            }
        }
    }

    /// Which slot a reply answers; none if it is another requester's.
    pub(super) fn slot(&self, reply: &Message) -> Result<Option<usize>> {
        if reply.is_error() {
            return Err("an error came instead of a reply".into());
        }
        let (instance, slot) = match self.wire {
            Wire::Own => {
                let id = reply.header(c"correlation-id").ok_or("no id")?;
                own_id(id).ok_or("bad id")?
            }
            Wire::Antiphon => text_id(reply.key()).ok_or("no id in the key")?,
        };
        let slot = usize::try_from(slot).map_err(|error| error.to_string())?;
        Ok((instance == self.instance).then_some(slot))
    }
}

fn own_id(id: &[u8]) -> Option<(u32, u64)> {
    let instance = id.first_chunk()?;
    let slot = id.get(8..)?.first_chunk()?;
    Some((u32::from_be_bytes(*instance), u64::from_be_bytes(*slot)))
}

/// The requester and the slot that an id of Antiphon's wire names.
pub(crate) fn text_id(key: &[u8]) -> Option<(u32, u64)> {
    let hex = |range: std::ops::Range<usize>| {
        let text = std::str::from_utf8(key.get(range)?).ok()?;
        u64::from_str_radix(text, 16).ok()
    };
    Some((u32::try_from(hex(0..8)?).ok()?, hex(24..36)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let text = format!("{:08x}-0000-8000-8000-{:012x}", 7, 300);
        assert_eq!(text_id(text.as_bytes()), Some((7, 300)));
        assert_eq!(text_id(b"short"), None);
        let mut id = [0; 16];
        (id[3], id[15]) = (7, 9);
        assert_eq!(own_id(&id), Some((7, 9)));
        assert_eq!(own_id(&id[..12]), None);
    }
}
