use std::{
    hint::black_box,
    str,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use super::{watermark::Watermarks, wire::reply_partition};
use crate::{
    load::Load,
    parent::ready_to_respond,
    raw::{
        client::{self, Client, Message, Queue, Result, Topic},
        connect::member,
        on_its_thread,
    },
};

const LIMIT: Duration = Duration::from_secs(30);
const REPORTS_EVERY: Duration = Duration::from_millis(10);
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// What a service is: bytes to bytes, some time.
type Handler = Box<dyn Fn(Vec<u8>) -> BoxFuture<'static, Vec<u8>> + Send>;

/// Echoes for ever: a group, a handler per request, offsets committed after their replies are acknowledged.
pub(crate) fn respond(load: &Load) -> Result<()> {
    if !load.handler_sleep.is_zero() {
        return Err("the handlers of `bare` can not wait: it has no handler that sleeps".into());
    }
    let (producer, consumer) = member(load, &format!("bench-{}", load.topic))?;
    let (producer, watermarks) = (
        Arc::new(producer),
        Arc::new(Watermarks::new(load.partitions)),
    );
    let requests = consumer.subscribe(&load.topic)?;
    wait_for_partitions(&consumer, &requests, load)?;
    let responder = Responder {
        handler: echo(),
        reply_topic: load.reply_topic.clone(),
        replies: producer.topic(&load.reply_topic)?,
        producer: Arc::clone(&producer),
        watermarks: Arc::clone(&watermarks),
    };
    let topic = load.topic.clone();
    thread::Builder::new()
        .name("bench-reports".into())
        .spawn(move || report(&producer, &consumer, &watermarks, &topic))
        .map_err(|error| error.to_string())?;
    ready_to_respond(load)?;
    on_its_thread(|| serve(responder, &requests))
}

fn echo() -> Handler {
    let echo: Handler = Box::new(|value| Box::pin(async move { value }));
    // Opaque to the compiler, as one is that somebody else wrote: it must not be inlined.
    black_box(echo)
}

/// Nobody asks yet: what is waited for here is only the assignment.
fn wait_for_partitions(consumer: &Client, requests: &Queue, load: &Load) -> Result<()> {
    let mut buffer = client::buffer();
    let wanted = usize::try_from(load.partitions).unwrap_or(1);
    let until = Instant::now() + LIMIT;
    while consumer.assigned()? < wanted {
        if Instant::now() > until {
            return Err(format!("no partitions of {} within {LIMIT:?}", load.topic));
        }
        requests.drain(&mut buffer, 20, |_| Ok(()))?;
    }
    Ok(())
}

fn serve(mut responder: Responder, requests: &Queue) -> Result<()> {
    let mut buffer = client::buffer();
    loop {
        requests.drain(&mut buffer, 500, |request| responder.answer(request))?;
    }
}

/// Rarely and all at once, so that this thread does not take the processor from the others.
fn report(producer: &Client, consumer: &Client, watermarks: &Watermarks, topic: &str) {
    let (reports, mut delivered, mut committed) = (producer.reports(), Vec::new(), Instant::now());
    loop {
        thread::sleep(REPORTS_EVERY);
        reports.take_delivered(&mut delivered);
        watermarks.answered(&delivered);
        delivered.clear();
        if committed.elapsed() >= COMMIT_EVERY {
            committed = Instant::now();
            if let Err(error) = consumer.commit(topic, &watermarks.take()) {
                eprintln!("commit: {error}");
            }
        }
    }
}

struct Responder {
    handler: Handler,
    reply_topic: String,
    replies: Topic,
    producer: Arc<Client>,
    watermarks: Arc<Watermarks>,
}

impl Responder {
    fn answer(&mut self, message: Message) -> Result<()> {
        if message.is_error() {
            eprintln!("an error came instead of a request");
            return Ok(());
        }
        let token = self.watermarks.begin(message.partition(), message.offset());
        let request = Request::read(&message)?;
        drop(message);
        let mut running = (self.handler)(request.value);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(value) = running.as_mut().poll(&mut context) else {
            return Err("a handler waits".into());
        };
        if request.reply_topic != self.reply_topic {
            self.replies = self.producer.topic(&request.reply_topic)?;
            self.reply_topic = request.reply_topic;
        }
        let id = request.id.as_bytes();
        let headers = [
            (c"correlation-id", id),
            (c"antiphon", &b"v=1;r=echo/1.0.0/1"[..]),
        ];
        let (to, partition) = (&self.replies, request.reply_partition);
        self.producer
            .send_reported(to, partition, Some(id), &value, &headers, token)
    }
}

/// What a handler and a reply need, which live longer than the record.
struct Request {
    id: String,
    reply_topic: String,
    reply_partition: i32,
    value: Vec<u8>,
}

impl Request {
    fn read(message: &Message) -> Result<Self> {
        let text = |name| {
            let value = str::from_utf8(message.header(name)?).ok()?;
            Some(value.to_owned())
        };
        let packed = message.header(c"antiphon").ok_or("no packed header")?;
        Ok(Self {
            id: text(c"correlation-id").ok_or("no id")?,
            reply_topic: text(c"reply-topic").ok_or("no reply topic")?,
            reply_partition: reply_partition(packed).ok_or("no reply partition")?,
            value: message.value().to_vec(),
        })
    }
}
