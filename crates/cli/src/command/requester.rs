//! Shared by all commands that send requests: options, connecting, closing.

use std::time::Duration;

use antiphon::Client;

use crate::{
    args::CallArgs,
    failure::Failure,
    settings::{Layer, Settings},
};

/// Time limit to stop a client after its call has ended.
const CLOSE: Duration = Duration::from_millis(500);

/// The timeout of the client also limits how long librdkafka tries to send, and that must exceed its
/// linger. The timeout of the call itself may be shorter.
const SHORTEST: Duration = Duration::from_millis(100);

/// Adds the options that are settings.
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

/// Applies the options of a call to its builder. The three builders have the same methods.
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
