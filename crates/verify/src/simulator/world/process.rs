//! A process, life after life.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Birth, World, requester, responder, shape::Who};
use crate::{
    history::{Event, ProcessId, Recorder, Role},
    simulator::{dice::Dice, life::Life},
    witness::WallShift,
};

/// What comes and goes under one name.
pub(crate) struct Slot {
    pub(crate) who: Who,
    state: watch::Sender<State>,
    /// What the next faults of this process are drawn from.
    dice: Mutex<Dice>,
    shift: WallShift,
    /// The end of the last life.
    for_good: CancellationToken,
    /// No more calls are made that may go wrong.
    storm_over: CancellationToken,
    present: Mutex<Present>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not there, but to come.
    Coming,
    Ready,
    Gone,
}

#[derive(Default)]
struct Present {
    life: Option<Arc<Life>>,
    /// Ends this life in an orderly way.
    stop: CancellationToken,
    /// Ends its first load.
    storm: CancellationToken,
    incarnation: u16,
    /// How long it stays away after its death.
    away: Option<Duration>,
}

/// How long a process that died takes to come again, unless its death said otherwise.
const AWAY: Duration = Duration::from_secs(1);

impl Slot {
    pub(super) fn new(who: Who, dice: Dice) -> Arc<Self> {
        Arc::new(Self {
            who,
            state: watch::Sender::new(State::Coming),
            dice: Mutex::new(dice),
            shift: WallShift::default(),
            for_good: CancellationToken::new(),
            storm_over: CancellationToken::new(),
            present: Mutex::default(),
        })
    }

    pub(crate) fn role(&self) -> Role {
        match self.who {
            Who::Requester(_) => Role::Requester,
            Who::Responder(_) => Role::Responder,
        }
    }

    /// The life that goes on, if one does.
    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        let life = self.present().life.clone();
        life.filter(|life| !life.is_dead())
    }

    /// Its wall clock is wrong by so many milliseconds, also after a restart.
    pub(crate) fn set_clock(&self, wrong: i64) {
        self.shift.set(wrong);
    }

    /// Ends the present life in an orderly way; another follows.
    pub(crate) fn restart(&self) {
        self.present().stop.cancel();
    }

    /// Lets the calls of the first phase come to their end.
    pub(crate) fn end_storm(&self) {
        self.storm_over.cancel();
        self.present().storm.cancel();
    }

    /// Kills it; it comes again after that time.
    pub(crate) fn kill(&self, away: Duration) {
        let life = {
            let mut present = self.present();
            present.away = Some(away);
            present.life.clone()
        };
        if let Some(life) = life {
            life.kill();
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.for_good.is_cancelled()
    }

    pub(super) fn stop_for_good(&self) {
        self.for_good.cancel();
        self.restart();
    }

    pub(super) fn ready(&self) {
        self.state.send_replace(State::Ready);
    }

    pub(super) async fn until_ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as the slot.
        let _ = state.wait_for(|state| *state != State::Coming).await;
    }

    pub(super) async fn until_gone(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| *state == State::Gone).await;
    }

    /// Nobody waits for it any more.
    pub(crate) fn is_gone(&self) -> bool {
        *self.state.borrow() == State::Gone
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn branch(&self) -> Dice {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        dice.branch()
    }

    /// The next life.
    fn begin(self: &Arc<Self>, world: &Arc<World>) -> Birth {
        let mut present = self.present();
        present.incarnation += 1;
        let number = match self.who {
            Who::Requester(index) => 10 + index,
            Who::Responder(index) => 50 + index,
        };
        let process = ProcessId {
            name: self.who.to_string(),
            number: u16::try_from(number).unwrap_or(u16::MAX),
            incarnation: present.incarnation,
            role: self.role(),
        };
        let life = Life::new(process, &world.ledger);
        present.life = Some(Arc::clone(&life));
        present.stop = self.for_good.child_token();
        present.storm = present.stop.child_token();
        if self.storm_over.is_cancelled() {
            present.storm.cancel();
        }
        present.away = None;
        Birth {
            world: Arc::clone(world),
            life,
            dice: self.branch(),
            shift: self.shift.clone(),
            stop: present.stop.clone(),
            storm: present.storm.clone(),
            slot: Arc::clone(self),
        }
    }
}

pub(super) async fn supervise(world: Arc<World>, slot: Arc<Slot>) {
    let starts = match slot.who {
        Who::Requester(index) => world.shape.requesters.get(index).map(|one| one.starts),
        Who::Responder(index) => world.shape.responders.get(index).map(|one| one.starts),
    };
    sleep(starts.unwrap_or_default()).await;
    loop {
        let birth = slot.begin(&world);
        let life = Arc::clone(&birth.life);
        tokio::select! {
            biased;
            () = life.dead() => {}
            () = live(birth) => {
                life.record(Event::Exit);
                life.end();
            }
        }
        if slot.is_stopping() {
            break;
        }
        slot.state.send_replace(State::Coming);
        let away = slot.present().away.unwrap_or(AWAY);
        tokio::select! {
            biased;
            () = slot.for_good.cancelled() => break,
            () = sleep(away) => {}
        }
    }
    slot.state.send_replace(State::Gone);
}

async fn live(birth: Birth) {
    match birth.slot.who {
        Who::Requester(index) => requester::live(birth, index).await,
        Who::Responder(index) => responder::live(birth, index).await,
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("who", &self.who)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}
