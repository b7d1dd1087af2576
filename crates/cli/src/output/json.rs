//! One JSON object per line.

use std::io::{self, Write};

use antiphon::{Missing, Reply, RequestError, Status};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::causes::causes;
use crate::failure::Failure;

/// Bytes, as text if they are UTF-8, else as base64.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Value<'a> {
    Value(&'a str),
    ValueBase64(String),
}

impl<'a> Value<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Value(text),
            Err(_) => Self::ValueBase64(STANDARD.encode(bytes)),
        }
    }
}

#[derive(Serialize)]
struct ReplyLine<'a> {
    r#type: &'static str,
    topic: &'a str,
    correlation_id: String,
    #[serde(flatten)]
    value: Value<'a>,
    headers: Vec<HeaderItem<'a>>,
    responder: Option<&'a str>,
    partition: i32,
    offset: i64,
}

#[derive(Serialize)]
struct HeaderItem<'a> {
    name: &'a str,
    #[serde(flatten)]
    value: Value<'a>,
}

/// A failed call, or another error.
#[derive(Serialize)]
struct ErrorLine<'a> {
    r#type: &'static str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    executed: Option<&'static str>,
    message: String,
    causes: Vec<String>,
    #[serde(flatten)]
    call: Option<CallFields<'a>>,
}

#[derive(Serialize)]
struct CallFields<'a> {
    correlation_id: Option<String>,
    topic: Option<&'a str>,
    partition: Option<i32>,
    status: Option<StatusFields<'a>>,
}

#[derive(Serialize)]
struct StatusFields<'a> {
    code: &'static str,
    message: &'a str,
    details: Option<serde_json::Value>,
    retry_after_ms: Option<u128>,
}

#[derive(Serialize)]
struct BrokerLine<'a> {
    r#type: &'static str,
    bootstrap_servers: &'a str,
    topics: Vec<TopicItem<'a>>,
}

#[derive(Serialize)]
struct TopicItem<'a> {
    name: &'a str,
    partitions: i32,
}

/// A reply.
pub(super) fn reply(out: &mut dyn Write, topic: &str, reply: &Reply) -> io::Result<()> {
    let headers = reply.headers().iter().map(|(name, value)| HeaderItem {
        name,
        value: Value::of(value),
    });
    let line = ReplyLine {
        r#type: "reply",
        topic,
        correlation_id: reply.correlation_id().to_string(),
        value: Value::of(reply.value()),
        headers: headers.collect(),
        responder: reply.responder(),
        partition: reply.partition(),
        offset: reply.offset(),
    };
    print(out, &line)
}

/// A target or responder without a usable reply.
pub(super) fn missing(out: &mut dyn Write, missing: &Missing) -> io::Result<()> {
    let error = missing.error();
    let mut call = CallFields::of(error);
    call.topic = Some(missing.target());
    let line = ErrorLine {
        r#type: "missing",
        kind: error.kind().as_str(),
        executed: Some(error.executed().as_str()),
        message: error.to_string(),
        causes: causes(error),
        call: Some(call),
    };
    print(out, &line)
}

/// The error of a command.
pub(super) fn failure(out: &mut dyn Write, failure: &Failure) -> io::Result<()> {
    let line = ErrorLine {
        r#type: "error",
        kind: failure.kind(),
        executed: failure.executed().map(antiphon::Executed::as_str),
        message: failure.to_string(),
        causes: causes(failure),
        call: failure.call().map(CallFields::of),
    };
    print(out, &line)
}

/// A broker that runs.
pub(super) fn broker(
    out: &mut dyn Write,
    servers: &str,
    topics: &[(String, i32)],
) -> io::Result<()> {
    let topics = topics.iter().map(|(name, partitions)| TopicItem {
        name,
        partitions: *partitions,
    });
    let line = BrokerLine {
        r#type: "broker",
        bootstrap_servers: servers,
        topics: topics.collect(),
    };
    print(out, &line)
}

impl<'a> CallFields<'a> {
    fn of(error: &'a RequestError) -> Self {
        Self {
            correlation_id: error.correlation_id().map(|id| id.to_string()),
            topic: error.topic(),
            partition: error.partition(),
            status: error.status().map(StatusFields::of),
        }
    }
}

impl<'a> StatusFields<'a> {
    fn of(status: &'a Status) -> Self {
        let details = status.details().map(|text| {
            let parsed = serde_json::from_str(text);
            parsed.unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
        });
        Self {
            code: status.code().as_str(),
            message: status.message(),
            details,
            retry_after_ms: status.retry_after().map(|wait| wait.as_millis()),
        }
    }
}

/// Prints one line.
pub(super) fn print(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &impl Serialize) -> String {
        let mut out = Vec::new();
        print(&mut out, line).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bytes_that_are_no_text_go_out_as_base64() {
        assert_eq!(shown(&Value::of(b"\"a\"")), "{\"value\":\"\\\"a\\\"\"}\n");
        assert_eq!(
            shown(&Value::of(b"\xff\0")),
            "{\"value_base64\":\"/wA=\"}\n"
        );
    }

    #[test]
    fn details_of_a_status_stay_json() {
        let status = Status::not_found("no").with_details("{\"sku\":7}");
        let shown = shown(&StatusFields::of(&status));
        assert!(shown.contains(r#""code":"NOT_FOUND""#), "{shown}");
        assert!(shown.contains(r#""details":{"sku":7}"#), "{shown}");
    }

    #[test]
    fn a_failure_without_a_call_says_what_it_is() {
        let mut out = Vec::new();
        failure(&mut out, &Failure::Unexpected("odd".to_owned())).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(line["type"], "error");
        assert_eq!(line["kind"], "unexpected");
        assert_eq!(line.get("executed"), None);
    }
}
