//! A test request and its reply.

use std::time::Instant;

use antiphon::{Executed, RequestError, RequestErrorKind};

use super::finding::Finding;
use crate::{
    args::DoctorArgs,
    command::requester,
    failure::Failure,
    output::{millis, printable},
    settings::Settings,
};

/// Sends the request with a client of its own.
pub(super) async fn run(topic: &str, args: &DoctorArgs, mut settings: Settings) -> Finding {
    let check = format!("probe of {topic}");
    settings.kafka.connect_timeout = args.timeout;
    let client = match requester::connect(settings, false).await {
        Ok(client) => client,
        Err(failure) => return unconnected(check, &failure),
    };
    let value = args.probe_value.clone().unwrap_or_default();
    let request = client.request(topic).value(value).timeout(args.timeout);
    let begun = Instant::now();
    let answered = request.send().await;
    let took = begun.elapsed();
    requester::close(&client).await;
    match answered {
        Ok(reply) => {
            let responder = printable(reply.responder().unwrap_or("a service").as_bytes());
            Finding::ok(check, format!("{responder} replied in {}", millis(took)))
        }
        Err(error) => failed(check, &error),
    }
}

fn unconnected(check: String, failure: &Failure) -> Finding {
    let remedy = failure.advice().unwrap_or("see the checks above");
    Finding::fail(check, failure.to_string(), remedy)
}

fn failed(check: String, error: &RequestError) -> Finding {
    let detail = format!("{error}");
    match (error.kind(), error.executed()) {
        (RequestErrorKind::Status, Executed::Yes) => Finding::warn(
            check,
            format!("a service replied with an error: {detail}"),
            "requests and replies work; set a value that the service accepts with --probe-value",
        ),
        (RequestErrorKind::TimedOut, _) => Finding::fail(
            check,
            detail,
            "start a service on the topic, or raise --timeout",
        ),
        _ => Finding::fail(check, detail, "see the checks above"),
    }
}
