use antiphon_macros::service;

#[service(topic = "shop")]
trait Shop {
    fn not_async(&self, fruit: String) -> Result<u64, Status>;
    async fn by_value(self, fruit: String) -> Result<u64, Status>;
    async fn no_self(fruit: String) -> Result<u64, Status>;
    async fn two_values(&self, fruit: String, count: u32) -> Result<u64, Status>;
    async fn generic<T>(&self, fruit: T) -> Result<u64, Status>;
    async fn default_body(&self) -> Result<u64, Status> {
        Ok(1)
    }
    async fn no_result(&self) -> u64;
    async fn nothing(&self);
    const LIMIT: u32;
}

fn main() {}
