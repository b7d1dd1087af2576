//! What the nemesis tells a process, a line each.

use std::fmt;

/// One order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// Its wall clock is wrong by so many milliseconds from now on.
    Clock(i64),
    /// Its handlers take so many times as long.
    Slow(u32),
    /// So many calls a second.
    Rate(u32),
    /// This share of its calls has its handler fail, and another is too large.
    Poison(f64),
    /// It aborts at the `nth` event of this kind.
    Abort(String, u32),
}

impl Order {
    /// Reads what [`Display`](fmt::Display) writes.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let order = match (words.next()?, words.next()?) {
            ("clock", by) => Self::Clock(by.parse().ok()?),
            ("slow", factor) => Self::Slow(factor.parse().ok()?),
            ("rate", rate) => Self::Rate(rate.parse().ok()?),
            ("poison", share) => Self::Poison(share.parse().ok()?),
            ("abort", kind) => Self::Abort(kind.to_owned(), words.next()?.parse().ok()?),
            _ => return None,
        };
        words.next().is_none().then_some(order)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(by) => write!(f, "clock {by}"),
            Self::Slow(factor) => write!(f, "slow {factor}"),
            Self::Rate(rate) => write!(f, "rate {rate}"),
            Self::Poison(share) => write!(f, "poison {share}"),
            Self::Abort(kind, nth) => write!(f, "abort {kind} {nth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_understood_as_it_was_meant() {
        for order in [
            Order::Clock(-3_600_000),
            Order::Slow(100),
            Order::Rate(200),
            Order::Poison(0.01),
            Order::Abort("reply_stored".into(), 7),
        ] {
            assert_eq!(Order::parse(&order.to_string()), Some(order));
        }
    }

    #[test]
    fn what_is_no_order_is_none() {
        for line in ["", "clock", "clock x", "rate 1 2", "stop now"] {
            assert_eq!(Order::parse(line), None, "{line:?}");
        }
    }
}
