//! Antiphon itself: its client and an echo service, as a user would write them.

use std::sync::Arc;

use antiphon::{
    Client, Service,
    config::{ClientConfig, FirstPoll, KafkaConfig, ReplyConfig, ServiceConfig},
    service::{self, SyncRequest},
};
use bytes::Bytes;

use crate::{
    drive::{Ask, drive},
    load::Load,
    parent::ready_to_respond,
    result::Run,
};

fn kafka(load: &Load) -> KafkaConfig {
    KafkaConfig::new(&load.servers).profile(load.profile)
}

pub(crate) async fn request(load: &Load) -> Result<Run, String> {
    let config = ClientConfig {
        reply: ReplyConfig {
            topic: Some(load.reply_topic.clone()),
            partition: Some(0),
            create: false,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Client::builder("bench")
        .kafka(kafka(load))
        .config(config)
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    let requester = Requester {
        client,
        topic: load.topic.as_str().into(),
        // Borrowed: a count of references that all tasks share would be the load, not the client.
        value: Bytes::from_static(load.value().leak()),
        keys: load.keys().into_iter().map(Bytes::from).collect(),
    };
    drive(load, requester).await
}

#[derive(Clone)]
struct Requester {
    client: Client,
    topic: Arc<str>,
    value: Bytes,
    keys: Arc<[Bytes]>,
}

impl Ask for Requester {
    async fn ask(&self, number: usize) -> bool {
        let mut request = self.client.request(&self.topic).value(self.value.clone());
        if !self.keys.is_empty() {
            request = request.key(self.keys[number % self.keys.len()].clone());
        }
        request.send().await.is_ok()
    }
}

/// Echoes for ever.
pub(crate) async fn respond(load: &Load) -> Result<(), String> {
    let config = ServiceConfig {
        allowed_reply_topics: vec![load.reply_topic.clone()],
        first_poll: if load.pump {
            FirstPoll::Runtime
        } else {
            FirstPoll::Inline
        },
        ..ServiceConfig::default()
    };
    let builder = Service::builder("bench-echo")
        .version("1.0.0")
        .kafka(kafka(load))
        .config(config)
        .group(format!("bench-{}", load.topic));
    let sleep = load.handler_sleep;
    // A handler that sleeps has to wait, so it is no synchronous one.
    let builder = if load.sync_handler && sleep.is_zero() {
        let echo = |request: &SyncRequest<'_>| Ok(Bytes::copy_from_slice(request.value()));
        builder.route(&load.topic, service::sync(echo))
    } else {
        let echo = move |value: Bytes| async move {
            if !sleep.is_zero() {
                tokio::time::sleep(sleep).await;
            }
            Ok(value)
        };
        builder.route(&load.topic, echo)
    };
    let service = builder.start().await.map_err(|error| error.to_string())?;
    service.ready().await;
    ready_to_respond(load)?;
    std::future::pending::<()>().await;
    Ok(())
}
