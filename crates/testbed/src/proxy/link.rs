//! One connection, message by message.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
};

use super::{
    asked::Asked,
    frame,
    rules::{Answers, Impairment, Rules},
};

/// Messages of one direction that have been read and not passed on yet.
const AHEAD: usize = 256;

/// What both directions of a connection know.
#[derive(Debug)]
struct Link {
    rules: Arc<Rules>,
    client: OnceLock<String>,
    asked: Asked,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    ToBroker,
    ToClient,
}

/// When a message was read, and the message.
type Read = (Instant, Vec<u8>);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passes,
    /// It is gone, and the connection with it.
    Lost,
}

/// Passes both directions on until one of them ends.
pub(super) async fn join(client: TcpStream, broker: TcpStream, rules: Arc<Rules>) {
    // Without it messages are late, and nothing else.
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let mut resets = rules.watch_resets();
    let link = Link {
        rules,
        client: OnceLock::new(),
        asked: Asked::default(),
    };
    let (from_client, mut to_client) = client.into_split();
    let (from_broker, mut to_broker) = broker.into_split();
    let reset = tokio::select! {
        // Either side may end a connection at any time.
        _ = link.pass(Direction::ToBroker, from_client, &mut to_broker) => false,
        fate = link.pass(Direction::ToClient, from_broker, &mut to_client) => {
            matches!(fate, Ok(Fate::Lost))
        }
        _ = resets.changed() => true,
    };
    if reset {
        link.count(&link.rules.counts.reset);
        refuse(to_client.as_ref());
    }
}

/// Has the connection end by a reset when it is dropped.
pub(super) fn refuse(client: &TcpStream) {
    // Without it the connection ends in the orderly way.
    let _ = client.set_zero_linger();
}

impl Link {
    async fn pass(
        &self,
        direction: Direction,
        from: OwnedReadHalf,
        to: &mut OwnedWriteHalf,
    ) -> io::Result<Fate> {
        let (sender, messages) = mpsc::channel(AHEAD);
        tokio::select! {
            fate = self.write(direction, messages, to) => fate,
            error = until_broken(from, sender) => Err(error),
        }
    }

    async fn write(
        &self,
        direction: Direction,
        mut messages: mpsc::Receiver<Read>,
        to: &mut OwnedWriteHalf,
    ) -> io::Result<Fate> {
        let mut rules = self.rules.watch();
        while let Some((at, message)) = messages.recv().await {
            let kind = self.note(direction, &message);
            let impairment = rules.borrow_and_update().clone();
            if impairment.concerns(self.client.get()) {
                if self
                    .impair(direction, &impairment, kind, at, message.len())
                    .await
                    == Fate::Lost
                {
                    return Ok(Fate::Lost);
                }
                self.wait_at_hole(direction, &mut rules).await;
            }
            to.write_all(&message).await?;
        }
        Ok(Fate::Passes)
    }

    /// Remembers what was asked; returns the kind of request that an answer is to.
    fn note(&self, direction: Direction, message: &[u8]) -> Option<i16> {
        if direction == Direction::ToClient {
            return self.asked.answer(frame::correlation(message)?);
        }
        let head = frame::head(message)?;
        // Each request says it again.
        let _ = self.client.set(head.client_id);
        self.asked.ask(head.correlation, head.api_key);
        None
    }

    async fn impair(
        &self,
        direction: Direction,
        impairment: &Impairment,
        kind: Option<i16>,
        at: Instant,
        bytes: usize,
    ) -> Fate {
        if direction == Direction::ToClient {
            sleep_until(at + impairment.delay).await;
            if self.answer(impairment.answers.as_ref(), kind, at).await == Fate::Lost {
                return Fate::Lost;
            }
        }
        if let Some(per_second) = impairment.bytes_per_second {
            let now = Instant::now();
            let line = usize::from(direction == Direction::ToClient);
            let passed = self.rules.pace[line].book(bytes, per_second, now);
            let waits = passed.saturating_duration_since(now).as_micros();
            let waits = u64::try_from(waits).unwrap_or(u64::MAX);
            self.rules
                .counts
                .throttled
                .fetch_add(waits, Ordering::Relaxed);
            sleep_until(passed).await;
        }
        Fate::Passes
    }

    async fn answer(&self, rule: Option<&Answers>, kind: Option<i16>, at: Instant) -> Fate {
        match rule {
            Some(Answers::Drop { api_key, share })
                if kind == Some(*api_key) && self.rules.happens(*share) =>
            {
                self.count(&self.rules.counts.dropped);
                Fate::Lost
            }
            Some(Answers::Hold { api_key, by }) if kind == Some(*api_key) => {
                self.count(&self.rules.counts.held);
                sleep_until(at + *by).await;
                Fate::Passes
            }
            _ => Fate::Passes,
        }
    }

    async fn wait_at_hole(
        &self,
        direction: Direction,
        rules: &mut tokio::sync::watch::Receiver<Impairment>,
    ) {
        let stops = |now: &Impairment| {
            now.concerns(self.client.get()) && now.stops(direction == Direction::ToBroker)
        };
        if stops(&rules.borrow_and_update()) {
            self.count(&self.rules.counts.held_at_hole);
            // The rules live as long as this connection, which holds them.
            let _ = rules.wait_for(|now| !stops(now)).await;
        }
    }

    fn count(&self, what: &AtomicU64) {
        what.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads until that fails. After an orderly end it waits: what was read is still to be passed on.
async fn until_broken(mut from: OwnedReadHalf, messages: mpsc::Sender<Read>) -> io::Error {
    loop {
        let message = match frame::read(&mut from).await {
            Ok(Some(message)) => message,
            Ok(None) => break,
            Err(error) => return error,
        };
        if messages.send((Instant::now(), message)).await.is_err() {
            break;
        }
    }
    drop(messages);
    std::future::pending().await
}

async fn sleep_until(moment: Instant) {
    if moment > Instant::now() {
        tokio::time::sleep_until(moment.into()).await;
    }
}
