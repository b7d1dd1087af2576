//! Topics that a broker makes by itself.

use std::time::{Duration, Instant};

use crate::ffi::deadline::end_of;
use crate::{Error, ErrorKind, Producer, Properties, Reports};

/// How long to wait before the next question.
const PAUSE: Duration = Duration::from_millis(50);

/// Has the broker make a topic by itself and returns how many partitions it has; blocks up to
/// `timeout`. A topic that exists is left as it is.
///
/// It asks for the topic's metadata through a client of its own that allows topics to be made
/// automatically. The broker decides about partitions and replicas, and must have
/// `auto.create.topics.enable=true`. The embedded broker, which has no other way, makes four
/// partitions.
///
/// # Errors
///
/// [`UnknownTopic`](ErrorKind::UnknownTopic) if the broker does not make topics;
/// [`TimedOut`](ErrorKind::TimedOut) or a failed connection.
pub fn auto_create(props: &Properties, topic: &str, timeout: Duration) -> Result<u32, Error> {
    const WHAT: &str = "creating a topic automatically";
    let end = end_of(timeout);
    let mut props = props.clone();
    props.set("allow.auto.create.topics", "true");
    let client = Producer::new(&props, Reports::ErrorsOnly)?;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let refused = match client.partitions(topic, left) {
            Ok(Some(partitions)) if partitions > 0 => return Ok(partitions),
            Ok(_) => Error::of_code(WHAT, UNKNOWN_TOPIC).at(topic, None),
            Err(error) => error,
        };
        let hopeless = matches!(
            refused.kind(),
            ErrorKind::InvalidConfig | ErrorKind::NotAuthorized | ErrorKind::Authentication
        );
        if hopeless || left <= PAUSE {
            return Err(refused);
        }
        std::thread::sleep(PAUSE);
    }
}

const UNKNOWN_TOPIC: i32 =
    rdkafka_sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART as i32;
