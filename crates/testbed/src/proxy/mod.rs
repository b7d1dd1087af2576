//! A proxy in front of a broker. It does to connections what networks do: delay, holes, narrow lines, resets. It knows
//! enough of Kafka to impair only the answers to one kind of request, or only the connections of one client.

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

pub use self::frame::{FETCH, PRODUCE};
pub use self::rules::{Answers, Counts, Impairment, Rules, Way};

/// Listens for the clients of one broker until it is dropped.
///
/// ```
/// use std::{net::TcpListener, time::Duration};
///
/// use antiphon_testbed::proxy::{Impairment, Proxy};
///
/// # fn main() -> std::io::Result<()> {
/// # let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
/// let listener = TcpListener::bind(("127.0.0.1", 0))?;
/// let proxy = Proxy::start(runtime.handle(), listener, 9092, 1)?;
/// proxy.rules().set(Impairment {
///     delay: Duration::from_millis(5),
///     ..Impairment::default()
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    rules: Arc<Rules>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes what comes to `listener` on to the port `behind`. `seed` seeds the rules that depend on chance.
    ///
    /// # Errors
    /// The listener cannot be used by the runtime.
    pub fn start(
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

    /// What the proxy does to its connections, and how often it did.
    pub fn rules(&self) -> &Arc<Rules> {
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
        // A failure to accept may be over a moment later.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        rules.counts.connections.fetch_add(1, Ordering::Relaxed);
        let rules = Arc::clone(&rules);
        tokio::spawn(async move {
            // If the broker is down, its clients see that at once.
            match TcpStream::connect(("127.0.0.1", behind)).await {
                Ok(broker) => link::join(client, broker, rules).await,
                Err(_) => link::refuse(&client),
            }
        });
    }
}

#[cfg(test)]
mod tests;
