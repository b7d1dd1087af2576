//! Options of the commands about topics.

use clap::{Args, Subcommand};

use super::parse;

/// Create, describe and delete topics.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    Create(CreateArgs),
    Describe(DescribeArgs),
    Delete(DeleteArgs),
}

/// Create topics with settings for request and reply.
///
/// A request topic gets cleanup.policy=delete and a retention of one day. A reply topic gets what a
/// client would give it: the settings in section [client.reply]. With --replication-factor 3 or
/// more, min.insync.replicas is 2. --topic-config overrides all of these.
///
/// An existing topic is never changed. If it matches the options given, the command succeeds; other
/// differences from the defaults are listed.
#[derive(Args, Clone, Debug)]
#[command(after_help = CREATE_HELP)]
pub(crate) struct CreateArgs {
    /// The topics to create.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Create reply topics. Unless services are configured otherwise, they reply only to names that
    /// end in .replies, -replies, .reply or -reply.
    #[arg(long)]
    pub(crate) reply: bool,
    /// The number of partitions. Instances of a service share the partitions. Default:
    /// `create_topics` in section `[service]`, else 4; with --reply `partitions` in section
    /// `[client.reply]`.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) partitions: Option<u32>,
    /// The number of replicas of each partition. Default: the default of the brokers; with --reply
    /// `replication` in section `[client.reply]`.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) replication_factor: Option<u32>,
    /// Set a topic setting of Kafka. May be repeated.
    #[arg(short = 'c', long = "topic-config", value_name = "KEY=VALUE", value_parser = parse::pair)]
    pub(crate) configs: Vec<(String, String)>,
}

const CREATE_HELP: &str = "\
Exit codes:
  0  the topics exist and match the options
  2  the command line or a setting is not valid, or the brokers refuse a value
  4  not created: no broker, not authorized, or an existing topic does not match the options
  5  unknown: the brokers did not confirm in time

Examples:
  antiphon topics create greetings prices --partitions 6
  antiphon topics create orders -p 12 -r 3 -c retention.ms=3600000
  antiphon topics create antiphon-cli.replies --reply";

/// Describe partitions, leaders, replicas and settings of topics.
///
/// Shows the settings that affect request and reply and those set on the topic itself; with -v all
/// settings. The source of a setting is the topic, a broker, or the default of Kafka.
#[derive(Args, Clone, Debug)]
#[command(after_help = DESCRIBE_HELP)]
pub(crate) struct DescribeArgs {
    /// The topics to describe.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
}

const DESCRIBE_HELP: &str = "\
With -o json each topic is an object with type, topic, partitions (partition, leader, replicas,
in_sync) and configs (name, value, source). With -o raw each partition is a line: topic, partition,
leader, replicas and in-sync replicas, separated by tabs.

Exit codes:
  0  all topics were described
  2  the command line or a setting is not valid
  4  a topic does not exist, no broker answered, or not authorized

Examples:
  antiphon topics describe greetings
  antiphon topics describe greetings antiphon-cli.replies -o json";

/// Delete topics and all their records.
///
/// If one of the topics does not exist, none is deleted. On a terminal the command asks for
/// confirmation; elsewhere --yes is required.
#[derive(Args, Clone, Debug)]
#[command(after_help = DELETE_HELP)]
pub(crate) struct DeleteArgs {
    /// The topics to delete.
    #[arg(required = true, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Delete without asking for confirmation.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

const DELETE_HELP: &str = "\
Exit codes:
  0  the topics were deleted
  2  the command line or a setting is not valid, --yes is missing, or the topic is internal to Kafka
  4  not deleted: a topic does not exist, no broker, not authorized, or not confirmed
  5  unknown: the brokers did not confirm in time

Examples:
  antiphon topics delete greetings
  antiphon topics delete greetings prices --yes";
