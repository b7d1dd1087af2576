//! Whether each broker that is named can be reached.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{
    Admin, BrokerInfo, Error, Producer, ProducerEvent, Properties, Reports, is_embedded, redacted,
};

use super::{cluster::Cluster, finding::Finding, runner::CheckRunner};
use crate::{command::admin::SERVERS, output::counted};

/// More servers than anybody names; each takes some threads while it is asked.
const MOST: usize = 32;

/// How long a server that has refused a connection is tried again: another address of the same
/// name may answer.
const AGAIN: Duration = Duration::from_secs(1);

/// How long one question waits before errors are looked at.
const SLICE: Duration = Duration::from_millis(200);

/// Asks all servers at the same time; `None` if none has answered.
pub(super) fn check(runner: &CheckRunner) -> Option<Cluster> {
    let servers = runner.servers();
    if servers.is_empty() {
        let remedy = "name them by -b, ANTIPHON_BOOTSTRAP_SERVERS or `bootstrap_servers`";
        runner.say(Finding::fail("connection", "no brokers are named", remedy));
        return None;
    }
    let answers: Vec<_> = thread::scope(|scope| {
        let asked = servers.iter().take(MOST).map(|server| {
            let properties = runner.properties_for(server);
            scope.spawn(move || ask(&properties, runner))
        });
        // All are started before the first is awaited.
        let asked: Vec<_> = asked.collect();
        let joined = asked.into_iter().map(thread::ScopedJoinHandle::join);
        joined.collect()
    });
    let mut brokers = Vec::new();
    for (server, answer) in servers.iter().zip(answers) {
        let check = format!("connection to {}", redacted(SERVERS, server));
        match answer.unwrap_or_else(|_| Err("the question broke off".to_owned())) {
            Ok(known) => {
                let detail = format!("answers, and knows of {}", counted(known.len(), "broker"));
                runner.say(Finding::ok(check, detail));
                brokers = known;
            }
            Err(why) => runner.say(Finding::fail(check, why, REMEDY)),
        }
    }
    if servers.len() > MOST {
        let why = format!(
            "only the first {MOST} of {} servers were asked",
            servers.len()
        );
        runner.say(Finding::skip("connection", why));
    }
    (!brokers.is_empty()).then(|| enter(runner, brokers))?
}

const REMEDY: &str = "check name, port and network; security.protocol has to be that of the \
                      listener; `antiphon dev` runs a broker for development";

/// The brokers that a server knows of, or why it does not say.
fn ask(properties: &Properties, runner: &CheckRunner) -> Result<Vec<BrokerInfo>, String> {
    let client = Producer::new(properties, Reports::ErrorsOnly).map_err(|e| e.to_string())?;
    let (begun, patience) = (Instant::now(), runner.patience());
    let mut refused: Option<(Instant, Error)> = None;
    loop {
        let left = patience.saturating_sub(begun.elapsed());
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
            .is_some_and(|(first, _)| first.elapsed() >= AGAIN);
        if tried || begun.elapsed() >= patience || runner.is_over() {
            return Err(match refused {
                Some((_, error)) => error.to_string(),
                None => format!("no answer within {:.1} s", begun.elapsed().as_secs_f64()),
            });
        }
    }
}

/// A client for all further questions.
fn enter(runner: &CheckRunner, brokers: Vec<BrokerInfo>) -> Option<Cluster> {
    let admin = match Admin::new(&runner.properties) {
        Ok(admin) => admin,
        Err(error) => {
            runner.say(Finding::fail("connection", error.to_string(), REMEDY));
            return None;
        }
    };
    let id = admin.cluster_id(runner.patience());
    let embedded = id.as_deref().is_some_and(is_embedded);
    let detail = format!(
        "{}, {}, controller {}",
        id.unwrap_or_else(|| "without an id".to_owned()),
        counted(brokers.len(), "broker"),
        match admin.controller() {
            Some(controller) => controller.to_string(),
            None => "not known".to_owned(),
        }
    );
    runner.say(Finding::ok("cluster", detail));
    Some(Cluster {
        admin,
        brokers,
        embedded,
    })
}
