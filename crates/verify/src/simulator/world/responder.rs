//! One life of a responder.

use std::{sync::Arc, time::Duration};

use antiphon::{Service, service::RequestHandler};
use tokio::time::sleep;

use super::{
    Birth,
    gate::{Gated, GatedHandler},
    shape::ResponderShape,
};
use crate::{
    history::{Event, Recorder},
    workload::{answering, answering_at_once},
};

/// Pause before a service that did not start is built again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long a drain may wait for handlers.
const DRAIN: Duration = Duration::from_secs(10);

/// How often it tells what it holds.
const SAMPLE: Duration = Duration::from_secs(1);

pub(super) async fn live(birth: Birth, index: usize) {
    let world = Arc::clone(&birth.world);
    let Some(shape) = world.shape.responders.get(index) else {
        return;
    };
    let life = Arc::clone(&birth.life);
    Gated::new(&life, answer(birth, shape)).await;
}

async fn answer(mut birth: Birth, shape: &ResponderShape) {
    let Some(service) = start(&mut birth, shape).await else {
        return;
    };
    tokio::select! {
        biased;
        () = birth.stop.cancelled() => {}
        () = service.ready() => {
            birth.life.record(Event::Ready);
            birth.slot.ready();
        }
    }
    tokio::select! {
        biased;
        () = birth.stop.cancelled() => {}
        () = sample(&birth, &service) => {}
    }
    birth.life.record(Event::Drain);
    let report = service.drain(DRAIN).await;
    tell(&birth, report.abandoned, 0);
}

/// None: it was asked to stop before.
async fn start(birth: &mut Birth, shape: &ResponderShape) -> Option<Service> {
    let recorder = Arc::clone(&birth.life) as Arc<dyn Recorder>;
    let process = Arc::clone(birth.life.process());
    let key = birth.world.key();
    let handler: Arc<dyn RequestHandler> = if shape.at_once {
        Arc::new(answering_at_once(recorder, process, key))
    } else {
        Arc::new(answering(recorder, process, key))
    };
    let handler = GatedHandler::new(&birth.life, handler);
    while !birth.stop.is_cancelled() {
        let transport = birth.world.transport(
            &birth.life,
            shape.node.clone(),
            &birth.shift,
            birth.dice.branch(),
        );
        let service = Service::builder(&*shape.group)
            .version("1")
            .instance(birth.slot.who.to_string())
            .config(shape.config.clone())
            .transport(transport);
        let topics = shape.topics.iter();
        let service = topics.fold(service, |service, topic| {
            service.route(topic, handler.clone())
        });
        match service.start().await {
            Ok(service) => return Some(service),
            Err(_) => sleep(AGAIN).await,
        }
    }
    None
}

async fn sample(birth: &Birth, service: &Service) {
    loop {
        sleep(SAMPLE).await;
        tell(birth, service.running(), service.unacknowledged());
    }
}

fn tell(birth: &Birth, running: usize, unacknowledged: usize) {
    birth.life.record(Event::Sample {
        memory: None,
        files: None,
        in_flight: u64::try_from(running).unwrap_or(u64::MAX),
        unacknowledged: u64::try_from(unacknowledged).unwrap_or(u64::MAX),
    });
}
