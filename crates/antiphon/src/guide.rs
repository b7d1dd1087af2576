//! The snippets of the README and of the guide are tests too: what a reader copies has compiled,
//! and has run where it needs no Kafka.

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../docs/guide/getting-started.md")]
struct GettingStarted;

#[doc = include_str!("../../../docs/guide/requester.md")]
struct Requester;

#[doc = include_str!("../../../docs/guide/responder.md")]
struct Responder;

#[doc = include_str!("../../../docs/guide/scatter-gather.md")]
struct ScatterGather;

#[doc = include_str!("../../../docs/guide/testing.md")]
struct Testing;
