use antiphon_macros::service;

#[service(topic = "no topic")]
trait Shop {
    async fn price(&self, fruit: String) -> Result<u64, Status>;
}

#[service(topic = "shop", topic = "store")]
trait Store {
    async fn price(&self, fruit: String) -> Result<u64, Status>;
}

#[service(topics = "shop")]
trait Stand {
    async fn price(&self, fruit: String) -> Result<u64, Status>;
}

fn main() {}
