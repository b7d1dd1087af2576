//! One life of a requester.

use std::{sync::Arc, time::Duration};

use antiphon::Client;
use tokio::time::sleep;

use super::{Birth, gate::Gated, shape::RequesterShape};
use crate::{
    history::{Event, Recorder},
    simulator::dice::Dice,
    workload::{Caller, offer},
};

/// Pause before a client that did not connect is built again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long a close may wait for calls.
const CLOSE: Duration = Duration::from_secs(10);

/// How often it tells what it holds.
const SAMPLE: Duration = Duration::from_secs(1);

pub(super) async fn live(birth: Birth, index: usize) {
    let world = Arc::clone(&birth.world);
    let Some(shape) = world.shape.requesters.get(index) else {
        return;
    };
    let life = Arc::clone(&birth.life);
    Gated::new(&life, ask(birth, shape)).await;
}

async fn ask(mut birth: Birth, shape: &RequesterShape) {
    let Some(client) = connect(&mut birth, shape).await else {
        return;
    };
    let life = &birth.life;
    life.record(Event::Ready);
    birth.slot.ready();
    let recorder = Arc::clone(life) as Arc<dyn Recorder>;
    let process = Arc::clone(life.process());
    let caller = Caller::new(client.clone(), recorder, process, birth.world.key());
    let caller = Arc::new(caller);
    let mut dice = birth.dice.branch();
    let calls = call(&caller, shape, &mut dice, &birth);
    tokio::select! {
        biased;
        () = calls => {}
        () = caller.watch_strays() => {}
        () = sample(&birth, &client) => {}
    }
    life.record(Event::Drain);
    client.close(CLOSE).await;
    tell(&birth, &client);
}

/// Calls of all kinds while things go wrong, then such as have to succeed.
async fn call(caller: &Arc<Caller>, shape: &RequesterShape, dice: &mut Dice, birth: &Birth) {
    let (mix, pace) = (&shape.mix, &shape.pace);
    offer(caller, mix, pace, dice.stream(), &birth.storm).await;
    tokio::select! {
        biased;
        () = birth.stop.cancelled() => return,
        () = birth.world.healed.cancelled() => {}
    }
    let (mix, pace) = shape.mild();
    offer(caller, &mix, &pace, dice.stream(), &birth.stop).await;
}

/// None: it was asked to stop before.
async fn connect(birth: &mut Birth, shape: &RequesterShape) -> Option<Client> {
    while !birth.stop.is_cancelled() {
        let transport = birth.world.transport(
            &birth.life,
            shape.node.clone(),
            &birth.shift,
            birth.dice.branch(),
        );
        let connected = Client::builder(&*shape.group)
            .instance(birth.slot.who.to_string())
            .config(shape.config.clone())
            .transport(transport)
            .connect()
            .await;
        match connected {
            Ok(client) => return Some(client),
            Err(_) => sleep(AGAIN).await,
        }
    }
    None
}

async fn sample(birth: &Birth, client: &Client) {
    loop {
        sleep(SAMPLE).await;
        tell(birth, client);
    }
}

fn tell(birth: &Birth, client: &Client) {
    birth.life.record(Event::Sample {
        memory: None,
        files: None,
        in_flight: u64::try_from(client.in_flight()).unwrap_or(u64::MAX),
        unacknowledged: 0,
    });
}
