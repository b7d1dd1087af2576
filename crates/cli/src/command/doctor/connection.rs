//! Connections to the bootstrap servers.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{
    Admin, BrokerInfo, Error, Producer, ProducerEvent, Properties, Reports, is_embedded, redacted,
};

use super::{cluster::Cluster, finding::Finding, runner::CheckRunner};
use crate::{command::admin::SERVERS, output::counted};

/// The maximum number of servers to check, since each needs some threads.
const MAX_SERVERS: usize = 32;

/// Time to retry a server that refused a connection: another address of its name may answer.
const RETRY: Duration = Duration::from_secs(1);

/// Time limit of one attempt, after which errors are polled.
const SLICE: Duration = Duration::from_millis(200);

/// Checks all servers at the same time. `None` if none answers.
pub(super) fn check(runner: &CheckRunner) -> Option<Cluster> {
    let servers = runner.servers();
    if servers.is_empty() {
        let remedy = "set them with -b, ANTIPHON_BOOTSTRAP_SERVERS or `bootstrap_servers` in section [kafka]";
        runner.report(Finding::fail(
            "connection",
            "no brokers are configured",
            remedy,
        ));
        return None;
    }
    let answers: Vec<_> = thread::scope(|scope| {
        let asked = servers.iter().take(MAX_SERVERS).map(|server| {
            let properties = runner.properties_for(server);
            scope.spawn(move || query(&properties, runner))
        });
        // Start all before waiting for the first.
        let asked: Vec<_> = asked.collect();
        let joined = asked.into_iter().map(thread::ScopedJoinHandle::join);
        joined.collect()
    });
    let mut brokers = Vec::new();
    for (server, answer) in servers.iter().zip(answers) {
        let check = format!("connection to {}", redacted(SERVERS, server));
        match answer.unwrap_or_else(|_| Err("the check panicked; this is a bug".to_owned())) {
            Ok(known) => {
                let detail = format!("answers, and lists {}", counted(known.len(), "broker"));
                runner.report(Finding::ok(check, detail));
                brokers = known;
            }
            Err(why) => runner.report(Finding::fail(check, why, REMEDY)),
        }
    }
    if servers.len() > MAX_SERVERS {
        let why = format!(
            "only the first {MAX_SERVERS} of {} servers were checked",
            servers.len()
        );
        runner.report(Finding::skip("connection", why));
    }
    (!brokers.is_empty()).then(|| connect(runner, brokers))?
}

const REMEDY: &str = "check host name, port and network, and that security.protocol matches the \
                      listener; `antiphon dev` runs a broker for development";

/// The brokers that a server lists, or why it does not answer.
fn query(properties: &Properties, runner: &CheckRunner) -> Result<Vec<BrokerInfo>, String> {
    let client = Producer::new(properties, Reports::ErrorsOnly).map_err(|e| e.to_string())?;
    let (begun, limit) = (Instant::now(), runner.time_limit());
    let mut refused: Option<(Instant, Error)> = None;
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        let answer = client.brokers(left.min(SLICE));
        if let Ok(brokers) = answer
            && !brokers.is_empty()
        {
            return Ok(brokers);
        }
        client.poll_events(Duration::ZERO, &mut |event| {
            if let ProducerEvent::Error(error) | ProducerEvent::Fatal(error) = event {
                refused.get_or_insert((Instant::now(), error));
            }
        });
        let tried = refused
            .as_ref()
            .is_some_and(|(first, _)| first.elapsed() >= RETRY);
        if tried || begun.elapsed() >= limit || runner.is_over() {
            return Err(match refused {
                Some((_, error)) => error.to_string(),
                None => format!("no answer within {:.1} s", begun.elapsed().as_secs_f64()),
            });
        }
    }
}

/// Connects the client of all further checks.
fn connect(runner: &CheckRunner, brokers: Vec<BrokerInfo>) -> Option<Cluster> {
    let admin = match Admin::new(&runner.properties) {
        Ok(admin) => admin,
        Err(error) => {
            runner.report(Finding::fail("connection", error.to_string(), REMEDY));
            return None;
        }
    };
    let id = admin.cluster_id(runner.time_limit());
    let embedded = id.as_deref().is_some_and(is_embedded);
    let detail = format!(
        "{}, {}, controller {}",
        id.unwrap_or_else(|| "no cluster id".to_owned()),
        counted(brokers.len(), "broker"),
        match admin.controller() {
            Some(controller) => controller.to_string(),
            None => "unknown".to_owned(),
        }
    );
    runner.report(Finding::ok("cluster", detail));
    Some(Cluster {
        admin,
        brokers,
        embedded,
    })
}
