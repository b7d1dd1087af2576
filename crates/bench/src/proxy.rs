//! A proxy that knows nothing of Kafka: what the server says reaches the client later, as over a long line that is wide
//! enough. What the client says passes at once.

use std::{
    io,
    net::TcpListener as StdListener,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::{Builder, Runtime},
    sync::mpsc,
};

/// The largest piece that is passed on at once.
const PIECE: usize = 16 * 1024;

/// How many pieces may be on their way in one connection: 16 MiB, which a delay of 5 ms lets pass at 3 GB/s.
const PIECES: usize = 1_024;

/// A proxy on a thread of its own, until it is dropped.
pub(crate) struct Proxy {
    port: u16,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// Takes a port before it is known what lies behind it.
    pub(crate) fn bind() -> Result<(StdListener, u16), String> {
        let taken = || -> io::Result<_> {
            let listener = StdListener::bind(("127.0.0.1", 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        };
        taken().map_err(|error| format!("a port for the delaying proxy: {error}"))
    }

    pub(crate) fn start(
        listener: StdListener,
        behind: u16,
        delay: Duration,
    ) -> Result<Self, String> {
        let run = || -> io::Result<_> {
            let port = listener.local_addr()?.port();
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("bench-proxy")
                .enable_all()
                .build()?;
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(listener)?;
            runtime.spawn(accept(listener, behind, delay));
            Ok((port, runtime))
        };
        let (port, runtime) = run().map_err(|error| format!("the delaying proxy: {error}"))?;
        Ok(Self {
            port,
            runtime: Some(runtime),
        })
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, behind: u16, delay: Duration) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(async move {
                    // Either side may end a connection at any time.
                    let _ = join(client, behind, delay).await;
                });
            }
            Err(error) => {
                eprintln!("the delaying proxy: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Both directions, until one of them ends.
async fn join(client: TcpStream, behind: u16, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", behind)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    tokio::select! {
        passed = tokio::io::copy(&mut from_client, &mut to_server) => passed.map(drop),
        passed = later(from_server, to_client, delay) => passed,
    }
}

async fn later(from: OwnedReadHalf, to: OwnedWriteHalf, delay: Duration) -> io::Result<()> {
    let (pieces, due) = mpsc::channel(PIECES);
    let (read, written) = tokio::join!(take(from, pieces, delay), give(due, to));
    read.and(written)
}

/// A piece and when it may go on.
type Piece = (Instant, Vec<u8>);

async fn take(
    mut from: OwnedReadHalf,
    pieces: mpsc::Sender<Piece>,
    delay: Duration,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await?;
        let piece = (Instant::now() + delay, buffer[..read].to_vec());
        if read == 0 || pieces.send(piece).await.is_err() {
            return Ok(());
        }
    }
}

async fn give(mut due: mpsc::Receiver<Piece>, mut to: OwnedWriteHalf) -> io::Result<()> {
    while let Some((at, piece)) = due.recv().await {
        tokio::time::sleep_until(at.into()).await;
        to.write_all(&piece).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream as StdStream,
        thread,
    };

    use super::*;

    const DELAY: Duration = Duration::from_millis(50);

    /// A server that says back what it hears, behind a proxy.
    fn echo() -> io::Result<(Proxy, StdStream)> {
        let server = StdListener::bind(("127.0.0.1", 0))?;
        let behind = server.local_addr()?.port();
        thread::spawn(move || -> io::Result<()> {
            let (mut from, _) = server.accept()?;
            let mut to = from.try_clone()?;
            io::copy(&mut from, &mut to).map(drop)
        });
        let (listener, _) = Proxy::bind().map_err(io::Error::other)?;
        let proxy = Proxy::start(listener, behind, DELAY).map_err(io::Error::other)?;
        let client = StdStream::connect(proxy.address())?;
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok((proxy, client))
    }

    #[test]
    fn an_answer_comes_whole_and_not_before_its_time() -> io::Result<()> {
        let (_proxy, mut client) = echo()?;
        let asked = Instant::now();
        client.write_all(b"hello")?;
        let mut answer = [0; 5];
        client.read_exact(&mut answer)?;
        assert_eq!(&answer, b"hello");
        assert!(asked.elapsed() >= DELAY, "after {:?}", asked.elapsed());
        Ok(())
    }

    #[test]
    fn much_passes_in_one_delay_and_in_order() -> io::Result<()> {
        let (_proxy, mut client) = echo()?;
        let sent: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut to = client.try_clone()?;
        let all = sent.clone();
        let asked = Instant::now();
        let writer = thread::spawn(move || to.write_all(&all));
        let mut got = vec![0; sent.len()];
        client.read_exact(&mut got)?;
        assert!(got == sent, "not what was sent");
        // Piece after piece, each waiting for the one before, would take 25 s.
        assert!(asked.elapsed() < DELAY * 100, "{:?}", asked.elapsed());
        writer
            .join()
            .map_err(|_| io::Error::other("the writer panicked"))?
    }

    #[test]
    fn a_connection_ends_with_its_server() -> io::Result<()> {
        let server = StdListener::bind(("127.0.0.1", 0))?;
        let behind = server.local_addr()?.port();
        let (listener, _) = Proxy::bind().map_err(io::Error::other)?;
        let proxy = Proxy::start(listener, behind, DELAY).map_err(io::Error::other)?;
        let mut client = StdStream::connect(proxy.address())?;
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        drop(server.accept()?);
        let mut rest = Vec::new();
        assert_eq!(client.read_to_end(&mut rest)?, 0);
        Ok(())
    }
}
