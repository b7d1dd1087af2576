//! Records that this crate would not send.

use std::ffi::CString;
use std::ptr;

use antiphon_kafka::{Batch, EmbeddedBroker, ErrorKind, Outgoing, Partition};
use rdkafka_sys as raw;

use crate::support::{LIMIT, LOOK, broker, producer, reader, until};

#[test]
fn header_names_are_bytes() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let names: [&[u8]; 4] = [b"\xff\xfe", b"", b"cut\0here", &[b'x'; 70_000]];
    send_raw(&broker, &names);
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    let mut batch = Batch::with_capacity(1);
    until("the record", || reader.fill(&mut batch, 1, LOOK) == 1);
    let message = batch.iter().next().unwrap().unwrap();
    let seen: Vec<&[u8]> = message.headers().iter().map(|(name, _)| name).collect();
    assert_eq!(seen, [names[0], names[1], b"cut", names[3]]);
    assert_eq!(
        message.headers().last(b"\xff\xfe"),
        Some(Some(b"value".as_slice()))
    );
    assert!(format!("{:?}", message.headers()).contains("cut"));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let (producer, reader) = (producer(&broker), reader(&broker));
    let topic = producer.topic("t").unwrap();
    for partition in [i32::MIN, -5, -2] {
        let record = Outgoing {
            topic: &topic,
            partition,
            key: None,
            value: None,
            headers: &[] as &[(&str, _)],
            token: 0,
        };
        let error = producer.send(&record).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownPartition);
        let error = reader.assign(&[("t", partition, 0)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownPartition);
        let nowhere = [Partition {
            topic: "t".to_owned(),
            partition,
        }];
        assert!(reader.watermarks("t", partition, LIMIT).is_err());
        assert!(reader.pause(&nowhere).is_err());
        // A broker that knows nothing about it has no offset for it, or an error.
        let _ = reader.committed(&nowhere, LIMIT);
    }
    let _ = reader.assign(&[("t", 0, -77)]);
    reader.assign(&[("t", 0, i64::MAX)]).unwrap();
    assert!(broker.broker_down(99).is_err());
    assert!(broker.broker_up(-3).is_err());
    assert!(broker.partition_leader("", 0, None).is_err());
}

/// Sends a record with headers of these names, past this crate.
fn send_raw(broker: &EmbeddedBroker, names: &[&[u8]]) {
    let servers = CString::new(broker.bootstrap_servers()).unwrap();
    // SAFETY: librdkafka's example of a producer: the configuration goes to the client, the
    // headers to the message, and the client is destroyed when all is sent.
    unsafe {
        let conf = raw::rd_kafka_conf_new();
        let key = c"bootstrap.servers".as_ptr();
        raw::rd_kafka_conf_set(conf, key, servers.as_ptr(), ptr::null_mut(), 0);
        let kind = raw::rd_kafka_type_t::RD_KAFKA_PRODUCER;
        let rk = raw::rd_kafka_new(kind, conf, ptr::null_mut(), 0);
        let headers = raw::rd_kafka_headers_new(names.len());
        for name in names {
            let size = name.len().cast_signed();
            let name = name.as_ptr().cast();
            raw::rd_kafka_header_add(headers, name, size, b"value".as_ptr().cast(), 5);
        }
        let code = raw::rd_kafka_producev(
            rk,
            raw::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TOPIC,
            c"t".as_ptr(),
            raw::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
            headers,
            raw::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
        );
        assert_eq!(code as i32, 0);
        assert_eq!(raw::rd_kafka_flush(rk, 30_000) as i32, 0);
        raw::rd_kafka_destroy(rk);
    }
}
