//! What a definition that is wrong is told. After a change of words, run with `TRYBUILD=overwrite`
//! and read the difference.

#[test]
fn each_mistake_is_reported_where_it_is() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
