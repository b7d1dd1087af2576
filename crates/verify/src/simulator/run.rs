//! One seed, from its first draw to the history that it leaves.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::{
    dice::Dice,
    kafka::Cluster,
    point::Point,
    schedule::{self, Nemesis, Profile},
    world::{self, Shape, World},
};
use crate::history::{Delivery, Entry, Event, Role, Run, micros};

/// Far more virtual time than a run needs. One that takes longer never ends.
const LIMIT: Duration = Duration::from_secs(300);

/// What a requester needs to see that its reply topic was made anew, and to build its path again;
/// calls of the first phase have ended by then.
const RECOVERY: Duration = Duration::from_secs(9);

/// As the product promises, by how many microseconds a call may end late.
const SLACK: u64 = 250_000;

/// Fewest successes in a row of each requester at the end.
const OK_AT_END: u64 = 3;

/// What a seed left behind.
#[derive(Debug)]
pub struct Finished {
    /// What was set up.
    pub run: Run,
    /// What happened, in order.
    pub history: Vec<Entry>,
    /// Why it did not come to its end, or left something behind, if so.
    pub stuck: Option<String>,
    /// How often something went wrong, by what it was.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Runs one seed. The same seed and profile, the same history.
///
/// # Errors
///
/// The runtime can not be built.
pub fn run(seed: u64, profile: Profile) -> std::io::Result<Finished> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let (mut finished, cluster) = runtime.block_on(simulate(seed, profile));
    drop(runtime);
    if cluster.strong_count() > 0 {
        let held = "all tasks are gone, and something still holds the cluster: it holds itself";
        finished.stuck.get_or_insert_with(|| held.to_owned());
    }
    Ok(finished)
}

async fn simulate(seed: u64, profile: Profile) -> (Finished, Weak<Cluster>) {
    let mut dice = Dice::new(seed);
    let shape = Shape::draw(&mut dice.branch());
    let plan = schedule::draw(&mut dice.branch(), profile, &shape);
    let world = World::new(shape, &mut dice.branch());
    let stage = Mutex::new("starting");
    let nemesis = Nemesis::start(&world, plan);
    let ended = timeout(LIMIT, play(&world, nemesis, &stage)).await;
    let stuck = ended.is_err().then(|| stuck(&world, &stage));
    world::tell_truth(&world);
    let mut counts = world.cluster.counts();
    for (point, times) in world.ledger.deaths() {
        counts.insert(Point::name(point), u64::from(times));
    }
    let finished = Finished {
        run: described(&world, seed, profile),
        history: world.ledger.take(),
        stuck,
        counts,
    };
    (finished, Arc::downgrade(&world.cluster))
}

/// The two phases: faults without mercy, then none, until all has come to an end.
async fn play(world: &Arc<World>, nemesis: Nemesis, stage: &Mutex<&'static str>) {
    let now = |name| *stage.lock().unwrap_or_else(PoisonError::into_inner) = name;
    world::start(world);
    now("in its faults");
    sleep(world.shape.stormy).await;
    nemesis.stop(world).await;
    schedule::heal(world);
    world.slots.iter().for_each(|slot| slot.end_storm());
    now("recovering");
    world.all_ready().await;
    world.caught_up().await;
    sleep(RECOVERY).await;
    world.ledger.by_nemesis(Event::Healed);
    world.healed.cancel();
    sleep(world.shape.calm).await;
    now("closing its requesters");
    world.stop(Role::Requester).await;
    now("catching up");
    world.caught_up().await;
    now("draining its responders");
    world.stop(Role::Responder).await;
}

fn stuck(world: &World, stage: &Mutex<&'static str>) -> String {
    let stage = *stage.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting = world.slots.iter().filter(|slot| !slot.is_gone());
    let waiting: Vec<String> = waiting.map(|slot| slot.who.to_string()).collect();
    let behind: Vec<String> = world
        .behind()
        .iter()
        .map(|(group, at)| format!("{group} on {}/{}", at.topic, at.partition))
        .collect();
    format!(
        "no end after {} s of virtual time, while {stage}; still there: {}; behind: {}",
        LIMIT.as_secs(),
        waiting.join(", "),
        behind.join(", ")
    )
}

fn described(world: &World, seed: u64, profile: Profile) -> Run {
    Run {
        seed,
        name: profile.to_string(),
        simulated: true,
        key: world.key().0,
        allowed_topics: world.shape.allowed(),
        request_topics: world.shape.readers.clone(),
        delivery: Delivery::AtLeastOnce,
        slack: SLACK,
        clock_skew: micros(world.shape.clock_skew),
        memory_limit: None,
        min_ok: 1,
        min_in_flight: 0,
        min_ok_at_end: OK_AT_END,
    }
}
