//! Options of the commands about topics.

use clap::{Args, Subcommand};

use super::parse;

/// Creates, describes and deletes topics.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    Create(CreateArgs),
    Describe(DescribeArgs),
    Delete(DeleteArgs),
}

/// Creates topics that suit request and reply.
///
/// A request topic gets cleanup.policy=delete and a day of retention, a reply topic what a client
/// would give it: the settings under [client.reply]. With --replication-factor 3 or more,
/// min.insync.replicas is 2. What --topic-config says wins.
///
/// A topic that exists is never changed. It is success if it is as it was asked for; what else
/// differs from the defaults is noted.
#[derive(Args, Clone, Debug)]
#[command(after_help = CREATE_HELP)]
pub(crate) struct CreateArgs {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Creates reply topics. Their names should end in .replies, -replies, .reply or -reply, or
    /// services refuse them.
    #[arg(long)]
    pub(crate) reply: bool,
    /// How many partitions: instances of a service share them. Default: `create_topics` of
    /// `[service]`, else 4; with --reply `partitions` of `[client.reply]`.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) partitions: Option<u32>,
    /// How many brokers hold each partition. Default: the brokers' own; with --reply `replication`
    /// of `[client.reply]`.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) replication_factor: Option<u32>,
    /// A setting of the topic, as Kafka names it; may be repeated.
    #[arg(short = 'c', long = "topic-config", value_name = "KEY=VALUE", value_parser = parse::pair)]
    pub(crate) configs: Vec<(String, String)>,
}

const CREATE_HELP: &str = "\
Exit codes:
  0  the topics are there, as they were asked for
  2  the command line or a setting is not valid, or the brokers do not take a value
  4  not created: no broker, no right, or a topic exists that differs from what was asked for
  5  not known: the brokers did not confirm in time

Examples:
  antiphon topics create greetings prices --partitions 6
  antiphon topics create orders -p 12 -r 3 -c retention.ms=3600000
  antiphon topics create antiphon-cli.replies --reply";

/// Shows partitions, leaders, replicas and settings of topics.
///
/// Of the settings those are shown that matter to request and reply, and those that were set on the
/// topic itself; with -v all of them. A setting comes from the topic, from a broker, or is Kafka's
/// default.
#[derive(Args, Clone, Debug)]
#[command(after_help = DESCRIBE_HELP)]
pub(crate) struct DescribeArgs {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
}

const DESCRIBE_HELP: &str = "\
With -o json each topic is an object with type, topic, partitions (partition, leader, replicas,
in_sync) and configs (name, value, source); with -o raw each partition is a line: topic, partition,
leader, replicas and in-sync replicas, separated by tabs.

Exit codes:
  0  all of them were described
  2  the command line or a setting is not valid
  4  a topic does not exist, no broker answered, or the right is missing

Examples:
  antiphon topics describe greetings
  antiphon topics describe greetings antiphon-cli.replies -o json";

/// Deletes topics with all their records.
///
/// If one of them does not exist, none is deleted. Asks before it does anything, if standard input
/// is a terminal; elsewhere --yes is required.
#[derive(Args, Clone, Debug)]
#[command(after_help = DELETE_HELP)]
pub(crate) struct DeleteArgs {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Does not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

const DELETE_HELP: &str = "\
Exit codes:
  0  they were deleted
  2  the command line or a setting is not valid; --yes is missing; the topic is Kafka's own
  4  not deleted: a topic does not exist, no broker, no right, or the answer was no
  5  not known: the brokers did not confirm in time

Examples:
  antiphon topics delete greetings
  antiphon topics delete greetings prices --yes";
