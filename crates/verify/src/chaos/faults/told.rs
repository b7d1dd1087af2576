//! What processes do to themselves when they are told.

use std::time::{Duration, Instant};

use antiphon_testbed::reason::Attempt;

use super::{Fault, hostile::Garbage, vandal::Vandal};
use crate::{
    chaos::{
        child::{Order, Status},
        stage::Stage,
    },
    history::Role,
};

/// What has to be seen of it.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// That the processes say that they do it.
    Confirmed,
    /// At least twice as many calls in flight.
    MoreInFlight,
    /// Half more calls a second.
    MoreCalls,
}

/// All processes of a role do something else for a while.
pub(super) struct Told {
    role: Role,
    sign: Sign,
    on: fn(u32, i64) -> Order,
    factor: i64,
    since: Instant,
    /// Calls a second without it.
    usual: u32,
    before: Status,
}

/// How long calls are counted before their rate says anything.
const MEASURED: Duration = Duration::from_secs(5);

impl Told {
    pub(super) fn clock(role: Role, milliseconds: i64) -> Self {
        let order = |_, milliseconds| Order::Clock(milliseconds);
        Self::new(role, Sign::Confirmed, order, milliseconds)
    }

    pub(super) fn slow(factor: u32) -> Self {
        let order = |_, factor| Order::Slow(u32::try_from(factor).unwrap_or(0));
        Self::new(Role::Responder, Sign::MoreInFlight, order, factor.into())
    }

    pub(super) fn overload(factor: u32) -> Self {
        let order = |rate: u32, factor| {
            let factor = u32::try_from(factor).ok().filter(|factor| *factor > 0);
            Order::Rate(rate.saturating_mul(factor.unwrap_or(1)))
        };
        Self::new(Role::Requester, Sign::MoreCalls, order, factor.into())
    }

    fn new(role: Role, sign: Sign, on: fn(u32, i64) -> Order, factor: i64) -> Self {
        Self {
            role,
            sign,
            on,
            factor,
            since: Instant::now(),
            usual: 0,
            before: Status::default(),
        }
    }

    fn tell(&self, stage: &mut Stage<'_>, factor: i64) -> Attempt<()> {
        let mut all = stage.of(self.role).iter_mut();
        all.try_for_each(|member| {
            let order = (self.on)(member.rate(), factor);
            member.order(&order)
        })
    }

    fn seen(&self, now: &Status) -> Option<String> {
        match self.sign {
            Sign::Confirmed => Some("every process says that it does".to_owned()),
            Sign::MoreInFlight => {
                let (before, now) = (self.before.in_flight, now.in_flight);
                (now > 2 * before).then(|| format!("{now} calls in flight, {before} before"))
            }
            Sign::MoreCalls => self.faster(now),
        }
    }

    fn faster(&self, now: &Status) -> Option<String> {
        let elapsed = self.since.elapsed();
        if elapsed < MEASURED {
            return None;
        }
        let begun = |status: &Status| status.ended() + status.in_flight;
        let calls = begun(now).saturating_sub(begun(&self.before));
        let rate = 1_000 * u128::from(calls) / elapsed.as_millis();
        (rate > u128::from(self.usual) * 3 / 2).then(|| format!("{rate} calls a second"))
    }
}

impl Fault for Told {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.before = stage.calls();
        self.since = Instant::now();
        self.usual = stage.common.rate;
        self.tell(stage, self.factor)
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        Ok(self.seen(&stage.calls()))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        // As many times as usual; and no time wrong, no slower.
        let usual = match self.sign {
            Sign::MoreCalls => 1,
            Sign::Confirmed | Sign::MoreInFlight => 0,
        };
        self.tell(stage, usual)
    }
}

/// Calls whose handlers fail, and records that are no requests.
pub(super) struct Poison {
    share: f64,
    garbage: Garbage,
    vandal: Option<Vandal>,
    before: Status,
}

impl Poison {
    pub(super) fn new(share: f64, seed: u64) -> Self {
        Self {
            share,
            garbage: Garbage::new(seed),
            vandal: None,
            before: Status::default(),
        }
    }

    fn tell(stage: &mut Stage<'_>, share: f64) -> Attempt<()> {
        let mut all = stage.requesters.iter_mut();
        all.try_for_each(|member| member.order(&Order::Poison(share)))
    }
}

impl Fault for Poison {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.before = stage.calls();
        self.vandal = Some(Vandal::start(stage, self.garbage.clone())?);
        // A third each: errors, panics, and replies that are too large.
        Self::tell(stage, self.share * 3.0)
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let failed = stage.calls().yes.saturating_sub(self.before.yes);
        let stored = self.vandal.as_ref().map_or(0, Vandal::stored);
        let both = failed > 0 && stored > 0;
        Ok(both.then(|| format!("{failed} calls failed, {stored} records of garbage stored")))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.vandal = None;
        Self::tell(stage, 0.0)
    }
}
