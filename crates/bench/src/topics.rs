//! Fresh topics for every run.

use std::time::{Duration, Instant};

use antiphon_kafka::{Admin, NewTopic, Properties};

const LIMIT: Duration = Duration::from_secs(20);

/// Creates topics and waits until they can be used.
pub(crate) fn create(servers: &str, partitions: i32, names: &[String]) -> Result<(), String> {
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    let admin = Admin::new(&properties).map_err(|error| error.to_string())?;
    for name in names {
        let topic = NewTopic {
            name: name.clone(),
            partitions,
            replication: -1,
            configs: Vec::new(),
        };
        admin
            .create_topic(&topic, LIMIT)
            .map_err(|error| error.to_string())?;
        let until = Instant::now() + LIMIT;
        while !matches!(admin.partitions(name, LIMIT), Ok(Some(_))) {
            if Instant::now() > until {
                return Err(format!("{name} was created and can not be seen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}
