//! `antiphon request`.

use super::requester::{self, with_options};
use crate::{args::RequestArgs, failure::Failure, input, output::Printer, settings::Settings};

/// Sends one request and prints its reply.
pub(super) async fn run(
    args: RequestArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let value = input::value(args.value.as_deref(), settings.client.max_request_bytes)?;
    let client = requester::connect(settings, printer.shows_headers()).await?;
    let request = with_options!(client.request(&args.topic).value(value), args.call);
    let answered = request.send().await;
    requester::close(&client).await;
    printer.reply(&args.topic, &answered?)
}
