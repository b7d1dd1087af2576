//! Three brokers, each behind a proxy.

use std::{fs, net::TcpListener, path::Path, time::Duration};

use antiphon_kafka::{Admin, NewTopic, PartitionInfo, Properties};
use antiphon_testbed::{
    broker::{Cluster, ClusterOptions, Memory, Node, free_port},
    reason::{Attempt, Because as _},
    wait::eventually,
};
use tokio::runtime::{Builder, Runtime};

use antiphon_testbed::proxy::Proxy;

use super::rows::BROKERS;

/// How long a question to the brokers may take.
pub(super) const ANSWER: Duration = Duration::from_secs(5);

/// How long a topic that was made may take to be seen, led and copied.
const TOPIC: Duration = Duration::from_secs(60);

/// Brokers that notice within seconds what those in production notice within half a minute: else a run of minutes would
/// see little. And nothing comes into being by itself.
const SETTINGS: &[(&str, &str)] = &[
    ("auto.create.topics.enable", "false"),
    ("unclean.leader.election.enable", "false"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("replica.lag.time.max.ms", "5000"),
    ("group.min.session.timeout.ms", "3000"),
    ("offsets.topic.num.partitions", "3"),
    ("log.segment.delete.delay.ms", "1000"),
];

/// The brokers of a run. Gone when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    // Before the runtime on which they run.
    proxies: Vec<Proxy>,
    cluster: Cluster,
    admin: Admin,
    clients: String,
    _runtime: Runtime,
}

impl Place {
    /// Starts all of it; `seed` is what the proxies' chance is made from.
    pub(super) fn start(seed: u64) -> Attempt<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("proxy")
            .enable_all()
            .build()
            .because("a runtime for proxies")?;
        let ports = (0..BROKERS)
            .map(|_| free_port())
            .collect::<Attempt<Vec<_>>>()?;
        let listeners = ports
            .iter()
            .map(|port| TcpListener::bind(("127.0.0.1", *port)));
        let listeners = listeners
            .collect::<Result<Vec<_>, _>>()
            .because("ports for proxies")?;
        let cluster = Cluster::start(&ClusterOptions {
            brokers: BROKERS,
            proxy_ports: ports.clone(),
            memory: Memory::Small,
            settings: SETTINGS
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        })?;
        let behind = cluster.ports_behind_proxies();
        let proxies = listeners
            .into_iter()
            .zip(behind)
            .zip(0..)
            .map(|((listener, behind), at)| {
                Proxy::start(runtime.handle(), listener, behind, seed.wrapping_add(at))
            });
        let addresses = ports.iter().map(|port| format!("127.0.0.1:{port}"));
        Ok(Self {
            proxies: proxies.collect::<Result<_, _>>().because("proxies")?,
            admin: admin(&cluster.bootstrap_servers())?,
            clients: addresses.collect::<Vec<_>>().join(","),
            cluster,
            _runtime: runtime,
        })
    }

    /// Where the clients of a run connect: to the proxies.
    pub(super) fn clients(&self) -> &str {
        &self.clients
    }

    /// Where the run itself connects: to the brokers.
    pub(super) fn direct(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    pub(super) fn proxies(&self) -> &[Proxy] {
        &self.proxies
    }

    /// The broker with this id, from 1.
    pub(super) fn node(&self, id: usize) -> Attempt<&Node> {
        let node = id
            .checked_sub(1)
            .and_then(|at| self.cluster.nodes().get(at));
        node.ok_or_else(|| format!("there is no broker {id}"))
    }

    /// All brokers, with their ids.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, &Node)> {
        (1..).zip(self.cluster.nodes())
    }

    pub(super) fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Makes topics, and waits until each has a leader and all copies everywhere.
    pub(super) fn create(&self, topics: &[(String, u32)]) -> Attempt<()> {
        for (name, partitions) in topics {
            let topic = NewTopic {
                name: name.clone(),
                partitions: i32::try_from(*partitions).unwrap_or(1),
                replication: -1,
                configs: vec![("message.timestamp.type".into(), "LogAppendTime".into())],
            };
            self.admin.create_topic(&topic, TOPIC).because(name)?;
        }
        self.until_in_sync(topics.iter().map(|(name, _)| name.as_str()), TOPIC)
    }

    /// Removes a topic.
    pub(super) fn delete(&self, topic: &str) -> Attempt<()> {
        self.admin.delete_topic(topic, TOPIC).because(topic)
    }

    /// Waits until every partition of these topics has a leader and all its copies are up to date.
    pub(super) fn until_in_sync<'a>(
        &self,
        topics: impl Iterator<Item = &'a str>,
        limit: Duration,
    ) -> Attempt<()> {
        for topic in topics {
            let whole = |all: &Vec<PartitionInfo>| {
                let mut all = all.iter();
                all.all(|one| one.leader.is_some() && one.in_sync.len() == BROKERS)
            };
            let look = || self.partitions(topic).ok().filter(whole).map(drop);
            eventually(
                &format!("all copies of {topic} are up to date"),
                limit,
                look,
            )?;
        }
        Ok(())
    }

    /// The partitions of a topic as the brokers see them.
    pub(super) fn partitions(&self, topic: &str) -> Attempt<Vec<PartitionInfo>> {
        let found = self.admin.describe_topic(topic, ANSWER).because(topic)?;
        found.ok_or_else(|| format!("there is no topic {topic}"))
    }

    /// Keeps what brokers printed and how they were set up.
    pub(super) fn keep_logs(&self, directory: &Path) -> Attempt<()> {
        for (id, node) in self.nodes() {
            let to = |what: &str| directory.join(format!("broker-{id}.{what}"));
            fs::copy(node.log_path(), to("log")).because("a broker's log")?;
            fs::copy(node.settings_path(), to("properties")).because("a broker's settings")?;
        }
        Ok(())
    }
}

fn admin(servers: &str) -> Attempt<Admin> {
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    properties.set("client.id", "chaos");
    properties.set("reconnect.backoff.max.ms", "500");
    properties.set("socket.timeout.ms", "3000");
    Admin::new(&properties).because("a client for the brokers")
}
