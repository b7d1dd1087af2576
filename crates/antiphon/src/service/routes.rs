//! The handlers of one request topic, before they are given to a service.

use std::{fmt, sync::Arc};

use tower::{BoxError, Layer, Service as TowerService};

use super::handler::{
    Endpoint, Handler, HandlerService, RequestHandler,
    adapters::Tower,
    message::{Inbound, Reply},
};

/// The handlers of one request topic, by operation, with state and layers.
///
/// ```
/// use std::{sync::{Arc, atomic::{AtomicU64, Ordering}}, time::Duration};
///
/// use antiphon::{Service, ServiceBuilder, service::{Routes, State}};
/// use tower::timeout::TimeoutLayer;
///
/// type Stock = Arc<AtomicU64>;
///
/// async fn reserve(State(stock): State<Stock>) -> String {
///     stock.fetch_sub(1, Ordering::Relaxed).to_string()
/// }
///
/// async fn left(State(stock): State<Stock>) -> String {
///     stock.load(Ordering::Relaxed).to_string()
/// }
///
/// fn shop() -> ServiceBuilder {
///     let routes = Routes::new()
///         .on("reserve", reserve)
///         .on("left", left)
///         .layer(TimeoutLayer::new(Duration::from_secs(1)))
///         .with_state(Stock::new(AtomicU64::new(7)));
///     Service::builder("shop").topic("shop", routes)
/// }
/// ```
///
/// `S` is the state that the handlers still need; a service takes routes that need none.
#[must_use = "routes do nothing until a service has them"]
pub struct Routes<S = ()> {
    routes: Vec<(Option<String>, Make<S>)>,
}

/// Makes a handler, once its state is known.
type Make<S> = Box<dyn FnOnce(&Arc<S>) -> Endpoint + Send>;

/// Wraps handlers in a layer.
type Wrap = Arc<dyn Fn(Endpoint) -> Endpoint + Send + Sync>;

impl<S: Send + Sync + 'static> Routes<S> {
    /// No handlers.
    pub fn new() -> Self {
        Self { routes: Vec::new() }
    }

    /// Answers requests for one operation.
    pub fn on<Args>(self, operation: impl Into<String>, handler: impl Handler<Args, S>) -> Self {
        self.add(Some(operation.into()), handler)
    }

    /// Answers requests that name no operation.
    pub fn default<Args>(self, handler: impl Handler<Args, S>) -> Self {
        self.add(None, handler)
    }

    fn add<Args>(mut self, operation: Option<String>, handler: impl Handler<Args, S>) -> Self {
        let make: Make<S> = Box::new(move |state| handler.into_endpoint(state));
        self.routes.push((operation, make));
        self
    }

    /// Adds the handlers of other routes.
    pub fn merge(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        self
    }

    /// Wraps every handler added so far in a tower layer; the last added is the outermost.
    ///
    /// See [`ServiceBuilder::layer`](crate::ServiceBuilder::layer).
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service: TowerService<Inbound> + Clone + Send + 'static,
        <L::Service as TowerService<Inbound>>::Response: Into<Reply>,
        <L::Service as TowerService<Inbound>>::Error: Into<BoxError>,
        <L::Service as TowerService<Inbound>>::Future: Send + 'static,
    {
        let wrap: Wrap = Arc::new(move |endpoint: Endpoint| layered(&layer, endpoint.0));
        let wrapped = self.routes.into_iter().map(|(operation, make)| {
            let wrap = Arc::clone(&wrap);
            let make: Make<S> = Box::new(move |state| wrap(make(state)));
            (operation, make)
        });
        Self {
            routes: wrapped.collect(),
        }
    }

    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> Routes {
        let state = Arc::new(state);
        let routes = self.routes.into_iter().map(|(operation, make)| {
            let endpoint = make(&state);
            let made: Make<()> = Box::new(move |_| endpoint);
            (operation, made)
        });
        Routes {
            routes: routes.collect(),
        }
    }
}

impl Routes {
    /// The handlers, by operation.
    pub(crate) fn into_endpoints(self) -> impl Iterator<Item = (Option<String>, Endpoint)> {
        let state = Arc::new(());
        let routes = self.routes.into_iter();
        routes.map(move |(operation, make)| (operation, make(&state)))
    }
}

impl<S: Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = self.routes.iter().map(|(operation, _)| operation);
        f.debug_list().entries(operations).finish()
    }
}

/// A handler in a layer. It stays synchronous if it was: its first poll is where requests are read.
pub(crate) fn layered<L>(layer: &L, handler: Arc<dyn RequestHandler>) -> Endpoint
where
    L: Layer<HandlerService>,
    L::Service: TowerService<Inbound> + Clone + Send + 'static,
    <L::Service as TowerService<Inbound>>::Response: Into<Reply>,
    <L::Service as TowerService<Inbound>>::Error: Into<BoxError>,
    <L::Service as TowerService<Inbound>>::Future: Send + 'static,
{
    let immediate = handler.is_immediate();
    let service = layer.layer(HandlerService::new(handler));
    Endpoint(Arc::new(Tower::new(service, immediate)))
}

/// A request topic and its routes. What `#[antiphon::service]` generates implements it, and so does
/// the pair of a name and [`Routes`].
///
/// ```
/// use antiphon::{Service, ServiceBuilder, service::{Routes, Serve}};
///
/// /// A part of a service that other programs may use.
/// struct Health;
///
/// impl Serve for Health {
///     fn topic(&self) -> &str {
///         "health"
///     }
///
///     fn routes(self) -> Routes {
///         Routes::new().default(|| async { "ok" })
///     }
/// }
///
/// fn shop() -> ServiceBuilder {
///     Service::builder("shop").serve(Health)
/// }
/// ```
pub trait Serve {
    /// The request topic.
    fn topic(&self) -> &str;

    /// The handlers of the topic.
    fn routes(self) -> Routes;
}

/// A topic and its routes, for instance in a test.
impl<T: AsRef<str>> Serve for (T, Routes) {
    fn topic(&self) -> &str {
        self.0.as_ref()
    }

    fn routes(self) -> Routes {
        self.1
    }
}
