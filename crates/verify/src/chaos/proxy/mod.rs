//! A proxy before each broker, which can do to a connection what networks do, and knows enough of Kafka to do it to
//! the answers of one kind of request only.

mod asked;
mod frame;
mod link;
mod pace;
mod rules;

use std::{
    io,
    net::TcpListener as StdListener,
    sync::{Arc, atomic::Ordering},
};

use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    task::JoinHandle,
};

pub(super) use self::frame::{FETCH, PRODUCE};
pub(super) use self::rules::{Answers, Counts, Impairment, Rules, Way};

/// Listens for the clients of one broker until it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    rules: Arc<Rules>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes what comes to `listener` on to the port `behind`; `seed` is what chance is made from.
    pub(super) fn start(
        runtime: &Handle,
        listener: StdListener,
        behind: u16,
        seed: u64,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let _inside = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        let rules = Arc::new(Rules::new(seed));
        let accepting = runtime.spawn(accept(listener, behind, Arc::clone(&rules)));
        Ok(Self { rules, accepting })
    }

    /// What is done to its connections, and how often it was.
    pub(super) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.rules.reset();
    }
}

async fn accept(listener: TcpListener, behind: u16, rules: Arc<Rules>) {
    loop {
        // What can not be accepted for want of something can be a moment later.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        rules.counts.connections.fetch_add(1, Ordering::Relaxed);
        let rules = Arc::clone(&rules);
        tokio::spawn(async move {
            // Behind it nobody may listen: the broker is down, and its clients are to see that at once.
            match TcpStream::connect(("127.0.0.1", behind)).await {
                Ok(broker) => link::join(client, broker, rules).await,
                Err(_) => link::refuse(&client),
            }
        });
    }
}

#[cfg(test)]
mod tests;
