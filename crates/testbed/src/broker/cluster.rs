//! A cluster of nodes of our own, for measurements and for faults: thrown away when it is no longer needed.

use std::thread;

use super::jars::{AS_SHIPPED, Jars, SMALL};
use super::node::Node;
use super::plan::{Plan, Proxied};
use super::ports::free_port;
use crate::reason::Attempt;

/// What cluster to start.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// How many nodes, each broker and controller in one. Topics get as many replicas, and one may be missing from
    /// those that acknowledge. Default: 1.
    pub brokers: usize,
    /// Ports of proxies on 127.0.0.1, for the first node, the second and so on. Such a node has a second listener, which
    /// tells clients that they find it at this port, so that they stay behind the proxy. Default: none.
    pub proxy_ports: Vec<u16>,
    /// How much memory each node gets. Default: as much as Kafka's own scripts give it.
    pub memory: Memory,
    /// More settings of the nodes. Default: none.
    pub settings: Vec<(String, String)>,
}

/// How much memory a node gets, and who collects it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// What Kafka's own start script sets: 1 GiB, and a collector that pauses little.
    #[default]
    AsShipped,
    /// 512 MiB and the simplest collector, for several nodes on a small machine.
    Small,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            brokers: 1,
            proxy_ports: Vec::new(),
            memory: Memory::AsShipped,
            settings: Vec::new(),
        }
    }
}

/// A running cluster. On drop its processes are killed and its data removed; also when this process dies.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts all nodes at the same time, and returns once each answers. Fetches Kafka the first time on a machine.
    ///
    /// # Errors
    ///
    /// There is no Java or no Maven, no port is free, or a node did not start.
    pub fn start(options: &ClusterOptions) -> Attempt<Self> {
        let jars = Jars::find()?;
        let plans = plans(options)?;
        // One after the other would not do: a node starts only when most of the controllers run.
        let nodes = thread::scope(|scope| {
            let launch = |plan| {
                let jars = jars.clone();
                scope.spawn(move || Node::launch(jars, plan))
            };
            let launched: Vec<_> = plans.into_iter().map(launch).collect();
            let nodes = launched.into_iter().map(|node| {
                node.join()
                    .unwrap_or_else(|_| Err("a thread that started a node died".to_owned()))
            });
            nodes.collect::<Vec<_>>()
        });
        Ok(Self {
            nodes: nodes.into_iter().collect::<Attempt<_>>()?,
        })
    }

    /// Where clients connect.
    pub fn bootstrap_servers(&self) -> String {
        let addresses = self.nodes.iter().map(Node::address);
        addresses.collect::<Vec<_>>().join(",")
    }

    /// The nodes; that with the id `n` is the `n`th, from 1 on.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The ports on which the nodes wait for what comes through their proxies.
    pub fn ports_behind_proxies(&self) -> Vec<u16> {
        self.nodes
            .iter()
            .filter_map(Node::port_behind_proxy)
            .collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // An orderly end would wait for a controller, and the controllers end too. The data goes anyway.
        for node in &self.nodes {
            if let Err(reason) = node.kill() {
                eprintln!("a Kafka node may still run: {reason}");
            }
        }
    }
}

fn plans(options: &ClusterOptions) -> Attempt<Vec<Plan>> {
    let mut plans = (0..options.brokers)
        .map(|_| Plan::alone())
        .collect::<Attempt<Vec<_>>>()?;
    let controllers: Vec<_> = plans.iter().map(|plan| plan.ports.controller).collect();
    let cluster_id = plans.first().map(|plan| plan.cluster_id.clone());
    for (at, plan) in plans.iter_mut().enumerate() {
        plan.id = at + 1;
        plan.heap = match options.memory {
            Memory::AsShipped => AS_SHIPPED,
            Memory::Small => SMALL,
        };
        plan.controllers.clone_from(&controllers);
        plan.settings.clone_from(&options.settings);
        plan.cluster_id = cluster_id.clone().unwrap_or_default();
    }
    for (plan, advertised) in plans.iter_mut().zip(&options.proxy_ports) {
        plan.proxied = Some(Proxied {
            listen: free_port()?,
            advertised: *advertised,
        });
    }
    Ok(plans)
}
