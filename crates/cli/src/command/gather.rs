//! `antiphon gather`.

use super::{
    requester::{self, with_options},
    scatter,
};
use crate::{args::GatherArgs, failure::Failure, input, output::Printer, settings::Settings};

/// Sends a request to several services on one topic and prints their replies.
pub(super) async fn run(
    args: GatherArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let limit = settings.client.max_request_bytes;
    let value = input::value(Some(&args.value), limit)?;
    let client = requester::connect(settings, true).await?;
    let gather = client
        .gather(&args.topic)
        .value(value)
        .min_replies(args.min);
    let mut gather = with_options!(gather, args.call);
    if let Some(max) = args.max {
        gather = gather.max_replies(max);
    }
    let gathered = gather.send().await;
    requester::close(&client).await;
    scatter::print(gathered, printer)
}
