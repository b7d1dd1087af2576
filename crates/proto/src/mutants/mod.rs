//! Seeded bugs, to test what looks for bugs. No build that anybody uses has them.
//!
//! They are compiled in by `--cfg antiphon_mutants`; then `ANTIPHON_MUTANT=<name>` in the environment switches one on.
//! Without the cfg [`mutant!`](crate::mutant) is a constant `false`, and what stands behind it is not compiled.

mod list;

pub use list::ALL;

#[cfg(all(antiphon_mutants, not(debug_assertions)))]
compile_error!("`--cfg antiphon_mutants` seeds bugs: it is for builds with debug assertions only");

/// The environment variable that names the one that is switched on.
pub const VARIABLE: &str = "ANTIPHON_MUTANT";

/// A mistake that an engineer could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What switches it on.
    pub name: &'static str,
    /// What is done wrong.
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

/// Where a seeded bug stands in [`ALL`].
///
/// # Panics
/// When none has this name.
// Inline, so that a library which only asks at compile time does not contain it.
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

/// What a build without seeded bugs says of each of them.
#[cfg(not(antiphon_mutants))]
#[inline]
pub const fn off(_: usize) -> bool {
    false
}

/// Whether it is the one that the environment names.
///
/// # Panics
/// When the environment names none that there is: nothing would be tested then.
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
