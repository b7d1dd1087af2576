//! The Kafka that a comparison runs on: at most one of our own at a time, since even an idle one takes CPU.

use std::{io, net::TcpListener, time::Duration};

use antiphon_testbed::{
    broker::{Cluster, ClusterOptions, VERSION},
    proxy::{Impairment, Proxy},
};
use tokio::runtime::{Builder, Runtime};

use super::setting::Kafka;

/// How much later clients get what a broker says.
const DELAY: Duration = Duration::from_millis(5);

/// Where to find the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// For those that are measured.
    pub(super) clients: String,
    /// To create topics.
    pub(super) admin: String,
}

/// The brokers that were named, or those of our own that run now.
pub(super) struct Places {
    given: Option<String>,
    own: Option<Own>,
}

struct Own {
    kind: Kafka,
    address: Address,
    _cluster: Cluster,
    _line: Option<Line>,
}

impl Places {
    pub(super) fn new(given: Option<String>) -> Self {
        Self { given, own: None }
    }

    /// Where the load of this kind is to run; a Kafka of another kind is stopped first.
    pub(super) fn at(&mut self, kind: Kafka) -> Result<Address, String> {
        if let Some(own) = &self.own
            && own.kind == kind
        {
            return Ok(own.address.clone());
        }
        self.own = None;
        if let (Kafka::Plain, Some(given)) = (kind, &self.given) {
            return Ok(Address {
                clients: given.clone(),
                admin: given.clone(),
            });
        }
        let own = Own::start(kind)?;
        let address = own.address.clone();
        self.own = Some(own);
        Ok(address)
    }
}

impl Own {
    fn start(kind: Kafka) -> Result<Self, String> {
        let brokers = if kind == Kafka::ThreeBrokers { 3 } else { 1 };
        let nodes = if brokers == 1 { "node" } else { "nodes" };
        eprintln!("starting Apache Kafka {VERSION}, {brokers} {nodes}, to be stopped at the end");
        let waiting = if kind == Kafka::Delayed {
            Some(bind().map_err(|error| format!("a port for the delaying proxy: {error}"))?)
        } else {
            None
        };
        let options = ClusterOptions {
            brokers,
            proxy_ports: waiting.iter().map(|(_, port)| *port).collect(),
            // Every run has topics of its own, which are removed after it: their space is wanted soon.
            settings: vec![("log.segment.delete.delay.ms".into(), "1000".into())],
            ..ClusterOptions::default()
        };
        let cluster = Cluster::start(&options)?;
        let line = match (waiting, cluster.ports_behind_proxies().first()) {
            (Some((listener, port)), Some(behind)) => {
                let line = Line::start(listener, port, *behind);
                Some(line.map_err(|error| format!("the delaying proxy: {error}"))?)
            }
            _ => None,
        };
        let admin = cluster.bootstrap_servers();
        let clients = line.as_ref().map(|line| format!("127.0.0.1:{}", line.port));
        Ok(Self {
            kind,
            address: Address {
                clients: clients.unwrap_or_else(|| admin.clone()),
                admin,
            },
            _cluster: cluster,
            _line: line,
        })
    }
}

/// Takes a port before it is known what is behind it.
fn bind() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// A long line: a proxy that delays what the broker says, on a thread of its own.
struct Line {
    port: u16,
    // Dropped before the runtime that it runs on.
    _proxy: Proxy,
    _runtime: Runtime,
}

impl Line {
    fn start(listener: TcpListener, port: u16, behind: u16) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bench-proxy")
            .enable_all()
            .build()?;
        let proxy = Proxy::start(runtime.handle(), listener, behind, 1)?;
        proxy.rules().set(Impairment {
            delay: DELAY,
            ..Impairment::default()
        });
        Ok(Self {
            port,
            _proxy: proxy,
            _runtime: runtime,
        })
    }
}
