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

/// Asks several topics and prints what they reply.
pub(super) async fn run(
    args: ScatterArgs,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    let limit = settings.client.max_request_bytes;
    let value = input::value(Some(&args.value), limit)?;
    // Who answered is said in the headers.
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

/// Prints the replies, those of a failure too.
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
