//! Options of the commands that send requests.

use std::time::Duration;

use clap::Args;

use super::parse;

/// Options that request, scatter and gather share.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CallArgs {
    /// The key of the record. Requests with the same key go to the same partition, in order.
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Add a header to the request. May be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE", value_parser = parse::pair)]
    pub(crate) headers: Vec<(String, String)>,
    /// The maximum time to wait, for example 2s or 500ms. Default: `timeout` in section `[client]`.
    #[arg(short, long, value_name = "DURATION", value_parser = parse::timeout)]
    pub(crate) timeout: Option<Duration>,
    /// The operation to call, for a service with several operations on one topic.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// The topic to receive replies on. Default: GROUP.replies, where GROUP is `group` in section
    /// `[client]`; with its default, antiphon-cli.replies.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) reply_topic: Option<String>,
}

/// Send a request and print the reply.
///
/// The value of the reply is written to standard output. With -v the headers of the reply are
/// written to standard error; with -o json they are part of the object.
#[derive(Args, Clone, Debug)]
#[command(after_help = REQUEST_HELP)]
pub(crate) struct RequestArgs {
    /// The request topic. It must exist: a request never creates a topic.
    pub(crate) topic: String,
    /// The value of the request, or - to read it from standard input. Default: empty. A value that
    /// begins with a hyphen and is not a number must follow --.
    // Otherwise a misspelt option would be sent as the value.
    #[arg(value_name = "VALUE|-", allow_negative_numbers = true)]
    pub(crate) value: Option<String>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const REQUEST_HELP: &str = "\
Exit codes:
  0  a reply was received
  2  the command line, a setting or the request is not valid
  3  the handler ran and returned an error
  4  not executed: unknown topic, no broker, or refused by the service; a retry is safe
  5  execution unknown: no reply in time, or the handler was interrupted

For an error returned by the service, the code is 3, 4 or 5 by what the service reports about
execution.

With -o json a reply is an object with type, topic, value (value_base64 if it is not text),
headers, responder, partition and offset. An error is an object with type, kind, executed, message,
causes, correlation_id, topic, partition and status (code, message, details, retry_after_ms).

Example:
  antiphon request greetings world -b localhost:9092 -t 2s -H lang=en";

/// The text below the help of scatter and gather, with an example.
macro_rules! gathered_help {
    ($example:literal) => {
        concat!(
            "\
Exit codes:
  0  the minimum was reached
  2  the command line, a setting or the request is not valid
  4  below the minimum, and nothing was executed
  5  below the minimum, and something was or may have been executed

Example:
  ",
            $example
        )
    };
}

/// Send a request to several topics and print the replies.
///
/// Each topic receives one request. Each reply is printed on a line: topic, responder, value; with
/// -o raw only the value. The topics without a reply follow.
#[derive(Args, Clone, Debug)]
#[command(after_help = SCATTER_HELP)]
pub(crate) struct ScatterArgs {
    /// The request topics. They must exist.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// The value of the requests, or - to read it from standard input.
    #[arg(long, value_name = "VALUE|-", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// The minimum number of replies. Default: one from each topic.
    #[arg(long, value_name = "N")]
    pub(crate) min: Option<u32>,
    /// Wait for up to N replies until the timeout, instead of stopping at the minimum.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<u32>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const SCATTER_HELP: &str = gathered_help!(
    "antiphon scatter prices.north prices.south prices.west --value apples --min 2 -t 2s"
);

/// Send a request to several services on one topic and print the replies.
///
/// Each service reads the topic in its own consumer group, and counts once. Each reply is printed
/// on a line: topic, responder, value; with -o raw only the value. If replies are missing, a line
/// reports it.
#[derive(Args, Clone, Debug)]
#[command(after_help = GATHER_HELP)]
pub(crate) struct GatherArgs {
    /// The request topic. It must exist.
    pub(crate) topic: String,
    /// The value of the request, or - to read it from standard input.
    #[arg(long, value_name = "VALUE|-", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// The minimum number of services that reply.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min: u32,
    /// Wait for up to N replies until the timeout, instead of stopping at the minimum.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<u32>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const GATHER_HELP: &str = gathered_help!("antiphon gather offers --value apples --min 3 -t 2s");
