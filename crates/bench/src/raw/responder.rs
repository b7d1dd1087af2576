use std::io::Write as _;

use super::{
    Wire,
    client::{Client, Message, Result, Topic, pair},
};
use crate::load::Load;

/// Echoes for ever.
pub(crate) fn respond(load: &Load, wire: Wire) -> Result<()> {
    let (producer, consumer) = pair(load, "raw-responder")?;
    let partitions: Vec<i32> = (0..load.partitions).collect();
    let requests = consumer.assign_at_end(&load.topic, &partitions)?;
    let replies = producer.topic(&load.reply_topic)?;
    println!("ready");
    std::io::stdout()
        .flush()
        .map_err(|error| error.to_string())?;
    let mut buffer = vec![std::ptr::null_mut(); 1_000];
    loop {
        requests.drain(&mut buffer, 500, |request| {
            answer(&producer, &replies, request, wire)
        })?;
    }
}

/// Reads what a responder has to read, and echoes.
fn answer(producer: &Client, replies: &Topic, request: &Message, wire: Wire) -> Result<()> {
    if request.is_error() {
        return Err("an error came instead of a request".into());
    }
    let id = request.header(c"correlation-id").ok_or("no id")?;
    request.header(c"reply-topic").ok_or("no reply topic")?;
    match wire {
        Wire::Own => {
            let partition = request.header(c"reply-partition").ok_or("no partition")?;
            let partition: i32 = std::str::from_utf8(partition)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or("bad partition")?;
            let headers = [(c"correlation-id", id)];
            producer.send(replies, partition, None, request.value(), &headers)
        }
        Wire::Antiphon => {
            request.header(c"antiphon").ok_or("no packed header")?;
            let headers = [
                (c"correlation-id", id),
                (c"antiphon", &b"v=1;r=echo/1.0.0/1"[..]),
            ];
            producer.send(replies, 0, Some(id), request.value(), &headers)
        }
    }
}
