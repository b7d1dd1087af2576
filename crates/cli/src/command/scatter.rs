//! `antiphon scatter`.

use antiphon::{GatherError, Gathered};

use super::requester::{self, with_options};
use crate::{
    args::ScatterArgs,
    failure::Failure,
    input,
    output::{Printer, hint},
    settings::Settings,
};

/// Sends a request to several topics and prints the replies.
pub(super) async fn run(
    args: ScatterArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let limit = settings.client.max_request_bytes;
    let value = input::value(Some(&args.value), limit)?;
    // The headers name the responder.
    let client = requester::connect(settings, true).await?;
    let mut scatter = with_options!(client.scatter(args.topics).value(value), args.call);
    if let Some(min) = args.min {
        scatter = scatter.min_replies(min);
    }
    if let Some(max) = args.max {
        scatter = scatter.max_replies(max);
    }
    let gathered = scatter.send().await;
    requester::close(&client).await;
    print(gathered, printer)
}

/// Prints the replies, also those received before a failure.
pub(super) fn print(
    gathered: Result<Gathered, GatherError>,
    printer: Printer,
) -> Result<(), Failure> {
    let failed = match gathered {
        Ok(gathered) => {
            printer.gathered(&gathered)?;
            if printer.verbose {
                hint(&summary(&gathered));
            }
            return Ok(());
        }
        Err(error) => error,
    };
    printer.gathered(failed.gathered())?;
    Err(failed.into())
}

fn summary(gathered: &Gathered) -> String {
    format!(
        "{} replies, {} missing, {} surplus, {} duplicates",
        gathered.replies.len(),
        gathered.missing.len(),
        gathered.surplus,
        gathered.duplicates
    )
}
