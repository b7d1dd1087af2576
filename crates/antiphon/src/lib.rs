//! Request-reply over Kafka that says whether the work ran.
//!
//! A [`Client`] sends requests to request topics and gets its replies on a partition of its own;
//! a [`Service`] answers them from a consumer group.
//!
//! ```
//! use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, Service, service::Json};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A broker in this process. With your own Kafka, name its servers instead.
//! let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
//! broker.create_topic("sums", 4)?;
//!
//! async fn sum(Json(numbers): Json<Vec<i64>>) -> Json<i64> {
//!     Json(numbers.iter().sum())
//! }
//!
//! let service = Service::builder("adder")
//!     .bootstrap_servers(broker.bootstrap_servers())
//!     .route("sums", sum)
//!     .start()
//!     .await?;
//!
//! let client = Client::builder("web")
//!     .bootstrap_servers(broker.bootstrap_servers())
//!     .connect()
//!     .await?;
//! let sum: i64 = client.request("sums").json(&[1, 2, 39]).await?;
//! assert_eq!(sum, 42);
//! # service.drain(std::time::Duration::from_secs(1)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every [`RequestError`] says by [`executed`](RequestError::executed) whether a handler ran:
//! [`No`](Executed::No), and it never will; [`Maybe`](Executed::Maybe), nobody can know; or
//! [`Yes`](Executed::Yes). [`kind`](RequestError::kind) says what happened.
//!
//! # Where to begin
//!
//! | for | see |
//! |---|---|
//! | one request, one reply | [`Client::request`] |
//! | one question to several topics | [`Client::scatter`] |
//! | one question to several services on one topic | [`Client::gather`] |
//! | handlers: functions of extractors, other encodings, tower services, no waiting | [`service::Handler`], [`service::typed`], [`service::tower`], [`service::sync`] |
//! | several operations on one topic, with state and layers | [`service::Routes`] |
//! | limits, timeouts, topics | [`config`] |
//! | stopping without loss | [`Client::close`], [`Service::drain`], [`Service::run_until`] |
//! | tests without Kafka | `testing`, `transport::memory`, `Context::test`, with the feature `test-util` |
//!
//! # Features
//!
//! All are off by default. `test-util` adds `testing`, the transport in memory, and `Context::test`. `ssl`, `ssl-vendored`,
//! `gssapi-vendored`, `zstd` and `libz-static` are passed on to librdkafka.

pub mod codec;
pub mod config;
pub mod transport;

pub mod client;
mod error;
#[cfg(doctest)]
mod guide;
mod notify;
pub mod service;
mod telemetry;
#[cfg(feature = "test-util")]
pub mod testing;
mod topics;
mod wire;

/// The embedded broker: librdkafka's mock cluster, for demonstrations, development and tests.
pub use antiphon_kafka::{EmbeddedBroker, EmbeddedConfig};
/// Makes a typed client and a typed service of a trait.
///
/// `#[antiphon::service(topic = "shop")] trait Shop { … }` defines
///
/// - the trait `Shop` itself, whose implementations write `async fn`;
/// - `ShopClient<S = Client>`, with a method for each of the trait's. `S` is a client, or any stack
///   of tower layers around one;
/// - `ShopServer<T>`, which serves any `T: Shop`: give it to `ServiceBuilder::serve`.
///
/// Each method is an operation of the topic, of the same name; `#[operation = "name"]` names another.
/// A method takes `&self`, then a `Context` if it needs one, then at most one value. It returns
/// `Result<T, Status>`. Values travel in JSON; `codec = path::To::Codec` names another codec.
///
/// ```
/// use antiphon::{Context, Status, testing};
///
/// #[antiphon::service(topic = "shop")]
/// trait Shop {
///     /// The price of a fruit in cents.
///     async fn price(&self, cx: Context, fruit: String) -> Result<u64, Status>;
/// }
///
/// struct FruitShop;
///
/// impl Shop for FruitShop {
///     async fn price(&self, _: Context, fruit: String) -> Result<u64, Status> {
///         match fruit.as_str() {
///             "apple" => Ok(30),
///             other => Err(Status::not_found(format!("no {other} here"))),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, _service) = testing::pair(ShopServer::new(FruitShop)).await?;
/// let shop = ShopClient::new(client);
/// assert_eq!(shop.price("apple".to_owned()).await?, 30);
/// assert!(shop.price("pear".to_owned()).await.is_err());
/// # Ok(())
/// # }
/// ```
pub use antiphon_macros::service;
pub use antiphon_proto::{Code, CorrelationId, Executed, Metadata, Status};

pub use self::{
    client::{
        Client, ClientBuilder, CloseReport, Extensions, Gather, GatherError, GatherReply,
        GatherStream, Gathered, Missing, PendingCall, Reply, Request, RequestBuilder,
        RequestFuture, Scatter, StrayCounts, StrayKind, StrayReply, Target, TypedFanOut,
        TypedGatherStream, TypedReply, TypedRequest, WithReply,
    },
    error::{RequestError, RequestErrorKind, StartError, StartErrorKind},
    service::{Context, DrainReport, Service, ServiceBuilder},
};
