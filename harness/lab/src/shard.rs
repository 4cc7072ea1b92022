//! Runs that are divided: a share of a plan's cells for each of several machines, without one that coordinates them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The k-th of n shares of a run.
///
/// ```
/// use lab::shard::Shard;
/// let second: Shard = "2/3".parse()?;
/// assert_eq!(second.to_string(), "2/3");
/// // The longest first, each to the share that has the least so far.
/// let efforts = [5, 1, 4, 2];
/// assert_eq!(second.of(&efforts), [false, false, true, false]);
/// assert!("4/3".parse::<Shard>().is_err());
/// # Ok::<(), lab::shard::NoShard>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    /// From 1 on.
    number: usize,
    count: usize,
}

/// More shares than any run has units.
const MOST: usize = 10_000;

impl Shard {
    /// Which of the units with these efforts are in it: units go to shares from the longest to the shortest, each to
    /// the one that has the least so far. It depends on the efforts alone, so that all machines divide alike.
    #[must_use]
    pub fn of(self, efforts: &[u64]) -> Vec<bool> {
        let mut longest: Vec<usize> = (0..efforts.len()).collect();
        longest.sort_by_key(|&unit| std::cmp::Reverse(efforts[unit]));
        let mut loads = vec![(0_u64, 0_usize); self.count];
        let mut ours = vec![false; efforts.len()];
        for unit in longest {
            // Of units that take no time each share has as many.
            let least = (0..self.count)
                .min_by_key(|&share| loads[share])
                .unwrap_or(0);
            loads[least].0 = loads[least].0.saturating_add(efforts[unit]);
            loads[least].1 += 1;
            ours[unit] = least + 1 == self.number;
        }
        ours
    }

    /// The name of the folder in which its report stands beside the others'.
    #[must_use]
    pub fn folder(self) -> String {
        format!("shard-{}-of-{}", self.number, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

/// Says what a share is written as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no share: it is k/n, with k from 1 to n and n at most {MOST}, for example 2/3")]
pub struct NoShard(String);

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let read = || {
            let (number, count) = text.split_once('/')?;
            let (number, count) = (number.parse().ok()?, count.parse().ok()?);
            let sound = (1..=MOST).contains(&count) && (1..=count).contains(&number);
            sound.then_some(Self { number, count })
        };
        read().ok_or_else(|| NoShard(text.to_owned()))
    }
}

impl TryFrom<String> for Shard {
    type Error = NoShard;

    fn try_from(text: String) -> Result<Self, NoShard> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(count: usize, efforts: &[u64]) -> Vec<Vec<bool>> {
        let share = |number| Shard { number, count }.of(efforts);
        (1..=count).map(share).collect()
    }

    #[test]
    fn every_unit_is_in_exactly_one_share() {
        for count in [1, 2, 3, 7, 20] {
            for efforts in [vec![], vec![0; 9], (0..13).map(|i| i * i % 7).collect()] {
                let shares = shares(count, &efforts);
                for unit in 0..efforts.len() {
                    let with = shares.iter().filter(|share| share[unit]).count();
                    assert_eq!(with, 1, "{count} {efforts:?}");
                }
            }
        }
    }

    #[test]
    fn shares_take_as_long_as_one_another_but_for_their_shortest_unit() {
        let efforts: Vec<u64> = (1..40).map(|i| 1 + i * 37 % 11).collect();
        let load = |share: &Vec<bool>| -> u64 {
            let of = efforts.iter().zip(share).filter(|(_, ours)| **ours);
            of.map(|(effort, _)| effort).sum()
        };
        let loads: Vec<u64> = shares(4, &efforts).iter().map(load).collect();
        let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
        assert!(spread <= *efforts.iter().min().unwrap(), "{loads:?}");
        let equal = shares(3, &[0; 6]);
        assert!(
            equal
                .iter()
                .all(|share| share.iter().filter(|x| **x).count() == 2)
        );
    }

    #[test]
    fn what_is_no_share_is_refused_and_what_is_one_reads_as_it_was_written() {
        for text in [
            "", "1", "0/3", "4/3", "1/0", "-1/2", "1/2/3", "a/b", "1/99999", " 1/2",
        ] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no share")),
                "{error}"
            );
        }
        for text in ["1/1", "3/3", "10000/10000"] {
            let shard: Shard = text.parse().unwrap();
            let json = serde_json::to_string(&shard).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Shard>(&json).unwrap(), shard);
        }
        assert!(serde_json::from_str::<Shard>("\"5/4\"").is_err());
    }
}
