use antiphon_macros::service;

#[service(topic = "shop")]
trait Shop {
    async fn price(&self) -> Result<u64, Status>;
    #[operation = "price"]
    async fn other(&self) -> Result<u64, Status>;
    #[operation = "no operation"]
    async fn wrong(&self) -> Result<u64, Status>;
    #[operation(name)]
    async fn form(&self) -> Result<u64, Status>;
}

#[service(topic = "shop")]
trait Generic<T> {
    async fn price(&self, fruit: T) -> Result<u64, Status>;
}

#[service(topic = "shop")]
trait Empty {}

fn main() {}
