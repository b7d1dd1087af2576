//! What the system says about processes.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The state of a process as the kernel names it: `T` is stopped. `None`: there is no such process, or no `/proc`.
pub(super) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, also parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.trim_start().chars().next()
}

/// Whether nobody listens at an address of this machine.
pub(super) fn is_deaf(address: &str) -> bool {
    let Ok(address) = address.parse::<SocketAddr>() else {
        return true;
    };
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_err()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, process};

    use super::*;

    #[test]
    fn a_process_that_runs_is_not_stopped() {
        let state = state(process::id());
        assert!(state.is_some_and(|state| state != 'T'), "{state:?}");
    }

    #[test]
    fn who_listens_is_not_deaf() -> std::io::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        assert!(!is_deaf(&address));
        drop(listener);
        assert!(is_deaf(&address));
        Ok(())
    }
}
