//! Clients and services from one definition.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use antiphon::{
    Client, Code, Context, Executed, RequestErrorKind as Kind, Service, Status, testing,
};
use serde::{Deserialize, Serialize};
use tower::{ServiceBuilder, timeout::TimeoutLayer};

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    fruit: String,
    count: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Offer {
    cents: u32,
}

/// A shop for fruit.
#[antiphon::service(topic = "shop")]
trait Shop {
    /// What an order costs.
    async fn price(&self, cx: Context, order: Order) -> Result<Offer, Status>;

    #[operation = "stock/left"]
    async fn left(&self) -> Result<u32, Status>;

    async fn wait(&self, millis: u64) -> Result<(), Status>;
}

struct FruitShop {
    left: AtomicU32,
}

impl Shop for FruitShop {
    async fn price(&self, cx: Context, order: Order) -> Result<Offer, Status> {
        if cx.header("member").is_none() {
            return Err(Status::permission_denied("members only"));
        }
        self.left.fetch_sub(order.count, Ordering::Relaxed);
        match order.fruit.as_str() {
            "apple" => Ok(Offer {
                cents: 30 * order.count,
            }),
            other => Err(Status::not_found(format!("no {other}"))),
        }
    }

    async fn left(&self) -> Result<u32, Status> {
        Ok(self.left.load(Ordering::Relaxed))
    }

    async fn wait(&self, millis: u64) -> Result<(), Status> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(())
    }
}

async fn shop() -> (Client, Service) {
    let server = ShopServer::new(FruitShop {
        left: AtomicU32::new(7),
    });
    testing::pair(server).await.unwrap()
}

fn order(fruit: &str) -> Order {
    Order {
        fruit: fruit.to_owned(),
        count: 2,
    }
}

#[tokio::test(start_paused = true)]
async fn a_definition_gives_a_client_and_a_service() {
    let (client, _service) = shop().await;
    let shop = ShopClient::new(client);
    let member = shop
        .clone()
        .map_request(|request| request.with_header("member", "7"));
    assert_eq!(
        member.price(order("apple")).await.unwrap(),
        Offer { cents: 60 }
    );
    assert_eq!(shop.left().await.unwrap(), 5);
    shop.wait(1).await.unwrap();
    let error = member.price(order("pear")).await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::NotFound);
    assert_eq!(error.executed(), Executed::Yes);
    let error = shop.price(order("apple")).await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::PermissionDenied);
}

#[tokio::test(start_paused = true)]
async fn a_typed_client_takes_layers() {
    let (client, _service) = shop().await;
    let layered = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(client);
    let shop = ShopClient::new(layered);
    shop.wait(10).await.unwrap();
    let error = shop.wait(10_000).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.executed()),
        (Kind::TimedOut, Executed::Maybe)
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_a_service_does_not_have_is_unimplemented() {
    let (client, _service) = shop().await;
    let error = client.request("shop").operation("left").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    let left: u32 = client
        .request("shop")
        .operation("stock/left")
        .json(&())
        .await
        .unwrap();
    assert_eq!(left, 7);
}
