use std::{ops::Range, str::FromStr};

/// Seeds from the first to before the last.
#[derive(Clone, Debug)]
pub(super) struct Seeds(Range<u64>);

impl Seeds {
    pub(super) fn range(&self) -> Range<u64> {
        self.0.clone()
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no range of seeds such as 0..2000");
        let (from, to) = text.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let range = number(from)?..number(to)?;
        if range.is_empty() {
            return Err(format!("there is no seed in {text}"));
        }
        Ok(Self(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_a_beginning_and_an_end() {
        assert_eq!("3..5".parse::<Seeds>().unwrap().range(), 3..5);
        for wrong in ["", "3", "3..", "5..3", "3..3", "a..b"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
