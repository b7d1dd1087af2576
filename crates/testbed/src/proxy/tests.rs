use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream as StdStream,
    thread,
    time::{Duration, Instant},
};

use crate::wait::eventually;
use tokio::runtime::Runtime;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A server that answers each request with its correlation id, behind a proxy.
struct Rig {
    proxy: Proxy,
    port: u16,
    _runtime: Runtime,
}

impl Rig {
    fn new() -> io::Result<Self> {
        let server = StdListener::bind(("127.0.0.1", 0))?;
        let behind = server.local_addr()?.port();
        thread::spawn(move || {
            for connection in server.incoming().flatten() {
                thread::spawn(move || answer(connection));
            }
        });
        let listener = StdListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let proxy = Proxy::start(runtime.handle(), listener, behind, 1)?;
        Ok(Self {
            proxy,
            port,
            _runtime: runtime,
        })
    }

    fn client(&self) -> io::Result<StdStream> {
        let client = StdStream::connect(("127.0.0.1", self.port))?;
        client.set_read_timeout(Some(LIMIT))?;
        Ok(client)
    }

    fn set(&self, impairment: Impairment) {
        self.proxy.rules().set(impairment);
    }
}

fn answer(mut connection: StdStream) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        connection.read_exact(&mut length)?;
        let mut request = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap_or(0)];
        connection.read_exact(&mut request)?;
        connection.write_all(&[0, 0, 0, 4])?;
        connection.write_all(&request[4..8])?;
    }
}

fn ask(client: &mut StdStream, api_key: i16, correlation: i32) -> io::Result<()> {
    let mut request = Vec::from(14_u32.to_be_bytes());
    request.extend(api_key.to_be_bytes());
    request.extend([0, 0]);
    request.extend(correlation.to_be_bytes());
    request.extend([0, 4]);
    request.extend(b"test");
    client.write_all(&request)
}

fn hear(client: &mut StdStream) -> io::Result<i32> {
    let mut answer = [0; 8];
    client.read_exact(&mut answer)?;
    let mut correlation = [0; 4];
    correlation.copy_from_slice(&answer[4..]);
    Ok(i32::from_be_bytes(correlation))
}

fn drop_all_acks() -> Impairment {
    Impairment {
        answers: Some(Answers::Drop {
            api_key: PRODUCE,
            share: 1.0,
        }),
        ..Impairment::default()
    }
}

fn hole(way: Way) -> Impairment {
    Impairment {
        hole: Some(way),
        ..Impairment::default()
    }
}

#[test]
fn only_answers_of_the_kind_are_dropped_and_their_connection_with_them() -> io::Result<()> {
    let rig = Rig::new()?;
    rig.set(drop_all_acks());
    let mut client = rig.client()?;
    ask(&mut client, FETCH, 1)?;
    assert_eq!(hear(&mut client)?, 1);
    ask(&mut client, PRODUCE, 2)?;
    assert!(hear(&mut client).is_err(), "the answer came");
    assert_eq!(Counts::of(&rig.proxy.rules().counts.dropped), 1);
    let mut next = rig.client()?;
    ask(&mut next, FETCH, 3)?;
    assert_eq!(hear(&mut next)?, 3, "a new connection works");
    Ok(())
}

#[test]
fn what_waits_at_a_hole_passes_when_it_is_mended() -> io::Result<()> {
    for way in [Way::ToBroker, Way::ToClient, Way::Both] {
        let rig = Rig::new()?;
        rig.set(hole(way));
        let mut client = rig.client()?;
        ask(&mut client, PRODUCE, 7)?;
        let counts = &rig.proxy.rules().counts;
        let held = || (Counts::of(&counts.held_at_hole) > 0).then_some(());
        eventually("a message waits", LIMIT, held).map_err(io::Error::other)?;
        client.set_read_timeout(Some(Duration::from_millis(50)))?;
        assert!(hear(&mut client).is_err(), "it passed a hole {way:?}");
        client.set_read_timeout(Some(LIMIT))?;
        rig.set(Impairment::default());
        assert_eq!(hear(&mut client)?, 7);
    }
    Ok(())
}

#[test]
fn an_answer_that_is_held_comes_later() -> io::Result<()> {
    let rig = Rig::new()?;
    let by = Duration::from_millis(80);
    rig.set(Impairment {
        answers: Some(Answers::Hold {
            api_key: PRODUCE,
            by,
        }),
        ..Impairment::default()
    });
    let mut client = rig.client()?;
    let asked = Instant::now();
    ask(&mut client, PRODUCE, 1)?;
    assert_eq!(hear(&mut client)?, 1);
    assert!(asked.elapsed() >= by, "after {:?}", asked.elapsed());
    assert_eq!(Counts::of(&rig.proxy.rules().counts.held), 1);
    Ok(())
}

#[test]
fn a_narrow_line_takes_its_time() -> io::Result<()> {
    let rig = Rig::new()?;
    rig.set(Impairment {
        bytes_per_second: Some(1_000),
        ..Impairment::default()
    });
    let mut client = rig.client()?;
    let asked = Instant::now();
    for correlation in 0..5 {
        ask(&mut client, FETCH, correlation)?;
    }
    for correlation in 0..5 {
        assert_eq!(hear(&mut client)?, correlation);
    }
    // Five requests of 18 bytes.
    assert!(
        asked.elapsed() >= Duration::from_millis(90),
        "{:?}",
        asked.elapsed()
    );
    assert!(Counts::of(&rig.proxy.rules().counts.throttled) > 0);
    Ok(())
}

#[test]
fn a_rule_for_one_client_leaves_the_others_alone() -> io::Result<()> {
    let rig = Rig::new()?;
    rig.set(Impairment {
        client: Some("requester".into()),
        ..drop_all_acks()
    });
    let mut client = rig.client()?;
    ask(&mut client, PRODUCE, 1)?;
    assert_eq!(hear(&mut client)?, 1, "it calls itself `test`");
    rig.set(Impairment {
        client: Some("te".into()),
        ..drop_all_acks()
    });
    ask(&mut client, PRODUCE, 2)?;
    assert!(hear(&mut client).is_err());
    Ok(())
}

#[test]
fn a_reset_ends_what_there_is_and_nothing_else() -> io::Result<()> {
    let rig = Rig::new()?;
    let mut client = rig.client()?;
    ask(&mut client, PRODUCE, 1)?;
    hear(&mut client)?;
    rig.proxy.rules().reset();
    assert!(hear(&mut client).is_err());
    let mut next = rig.client()?;
    ask(&mut next, PRODUCE, 2)?;
    assert_eq!(hear(&mut next)?, 2);
    Ok(())
}

#[test]
fn a_broker_that_is_down_is_no_black_hole() -> io::Result<()> {
    let nobody = StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let listener = StdListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let runtime = Runtime::new()?;
    let _proxy = Proxy::start(runtime.handle(), listener, nobody, 1)?;
    let mut client = StdStream::connect(("127.0.0.1", port))?;
    client.set_read_timeout(Some(LIMIT))?;
    let heard = client.read(&mut [0]);
    let ended = match &heard {
        Ok(bytes) => *bytes == 0,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    };
    assert!(ended, "{heard:?}");
    Ok(())
}

const DELAY: Duration = Duration::from_millis(50);

fn delayed() -> Impairment {
    Impairment {
        delay: DELAY,
        ..Impairment::default()
    }
}

#[test]
fn a_delayed_answer_is_not_early() -> io::Result<()> {
    let rig = Rig::new()?;
    rig.set(delayed());
    let mut client = rig.client()?;
    let asked = Instant::now();
    ask(&mut client, PRODUCE, 1)?;
    assert_eq!(hear(&mut client)?, 1);
    assert!(asked.elapsed() >= DELAY, "after {:?}", asked.elapsed());
    Ok(())
}

#[test]
fn many_answers_pass_in_one_delay_and_in_order() -> io::Result<()> {
    const MANY: i32 = 200;
    let rig = Rig::new()?;
    rig.set(delayed());
    let mut client = rig.client()?;
    let asked = Instant::now();
    for number in 0..MANY {
        ask(&mut client, PRODUCE, number)?;
    }
    for number in 0..MANY {
        assert_eq!(hear(&mut client)?, number);
    }
    // One after the other, each waiting for the one before, would take 10 s.
    assert!(asked.elapsed() < DELAY * 100, "{:?}", asked.elapsed());
    Ok(())
}

#[test]
fn a_connection_ends_with_its_server() -> io::Result<()> {
    let server = StdListener::bind(("127.0.0.1", 0))?;
    let behind = server.local_addr()?.port();
    let listener = StdListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let proxy = Proxy::start(runtime.handle(), listener, behind, 1)?;
    proxy.rules().set(delayed());
    let mut client = StdStream::connect(("127.0.0.1", port))?;
    client.set_read_timeout(Some(LIMIT))?;
    drop(server.accept()?);
    let mut rest = Vec::new();
    assert_eq!(client.read_to_end(&mut rest)?, 0);
    Ok(())
}
