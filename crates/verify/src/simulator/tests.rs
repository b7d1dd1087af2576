use super::{Profile, run};

#[test]
fn the_same_seed_leaves_the_same_history() {
    for profile in Profile::EACH {
        let one = run(7, profile).unwrap();
        let two = run(7, profile).unwrap();
        assert_eq!(one.stuck, None);
        let first = one.history.iter().zip(&two.history).find(|(a, b)| a != b);
        assert_eq!(first, None, "{profile}");
        assert_eq!(one.history.len(), two.history.len());
    }
}
