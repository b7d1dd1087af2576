//! The headers of requests and replies, and ids.

use std::hint::black_box;

use antiphon_proto::{
    CorrelationId, Deadline, HeadLimits, InstanceId, Malformed, RecentFields, ReplyFields,
    ReplyHead, RequestFields, RequestHead,
};
use criterion::Criterion;

type Headers = Vec<(&'static str, Vec<u8>)>;

pub(super) fn bench(criterion: &mut Criterion) -> Result<(), String> {
    let mut text = [0; CorrelationId::TEXT_LEN];
    let id = CorrelationId::compose(InstanceId::new(7), 3, 1, 12_345);
    let id_text = id.encode(&mut text).as_bytes();
    let (request, reply) = (request(id_text), reply(id_text));
    ids(criterion, id, id_text);
    packed(criterion, &request.fields, &reply.fields).map_err(|error| error.to_string())?;
    heads(criterion, &request, &reply).map_err(|error| error.to_string())
}

/// What an ordinary request carries.
fn request(id: &[u8]) -> RequestHead<'_> {
    RequestHead {
        reply_topic: Some("web.replies"),
        fields: RequestFields {
            partition: Some(3),
            deadline: Some(Deadline::new(1_900_000_000_000, 30_000)),
            requester: Some("web/0123456789abcdef/1"),
            ..RequestFields::default()
        },
        ..RequestHead::new(id)
    }
}

fn reply(id: &[u8]) -> ReplyHead<'_> {
    ReplyHead {
        fields: ReplyFields {
            responder: Some("echo/1.0.0/0123456789abcdef"),
            ..ReplyFields::default()
        },
        ..ReplyHead::new(id)
    }
}

fn ids(criterion: &mut Criterion, id: CorrelationId, text: &[u8]) {
    let mut group = criterion.benchmark_group("id");
    group.bench_function("encode", |bencher| {
        let mut buffer = [0; CorrelationId::TEXT_LEN];
        bencher.iter(|| black_box(id).encode(&mut buffer).len());
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| CorrelationId::parse(black_box(text)));
    });
    group.finish();
}

/// The `antiphon` header alone.
fn packed(
    criterion: &mut Criterion,
    request: &RequestFields<'_>,
    reply: &ReplyFields<'_>,
) -> Result<(), Malformed> {
    let (mut of_request, mut of_reply) = (Vec::new(), Vec::new());
    request.encode(&mut of_request)?;
    reply.encode(&mut of_reply)?;
    let mut group = criterion.benchmark_group("packed header");
    let mut out = Vec::with_capacity(256);
    group.bench_function("encode request", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(request).encode(&mut out)
        });
    });
    group.bench_function("decode request", |bencher| {
        bencher.iter(|| RequestFields::parse(black_box(&of_request)).map(|f| f.attempt));
    });
    let mut recent = RecentFields::default();
    group.bench_function("decode request like the last", |bencher| {
        bencher.iter(|| recent.parse(black_box(&of_request)).map(|f| f.attempt));
    });
    group.bench_function("encode reply", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(reply).encode(&mut out)
        });
    });
    group.bench_function("decode reply", |bencher| {
        bencher.iter(|| ReplyFields::parse(black_box(&of_reply)).map(|f| f.last));
    });
    group.finish();
    Ok(())
}

/// All headers of a record.
fn heads(
    criterion: &mut Criterion,
    request: &RequestHead<'_>,
    reply: &ReplyHead<'_>,
) -> Result<(), Malformed> {
    let mut scratch = Vec::with_capacity(256);
    let (mut of_request, mut of_reply) = (Headers::new(), Headers::new());
    request.write(&mut scratch, |name, value| {
        of_request.push((name, value.to_vec()));
    })?;
    reply.write(&mut scratch, |name, value| {
        of_reply.push((name, value.to_vec()));
    })?;
    let mut group = criterion.benchmark_group("head");
    group.bench_function("write request", |bencher| {
        bencher.iter(|| black_box(request).write(&mut scratch, put));
    });
    group.bench_function("decode request", |bencher| {
        bencher.iter(|| {
            RequestHead::decode(read(&of_request), HeadLimits::default()).map(|h| h.fields.attempt)
        });
    });
    group.bench_function("write reply", |bencher| {
        bencher.iter(|| black_box(reply).write(&mut scratch, put));
    });
    group.bench_function("decode reply", |bencher| {
        bencher.iter(|| {
            ReplyHead::decode(read(&of_reply), HeadLimits::default()).map(|h| h.fields.last)
        });
    });
    group.finish();
    Ok(())
}

fn put(name: &'static str, value: &[u8]) {
    black_box((name, value));
}

fn read(headers: &Headers) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let headers = black_box(headers).iter();
    headers.map(|(name, value)| (name.as_bytes(), Some(&value[..])))
}
