//! Seeded bugs, which test the tests and checks. No released build contains them.
//!
//! `--cfg antiphon_mutants` compiles them in; then `ANTIPHON_MUTANT=<name>` in the environment switches one on. Without
//! the cfg, [`mutant!`](crate::mutant) is a constant `false`, and the compiler removes the code behind it.

mod list;

pub use list::ALL;

#[cfg(all(antiphon_mutants, not(debug_assertions)))]
compile_error!("`--cfg antiphon_mutants` seeds bugs: it is for builds with debug assertions only");

/// The environment variable that names the seeded bug to switch on.
pub const VARIABLE: &str = "ANTIPHON_MUTANT";

/// A mistake that an engineer could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Its name, which switches it on.
    pub name: &'static str,
    /// What the code does wrong.
    pub what: &'static str,
}

/// Whether the seeded bug of this name is switched on. A name that is not in [`ALL`] does not compile.
#[cfg(not(antiphon_mutants))]
#[doc(hidden)]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        const { $crate::mutants::off($crate::mutants::position($name)) }
    };
}

/// Whether the seeded bug of this name is switched on. A name that is not in [`ALL`] does not compile.
#[cfg(antiphon_mutants)]
#[doc(hidden)]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        $crate::mutants::is_on(const { $crate::mutants::position($name) })
    };
}

/// The position of a seeded bug in [`ALL`].
///
/// # Panics
/// If no seeded bug has this name.
// Inline, so that a library that calls it at compile time only does not contain it.
#[inline]
pub const fn position(name: &str) -> usize {
    let mut at = 0;
    while at < ALL.len() {
        if same(ALL[at].name.as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("no seeded bug has this name")
}

/// `false` for every seeded bug, in a build without them.
#[cfg(not(antiphon_mutants))]
#[inline]
pub const fn off(_: usize) -> bool {
    false
}

/// Whether the environment names this seeded bug.
///
/// # Panics
/// If the environment names a seeded bug that does not exist: the run would test nothing.
#[cfg(antiphon_mutants)]
pub fn is_on(position: usize) -> bool {
    use std::sync::OnceLock;

    static ON: OnceLock<Option<usize>> = OnceLock::new();
    let on = ON.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok()?;
        let known = ALL.iter().position(|mutant| mutant.name == name);
        assert!(
            known.is_some(),
            "{VARIABLE}={name}: there is no such seeded bug"
        );
        known
    });
    *on == Some(position)
}

#[inline]
const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
