use antiphon_macros::service;

#[service]
trait Shop {
    async fn price(&self, fruit: String) -> Result<u64, Status>;
}

fn main() {}
