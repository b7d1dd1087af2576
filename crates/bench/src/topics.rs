//! Fresh topics for every run.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use antiphon_kafka::{Admin, NewTopic, Properties};

const LIMIT: Duration = Duration::from_secs(20);

/// A pair of topics of names that nobody has used before; removed when dropped.
pub(crate) struct Topics {
    servers: String,
    pub(crate) requests: String,
    pub(crate) replies: String,
}

impl Topics {
    pub(crate) fn create(servers: &str, partitions: i32) -> Result<Self, String> {
        let unique = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let requests = format!("bench-{:x}", unique.as_nanos());
        let topics = Self {
            servers: servers.to_owned(),
            replies: format!("{requests}.replies"),
            requests,
        };
        create(servers, partitions, std::slice::from_ref(&topics.requests))?;
        create(servers, 1, std::slice::from_ref(&topics.replies))?;
        Ok(topics)
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        let removed = admin(&self.servers).and_then(|admin| {
            [&self.requests, &self.replies]
                .into_iter()
                .try_for_each(|topic| admin.delete_topic(topic, LIMIT))
                .map_err(|error| error.to_string())
        });
        if let Err(error) = removed {
            eprintln!("{} and its replies stay behind: {error}", self.requests);
        }
    }
}

/// Creates topics and waits until they can be used.
pub(crate) fn create(servers: &str, partitions: i32, names: &[String]) -> Result<(), String> {
    let admin = admin(servers)?;
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

fn admin(servers: &str) -> Result<Admin, String> {
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    Admin::new(&properties).map_err(|error| error.to_string())
}
