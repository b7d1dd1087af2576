//! Finds an Apache Kafka, or starts one.
//!
//! In this order: the servers named by `ANTIPHON_TEST_BOOTSTRAP_SERVERS`; a node of our own from the jars that Maven
//! fetches, on Java 17 or later; the `kafka` service of `docker-compose.yml`. Where none of these is to be had, a
//! sentence says why, per way.

mod cluster;
mod compose;
mod guard;
mod jars;
mod node;
mod plan;
mod ports;
mod probe;

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

pub use cluster::{Cluster, ClusterOptions, Memory};
pub use compose::{Compose, FILE as COMPOSE_FILE, compose};
pub use jars::{Jars, VERSION};
pub use node::{Door, Node};
pub use ports::free_port;
pub use probe::api_versions;

use plan::Plan;

use crate::reason::{Attempt, Because as _};
use crate::wait::eventually;

/// Names the servers to use instead of starting any.
const GIVEN: &str = "ANTIPHON_TEST_BOOTSTRAP_SERVERS";

/// How long a broker that somebody else runs may take to answer.
const GIVEN_LIMIT: Duration = Duration::from_secs(30);

/// A way to a Kafka on this machine.
#[derive(Debug)]
pub enum Broker {
    /// Servers named by the environment.
    Given(String),
    /// A node started from jars.
    Jars(Jars),
    /// The service of `docker-compose.yml`.
    Compose(Compose),
    /// There is none; the text says why.
    Unavailable(String),
}

impl Broker {
    /// Looks for a way to a Kafka; the first time on a machine this fetches the jars.
    pub fn find() -> Self {
        if let Some(servers) = given() {
            return Self::Given(servers);
        }
        let no_jars = match Jars::find() {
            Ok(jars) => return Self::Jars(jars),
            Err(reason) => reason,
        };
        match Compose::find() {
            Ok(compose) => Self::Compose(compose),
            Err(no_compose) => Self::Unavailable(format!("{no_jars}; {no_compose}")),
        }
    }

    /// Starts it, or connects to it, and returns once it answers.
    ///
    /// # Errors
    ///
    /// It did not start, or does not answer.
    pub fn start(self) -> Attempt<KafkaHandle> {
        match self {
            Self::Given(servers) => KafkaHandle::given(servers),
            Self::Jars(jars) => KafkaHandle::of_jars(jars),
            Self::Compose(compose) => KafkaHandle::of_compose(compose),
            Self::Unavailable(reason) => Err(reason),
        }
    }
}

/// The servers that the environment names, if it names any.
fn given() -> Option<String> {
    env::var(GIVEN)
        .ok()
        .filter(|servers| !servers.trim().is_empty())
}

/// Whether a Kafka would take `properties` (all but `log.dirs`) as its settings; needs the jars, starts nothing.
///
/// # Errors
///
/// Kafka does not take them, or there is none to ask.
pub fn check_settings(properties: &str) -> Attempt<()> {
    let directory = tempfile::tempdir().because("a directory for settings")?;
    let data = directory.path().join("data");
    let file = directory.path().join("server.properties");
    let all = format!("{properties}\nlog.dirs={}\n", data.display());
    fs::write(&file, all).because(file.display())?;
    Jars::find()?.format(&file, &plan::cluster_id())
}

/// Who runs the broker behind a handle.
#[derive(Debug)]
enum Runner {
    /// Somebody else.
    Others,
    /// Docker Compose, for us.
    Compose(#[expect(dead_code, reason = "stops the service on drop")] Compose),
    /// This process.
    Node(Box<Node>),
}

/// A Kafka that answers. One that we started is stopped on drop, and also when this process dies.
#[derive(Debug)]
pub struct KafkaHandle {
    bootstrap_servers: String,
    runner: Runner,
}

impl KafkaHandle {
    /// A fresh broker for one test which stops and starts it, so that no other test is disturbed.
    ///
    /// Only [`Jars`] can give one: check [`KafkaHandle::private_unavailable`] first.
    ///
    /// # Errors
    ///
    /// There is no Java or no Maven, or it did not start.
    pub fn private() -> Attempt<Self> {
        Self::of_jars(Jars::find()?)
    }

    /// The same with a [`Door`] for clients with TLS and a password.
    pub fn private_secured() -> Attempt<Self> {
        let node = Node::launch_secured(Jars::find()?, Plan::alone()?)?;
        Ok(Self {
            bootstrap_servers: node.address(),
            runner: Runner::Node(Box::new(node)),
        })
    }

    /// The door of a [secured](Self::private_secured) broker.
    pub fn door(&self) -> Attempt<&Door> {
        let door = self.node()?.door();
        door.ok_or_else(|| "this broker knows no TLS".to_owned())
    }

    /// Why there can be no private broker here; `None` when there can.
    pub fn private_unavailable() -> Option<String> {
        Jars::find().err()
    }

    /// Where clients connect.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// What the broker printed, if it is a node of ours; gone with the handle.
    pub fn log_path(&self) -> Option<&Path> {
        match &self.runner {
            Runner::Node(node) => Some(node.log_path()),
            Runner::Others | Runner::Compose(_) => None,
        }
    }

    /// Stops the broker the orderly way (SIGTERM, SIGKILL after a grace) and keeps its data and ports for
    /// [`start`](Self::start). Stopping a stopped broker does nothing.
    ///
    /// # Errors
    ///
    /// The broker is shared, or does not end.
    pub fn stop(&self) -> Attempt<()> {
        self.node()?.stop()
    }

    /// Kills the broker without a word to its clients (SIGKILL), as a crash of its machine would.
    ///
    /// # Errors
    ///
    /// The broker is shared, or does not end.
    pub fn kill(&self) -> Attempt<()> {
        self.node()?.kill()
    }

    /// Starts a stopped broker again, on the same ports and data; returns once it answers.
    ///
    /// # Errors
    ///
    /// The broker is shared, or does not answer in time.
    pub fn start(&self) -> Attempt<()> {
        self.node()?.start()
    }

    /// Sends a signal to the broker by name: `"STOP"` freezes it, `"CONT"` lets it run on.
    ///
    /// # Errors
    ///
    /// The broker is shared, or is stopped.
    pub fn signal(&self, name: &str) -> Attempt<()> {
        self.node()?.signal(name)
    }

    /// The node, where it is ours to stop.
    fn node(&self) -> Attempt<&Node> {
        match &self.runner {
            Runner::Node(node) => Ok(node),
            Runner::Others | Runner::Compose(_) => {
                Err("this broker is shared: take KafkaHandle::private() to stop one".to_owned())
            }
        }
    }

    /// A broker that is somebody else's: only waits until one of the servers answers.
    fn given(servers: String) -> Attempt<Self> {
        let first_answer = || {
            servers
                .split(',')
                .find_map(|server| api_versions(server.trim()).ok())
        };
        eventually(
            &format!("{servers} ({GIVEN}) answers"),
            GIVEN_LIMIT,
            first_answer,
        )?;
        Ok(Self {
            bootstrap_servers: servers,
            runner: Runner::Others,
        })
    }

    /// A fresh node from jars.
    fn of_jars(jars: Jars) -> Attempt<Self> {
        let node = Node::launch(jars, Plan::alone()?)?;
        Ok(Self {
            bootstrap_servers: node.address(),
            runner: Runner::Node(Box::new(node)),
        })
    }

    /// The service of `docker-compose.yml`.
    fn of_compose(mut compose: Compose) -> Attempt<Self> {
        compose.up()?;
        Ok(Self {
            bootstrap_servers: compose::ADDRESS.to_owned(),
            runner: Runner::Compose(compose),
        })
    }
}
