//! Options of the commands that ask.

use std::time::Duration;

use clap::Args;

use super::parse;

/// Options that request, scatter and gather share.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CallArgs {
    /// The record's key: requests with the same key go to the same partition, in order.
    #[arg(short, long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Adds a header to the request; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE", value_parser = parse::pair)]
    pub(crate) headers: Vec<(String, String)>,
    /// How long to wait, for example 2s or 500ms. Default: `timeout` of the section `[client]`.
    #[arg(short, long, value_name = "DURATION", value_parser = parse::timeout)]
    pub(crate) timeout: Option<Duration>,
    /// Which operation of a service that has several on one topic.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// The topic that replies come in on. Default: the client group's, antiphon-cli.replies.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) reply_topic: Option<String>,
}

/// Sends one request and prints its reply.
///
/// The value of the reply goes to standard output. With -v the headers of the reply are printed on standard error; with -o json they are part of
/// the object.
#[derive(Args, Clone, Debug)]
#[command(after_help = REQUEST_HELP)]
pub(crate) struct RequestArgs {
    /// The request topic. It has to exist: a request never creates one.
    pub(crate) topic: String,
    /// The value of the request; - reads it from standard input. Default: empty. One that begins
    /// with a hyphen and is no number has to stand after --.
    // A misspelt option would be sent as the value otherwise.
    #[arg(value_name = "VALUE|-", allow_negative_numbers = true)]
    pub(crate) value: Option<String>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const REQUEST_HELP: &str = "\
Exit codes:
  0  a reply came
  2  the command line, a setting or the request is not valid
  3  the handler ran and answered with an error
  4  not executed: no such topic, no broker, refused by the service; safe to try again
  5  not known whether it was executed: no reply in time, a handler that was cut off

An error that the service sent counts as 3, 4 or 5 by what the service says about execution.

With -o json the reply is an object with type, topic, value (value_base64 where it is no text),
headers, responder, partition and offset; an error is one with type, kind, executed, message,
causes, correlation_id, topic, partition and status (code, message, details, retry_after_ms).

Example:
  antiphon request greetings world -b localhost:9092 -t 2s -H lang=en";

/// What stands under the help of a command that gathers, with its example.
macro_rules! gathered_help {
    ($example:literal) => {
        concat!(
            "\
Exit codes:
  0  the minimum was reached
  2  the command line, a setting or the question is not valid
  4  below the minimum, and nothing was executed
  5  below the minimum, and something was or may have been executed

Example:
  ",
            $example
        )
    };
}

/// Sends one question to several topics and prints the replies.
///
/// Each topic gets one request. Each reply is a line: topic, who answered, value; with -o raw the
/// value alone. Then comes what is missing.
#[derive(Args, Clone, Debug)]
#[command(after_help = SCATTER_HELP)]
pub(crate) struct ScatterArgs {
    /// The request topics. They have to exist.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// The value of the requests; - reads it from standard input.
    #[arg(long, value_name = "VALUE|-", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// How many replies are enough. Default: one from each topic.
    #[arg(long, value_name = "N")]
    pub(crate) min: Option<u32>,
    /// Does not stop at the minimum: waits for so many replies, until the timeout.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<u32>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const SCATTER_HELP: &str = gathered_help!(
    "antiphon scatter prices.north prices.south prices.west --value apples --min 2 -t 2s"
);

/// Sends one question to one topic that several services read, and prints the replies.
///
/// Each service reads the topic in a group of its own, and has one vote. Each reply is a line:
/// topic, who answered, value; with -o raw the value alone. Then comes what is missing.
#[derive(Args, Clone, Debug)]
#[command(after_help = GATHER_HELP)]
pub(crate) struct GatherArgs {
    /// The request topic. It has to exist.
    pub(crate) topic: String,
    /// The value of the request; - reads it from standard input.
    #[arg(long, value_name = "VALUE|-", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// How many services have to answer.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min: u32,
    /// Does not stop at the minimum: waits for so many replies, until the timeout.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<u32>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const GATHER_HELP: &str = gathered_help!("antiphon gather offers --value apples --min 3 -t 2s");
