//! A frozen broker keeps its connections and sends nothing. The other brokers take over the partitions that it led;
//! clients have to detect this by themselves.

use std::sync::Arc;
use std::time::Duration;

use antiphon::Client;
use antiphon::config::{ClientConfig, ServiceConfig};
use antiphon_kafka::{Admin, NewTopic, PartitionInfo};
use bytes::Bytes;
use futures::future::join_all;
use libtest_mimic::Failed;
use tokio::task::spawn_blocking;

use crate::support::broker::{Cluster, ClusterOptions, Memory};
use crate::support::reason::{Attempt, Because as _};
use crate::support::rig::{LIMIT, block_on, client_of, properties, serve_on};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[Case {
    name: "frozen::calls_go_on_without_a_broker_that_freezes",
    needs: Needs::PrivateKafka,
    run: |env| block_on(one_of_three_freezes(env)),
}];

const TOPIC: &str = "work";

/// Brokers that take over within seconds.
const QUICK: &[(&str, &str)] = &[
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("replica.lag.time.max.ms", "5000"),
];

/// How long calls may fail. By default librdkafka waits a minute for a response, and looks for new leaders every five
/// minutes.
const NOTICED: Duration = Duration::from_secs(20);

/// Enough calls that each partition gets some.
const CALLS: usize = 24;

async fn one_of_three_freezes(_: &Env) -> Result<(), Failed> {
    let cluster = Arc::new(spawn_blocking(three_brokers).await??);
    let servers = cluster.bootstrap_servers();
    let handler = |_, value: Bytes| async move { Ok(value) };
    let service = serve_on(&servers, TOPIC, "worker", ServiceConfig::default(), handler).await?;
    let client = client_of(&servers, "web", ClientConfig::default()).await?;
    eventually_async("all calls work", LIMIT, || all_work(&client)).await?;

    let id = leader_of_replies(&servers, &client).await?;
    let at = usize::try_from(id - 1).ok();
    let node = at.and_then(|at| cluster.nodes().get(at));
    let node = node.ok_or("the leader is one of the three")?;
    node.signal("STOP")?;
    eventually_async("the others lead", LIMIT, || leads_nothing(&servers, id)).await?;
    let noticed = eventually_async("calls work without it", NOTICED, || all_work(&client)).await;
    node.signal("CONT")?;
    noticed?;
    let report = service.drain(LIMIT).await;
    ensure(report.abandoned == 0, format!("{report:?}"))
}

fn three_brokers() -> Attempt<Cluster> {
    let settings = QUICK.iter();
    let cluster = Cluster::start(&ClusterOptions {
        brokers: 3,
        memory: Memory::Small,
        settings: settings
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        ..ClusterOptions::default()
    })?;
    let topic = NewTopic {
        name: TOPIC.into(),
        partitions: 6,
        replication: -1,
        configs: Vec::new(),
    };
    let admin = Admin::new(&properties(&cluster.bootstrap_servers())).because("an admin client")?;
    admin.create_topic(&topic, LIMIT).because(TOPIC)?;
    Ok(cluster)
}

async fn all_work(client: &Client) -> Option<()> {
    let calls = (0..CALLS).map(|_| {
        let request = client.request(TOPIC).value("ask");
        request.timeout(Duration::from_secs(3)).send()
    });
    let failed = join_all(calls).await.into_iter().filter(Result::is_err);
    (failed.count() == 0).then_some(())
}

/// The broker to freeze. Clients then have to find new leaders for the reply partition and for a third of the request
/// partitions.
async fn leader_of_replies(servers: &str, client: &Client) -> Result<i32, Failed> {
    let all = partitions(servers, client.reply_topic().to_owned()).await;
    let all = all.ok_or("the reply topic can not be seen")?;
    let own = all.iter().find(|one| one.id == client.reply_partition());
    let leader = own.and_then(|one| one.leader);
    Ok(leader.ok_or("nobody leads the reply partition")?)
}

async fn leads_nothing(servers: &str, id: i32) -> Option<()> {
    let all = partitions(servers, TOPIC.to_owned()).await?;
    let mut all = all.iter();
    all.all(|one| one.leader.is_some_and(|leader| leader != id))
        .then_some(())
}

/// Asks the brokers that are not frozen.
async fn partitions(servers: &str, topic: String) -> Option<Vec<PartitionInfo>> {
    let mut properties = properties(servers);
    properties.set("socket.timeout.ms", "1000");
    let asked = spawn_blocking(move || {
        let admin = Admin::new(&properties).ok()?;
        admin.describe_topic(&topic, Duration::from_secs(5)).ok()?
    });
    asked.await.ok()?
}
