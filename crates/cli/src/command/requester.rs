//! What request, scatter and gather have in common.

use std::time::Duration;

use antiphon::Client;

use crate::{
    args::CallArgs,
    failure::Failure,
    settings::{Layer, Settings},
};

/// How long a client may take to stop after its call has ended.
const CLOSE: Duration = Duration::from_millis(500);

/// The client's own timeout also bounds how long librdkafka tries to send, and that must be longer
/// than its linger. The call itself may be shorter.
const SHORTEST: Duration = Duration::from_millis(100);

/// The options that are settings too.
pub(super) fn flags(flags: &mut Layer, args: &CallArgs) {
    if let Some(timeout) = args.timeout {
        let timeout = humantime::format_duration(timeout.max(SHORTEST)).to_string();
        flags.put("client.timeout", timeout);
    }
    if let Some(topic) = &args.reply_topic {
        flags.put("client.reply.topic", topic.as_str());
    }
}

/// Connects a client.
pub(super) async fn connect(settings: Settings, read_headers: bool) -> Result<Client, Failure> {
    let mut config = settings.client;
    config.reply.read_headers |= read_headers;
    let client = Client::builder(settings.client_group)
        .kafka(settings.kafka)
        .config(config)
        .connect()
        .await?;
    Ok(client)
}

/// Stops a client whose calls have ended.
pub(super) async fn close(client: &Client) {
    client.close(CLOSE).await;
}

/// Puts the options of a call on its builder; the three builders have the same methods.
macro_rules! with_options {
    ($call:expr, $args:expr) => {{
        let args: $crate::args::CallArgs = $args;
        let mut call = $call;
        if let Some(key) = args.key {
            call = call.key(key);
        }
        if let Some(timeout) = args.timeout {
            call = call.timeout(timeout);
        }
        if let Some(operation) = args.operation {
            call = call.operation(operation);
        }
        for (name, value) in args.headers {
            call = call.header(name, value);
        }
        call
    }};
}

pub(super) use with_options;
