//! The processes of a run: each does its job, writes down what it did, and does as it is told by lines on stdin.

mod job;
mod life;
mod load;
mod order;
mod requester;
mod responder;
mod sampler;
mod tally;

use antiphon_testbed::reason::{Attempt, Because as _};

pub(super) use self::{
    job::{Job, Topics},
    order::Order,
    requester::REPLY_PARTITIONS,
    tally::{Status, certainty},
};

/// What a process prints when it works.
pub(super) const READY: &str = "ready";
/// What stands before a [`Status`].
pub(super) const STATUS: &str = "status ";
/// What stands before an order that was carried out.
pub(super) const DONE: &str = "done ";

/// Calls until SIGTERM.
///
/// # Errors
///
/// No brokers, or no history.
pub fn requester(job: &str) -> Attempt<()> {
    block_on(requester::run(parse(job)?))
}

/// Answers until SIGTERM.
///
/// # Errors
///
/// No brokers, no history, or the service has failed.
pub fn responder(job: &str) -> Attempt<()> {
    block_on(responder::run(parse(job)?))
}

fn parse(job: &str) -> Attempt<Job> {
    serde_json::from_str(job).because("a job that can not be read")
}

fn block_on(work: impl Future<Output = Attempt<()>>) -> Attempt<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .because("a runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
