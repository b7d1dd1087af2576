//! A listener for clients that come with TLS and a password (SASL/SCRAM).

use std::path::{Path, PathBuf};

use crate::broker::jars::Jars;
use crate::broker::ports::{Ports, free_port};
use crate::process::run;
use crate::reason::{Attempt, Because as _};

/// Of the keystore, not of a user.
const STORE_PASSWORD: &str = "only-for-this-test";

/// A listener beside the plain one, which the broker itself and the tests go on using.
#[derive(Debug)]
pub struct Door {
    port: u16,
    keystore: PathBuf,
    certificate: PathBuf,
}

impl Door {
    /// Who may come in.
    pub const USER: &str = "antiphon";
    /// With what.
    pub const PASSWORD: &str = "open-sesame-4711";

    /// Makes a key and a certificate that signs itself.
    pub(super) fn make(jars: &Jars, directory: &Path) -> Attempt<Self> {
        let door = Self {
            port: free_port()?,
            keystore: directory.join("broker.p12"),
            certificate: directory.join("broker.pem"),
        };
        let mut key = jars.keytool();
        key.args(["-genkeypair", "-alias", "broker", "-keyalg", "RSA"]);
        key.args(["-dname", "CN=localhost", "-validity", "2"]);
        key.args(["-ext", "SAN=dns:localhost,ip:127.0.0.1"]);
        run(door.on_store(&mut key)).because("a key for the broker")?;
        let mut export = jars.keytool();
        export.args(["-exportcert", "-alias", "broker", "-rfc", "-file"]);
        export.arg(&door.certificate);
        run(door.on_store(&mut export)).because("the certificate of the broker")?;
        Ok(door)
    }

    /// Where clients connect.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What clients have to trust.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// What comes after the settings of a plain node: of a setting that stands twice, Kafka takes the last.
    pub(super) fn settings(&self, ports: Ports) -> String {
        let Ports { broker, controller } = ports;
        let (port, keystore) = (self.port, self.keystore.display());
        format!(
            "listeners=PLAINTEXT://127.0.0.1:{broker},SECURE://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},SECURE://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PKCS12
listener.name.secure.ssl.keystore.location={keystore}
listener.name.secure.ssl.keystore.password={STORE_PASSWORD}
listener.name.secure.ssl.key.password={STORE_PASSWORD}
"
        )
    }

    fn on_store<'a>(
        &self,
        keytool: &'a mut std::process::Command,
    ) -> &'a mut std::process::Command {
        keytool.args(["-storetype", "PKCS12", "-storepass", STORE_PASSWORD]);
        keytool.arg("-keystore").arg(&self.keystore)
    }
}

/// The user, as Kafka's storage tool takes it.
pub(super) fn user() -> String {
    let (name, password) = (Door::USER, Door::PASSWORD);
    format!("SCRAM-SHA-512=[name={name},password={password}]")
}
