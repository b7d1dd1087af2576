//! Ports for a broker that is stopped and started again.
//!
//! They lie below the range from which systems take the ports of outgoing connections (32768 upwards on Linux, 49152
//! elsewhere). Inside it a client that keeps reconnecting to a stopped broker can be given that very port, connects to
//! itself, and the broker finds its port taken when it comes back.

use std::io;
use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::reason::Attempt;

/// The lowest port taken.
const FIRST: u16 = 20_000;

/// How many ports there are to choose from.
const COUNT: u16 = 12_000;

/// The next port to try in this process; the start differs between processes.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// The ports of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    /// For clients.
    pub(super) broker: u16,
    /// For the controller within the node.
    pub(super) controller: u16,
}

impl Ports {
    /// Two ports of 127.0.0.1 on which nobody listens.
    pub(super) fn free() -> Attempt<Self> {
        Ok(Self {
            broker: free_port()?,
            controller: free_port()?,
        })
    }
}

/// One port of 127.0.0.1 on which nobody listens, never the same twice in a process.
///
/// # Errors
///
/// Somebody listens on each of them.
pub fn free_port() -> Attempt<u16> {
    (0..COUNT)
        .map(|_| candidate())
        .find(|port| is_free(*port).is_ok())
        .ok_or_else(|| format!("no free port from {FIRST} on"))
}

/// The next port to try: processes start 97 ports apart.
fn candidate() -> u16 {
    let start = process::id().wrapping_mul(97);
    let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
    let offset = start.wrapping_add(step) % u32::from(COUNT);
    FIRST + u16::try_from(offset).unwrap_or(0)
}

/// Listens for a moment.
fn is_free(port: u16) -> io::Result<()> {
    TcpListener::bind(("127.0.0.1", port)).map(drop)
}
