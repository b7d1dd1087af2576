use super::{Profile, run, trial};

#[test]
fn the_same_seed_leaves_the_same_history() {
    for profile in Profile::EACH {
        for seed in 0..2 {
            let (one, two) = (run(seed, profile).unwrap(), run(seed, profile).unwrap());
            let mut pairs = one.history.iter().zip(&two.history);
            assert_eq!(pairs.find(|(a, b)| a != b), None, "{profile}, seed {seed}");
            assert_eq!(one.history.len(), two.history.len());
        }
    }
}

#[test]
fn another_seed_leaves_another_history() {
    let (one, two) = (run(1, Profile::All).unwrap(), run(2, Profile::All).unwrap());
    assert_ne!(one.history.len(), two.history.len());
}

#[test]
fn no_seed_breaks_what_is_promised() {
    for profile in Profile::EACH {
        for seed in 0..15 {
            let trial = trial(seed, profile, false).unwrap();
            assert_eq!(trial.wrong, [""; 0], "{profile}, seed {seed}");
            assert!(trial.calls > 0);
        }
    }
}
