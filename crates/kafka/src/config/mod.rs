//! Properties of a client, as librdkafka names them.

pub(crate) mod build;
pub(crate) mod features;
pub(crate) mod secret;

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt;
use std::ptr;

use rdkafka_sys::{
    rd_kafka_conf_destroy, rd_kafka_conf_get, rd_kafka_conf_new, rd_kafka_conf_res_t as Outcome,
    rd_kafka_conf_set, rd_kafka_conf_set_events, rd_kafka_conf_set_log_cb, rd_kafka_conf_t,
};

use crate::Error;
use crate::client::role::Role;
use crate::config::secret::{is_secret, redacted};
use crate::event::log;
use crate::ffi::c_string::{Reason, c_string};

/// librdkafka properties, for example `bootstrap.servers`.
///
/// One set may serve producers and consumers: a property that only the other role has is left
/// out without a warning. `Debug` hides the values of secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// No properties: librdkafka's own defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property, in place of any earlier value.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// Sets a property unless it has a value.
    pub fn set_default(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.0.entry(key.into()).or_insert_with(|| value.into());
        self
    }

    /// The value of a property that was set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Removes a property and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// All properties that were set, by name. Secrets are not hidden.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether librdkafka knows these properties and takes their values, each by itself; builds no
    /// client.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the name of the first that it does
    /// not take, or that needs a feature which this build has not.
    pub fn check(&self) -> Result<(), Error> {
        self.to_conf(Role::Producer, 0)?;
        self.to_conf(Role::Consumer, 0).map(drop)
    }

    /// The configuration object for a client of this role.
    pub(crate) fn to_conf(&self, role: Role, events: i32) -> Result<Conf, Error> {
        let mut conf = Conf::new(events);
        for (key, value) in self.iter().filter(|(key, _)| role.uses(key)) {
            conf.set(key, value)?;
        }
        Ok(conf)
    }
}

impl<K: Into<String>, V: Into<String>> Extend<(K, V)> for Properties {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, properties: I) {
        for (key, value) in properties {
            self.set(key, value);
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(properties: I) -> Self {
        let mut all = Self::new();
        all.extend(properties);
        all
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(key, value)| (key, redacted(key, value)));
        out.debug_map().entries(shown).finish()
    }
}

/// A configuration object that is freed unless a client has taken it.
pub(crate) struct Conf(*mut rd_kafka_conf_t);

impl Conf {
    fn new(events: i32) -> Self {
        // SAFETY: a new object is ours; the callback is a function and outlives every client.
        unsafe {
            let conf = rd_kafka_conf_new();
            rd_kafka_conf_set_events(conf, events);
            rd_kafka_conf_set_log_cb(conf, Some(log::callback));
            Self(conf)
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        const WHAT: &str = "configuring the client";
        if let Some(refusal) = features::refuse(key, value) {
            return Err(Error::invalid(WHAT, refusal));
        }
        let (c_key, c_value) = (c_string(WHAT, key)?, c_string(WHAT, value)?);
        let mut reason = Reason::new();
        // SAFETY: the object is alive; librdkafka copies both strings and writes at most the
        // given size of reason.
        let outcome = unsafe {
            let (text, size) = (reason.as_mut_ptr(), reason.size());
            rd_kafka_conf_set(self.0, c_key.as_ptr(), c_value.as_ptr(), text, size)
        };
        match outcome {
            Outcome::RD_KAFKA_CONF_OK => Ok(()),
            _ if is_secret(key) => Err(Error::invalid(WHAT, format!("{key} was not accepted"))),
            _ => Err(Error::invalid(WHAT, format!("{key}: {}", reason.text()))),
        }
    }

    /// The value that a property was given, as librdkafka writes it; `None` may also mean that it
    /// has its default.
    pub(crate) fn get(&self, key: &CStr) -> Option<String> {
        let mut value = Reason::new();
        let mut size = value.size();
        // SAFETY: the object is alive; librdkafka writes at most the given size and a NUL within.
        let outcome =
            unsafe { rd_kafka_conf_get(self.0, key.as_ptr(), value.as_mut_ptr(), &raw mut size) };
        (outcome == Outcome::RD_KAFKA_CONF_OK).then(|| value.text())
    }

    pub(crate) fn as_ptr(&self) -> *mut rd_kafka_conf_t {
        self.0
    }

    /// A client has taken the object.
    pub(crate) fn taken(mut self) {
        self.0 = ptr::null_mut();
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: no client has taken the object, so it is still ours, and it is freed once.
            unsafe { rd_kafka_conf_destroy(self.0) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_secrets_and_shows_the_rest() {
        let mut properties = Properties::new();
        properties
            .set("sasl.password", "hunter2")
            .set("ssl.key.pem", "hunter2");
        properties
            .set("sasl.oauthbearer.client.secret", "hunter2")
            .set("linger.ms", "5");
        let shown = format!("{properties:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("\"linger.ms\": \"5\""), "{shown}");
    }

    #[test]
    fn a_default_does_not_replace_a_value() {
        let mut properties: Properties = [("acks", "1")].into_iter().collect();
        properties
            .set_default("acks", "all")
            .set_default("linger.ms", "0");
        assert_eq!(properties.get("acks"), Some("1"));
        assert_eq!(properties.get("linger.ms"), Some("0"));
    }

    #[test]
    fn properties_are_checked_for_both_roles_without_a_client() {
        let checked = |key: &str, value: &str| {
            let properties: Properties = [(key, value)].into_iter().collect();
            properties.check().map_err(|error| error.to_string())
        };
        assert_eq!(checked("linger.ms", "5"), Ok(()));
        for wrong in [("linger.mss", "5"), ("linger.ms", "x"), ("group.idd", "g")] {
            let refused = checked(wrong.0, wrong.1).unwrap_err();
            assert!(refused.contains(wrong.0), "{refused}");
        }
    }

    #[test]
    fn credentials_in_a_refused_value_are_not_in_the_error() {
        let properties: Properties = [("linger.ms", "http://me:hunter2@host")]
            .into_iter()
            .collect();
        let refused = properties.check().unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn a_refused_secret_is_not_in_the_error() {
        let mut properties = Properties::new();
        properties.set("my.password.of.things", "hunter2");
        let refused = properties
            .to_conf(Role::Producer, 0)
            .err()
            .map(|error| error.to_string());
        let refused = refused.expect("the property does not exist");
        assert!(refused.contains("my.password.of.things"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
