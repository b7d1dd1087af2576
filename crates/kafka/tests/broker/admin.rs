//! The cluster.

use std::{net::TcpListener, time::Duration};

use antiphon_kafka::{
    Admin, EmbeddedBroker, EmbeddedConfig, ErrorKind, NewTopic, auto_create, is_embedded,
};

use crate::support::{LIMIT, broker, producer, properties, reader};

#[test]
fn the_embedded_broker_is_known_by_its_id() {
    let broker = broker();
    let id = producer(&broker).cluster_id(LIMIT).unwrap();
    assert!(is_embedded(&id), "{id}");
    assert!(!is_embedded("MkU3OEVBNTcwNTJENDM2Qk"));
}

/// One that has a broker may have heard of its controller before it is asked.
#[test]
fn without_a_broker_no_controller_is_known() {
    // It lets clients connect, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let servers = mute.local_addr().unwrap().to_string();
    let admin = Admin::new(&[("bootstrap.servers", &*servers)].into_iter().collect()).unwrap();
    assert!(admin.brokers(Duration::from_millis(100)).is_err());
    assert_eq!(admin.controller(), None);
}

#[test]
fn a_cluster_describes_itself() {
    let broker = EmbeddedBroker::start(EmbeddedConfig { brokers: 3 }).unwrap();
    broker.create_topic("t", 6).unwrap();
    let admin = Admin::new(&properties(&broker)).unwrap();
    let brokers = admin.brokers(LIMIT).unwrap();
    assert_eq!(
        brokers.iter().map(|broker| broker.id).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    // The embedded broker names one that it does not have.
    assert_eq!(admin.controller(), Some(0));
    let topics = admin.topics(LIMIT).unwrap();
    assert_eq!(topics.len(), 1);
    assert_eq!((topics[0].partitions, topics[0].replication), (6, 3));
    let partitions = admin.describe_topic("t", LIMIT).unwrap().unwrap();
    assert_eq!(partitions.len(), 6);
    assert!(
        partitions
            .iter()
            .all(|partition| partition.leader.is_some())
    );
    assert!(
        partitions
            .iter()
            .all(|partition| partition.replicas.len() == 3)
    );
    assert_eq!(admin.describe_topic("missing", LIMIT).unwrap(), None);
    broker.partition_leader("t", 0, None).unwrap();
    assert_eq!(
        admin.describe_topic("t", LIMIT).unwrap().unwrap()[0].leader,
        None
    );
}

#[test]
fn the_embedded_broker_makes_topics_only_automatically() {
    let broker = broker();
    let properties = properties(&broker);
    let admin = Admin::new(&properties).unwrap();
    let topic = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication: 1,
        configs: Vec::new(),
    };
    let error = admin.create_topic(&topic, LIMIT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(error.topic(), Some("t"));
    assert!(admin.describe_config("t", LIMIT).is_err());
    for error in [
        admin.describe_broker(1, LIMIT).unwrap_err(),
        admin.describe_group("g", LIMIT).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }

    assert_eq!(admin.partitions("t", LIMIT).unwrap(), None);
    assert_eq!(auto_create(&properties, "t", LIMIT).unwrap(), 4);
    assert_eq!(auto_create(&properties, "t", LIMIT).unwrap(), 4);
    assert_eq!(admin.partitions("t", LIMIT).unwrap(), Some(4));
}

#[test]
fn a_topic_is_made_once() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let error = broker.create_topic("t", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TopicExists, "{error}");
    assert!(broker.create_topic("u", 0).is_err());
}

#[test]
fn bad_names_are_refused() {
    let broker = broker();
    let (producer, reader) = (producer(&broker), reader(&broker));
    for name in ["", "a\0b", &"x".repeat(1_000)] {
        assert!(producer.topic(name).is_err(), "{name:?}");
        assert!(producer.partitions(name, LIMIT).is_err(), "{name:?}");
    }
    assert!(reader.assign(&[("a\0b", 0, 0)]).is_err());
    assert!(EmbeddedBroker::start(EmbeddedConfig { brokers: 0 }).is_err());
}
