//! Judges the claims of the papers on rows.
//!
//! `configs/claims.yaml` lists the claims: each quotes a paper, names the target whose rows answer
//! it, and says by which [rule](RuleKind) they do. [`judge()`] turns rows into verdicts; it sees rows
//! only, so claims can be judged again without running anything. No verdict is written by hand,
//! and no number of a claim is in Rust.
//!
//! A rule is one file below `rules/`. How verdicts are shown is not in here.

mod claim;
mod comparison;
mod each;
mod family;
mod file;
mod filter;
mod finding;
mod interval;
mod judge;
mod judging;
mod question;
mod range;
mod rules;
mod selection;
mod tally;
mod verdict;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub use claim::{AskedRows, Claim, ClaimKind, ClaimRow, Claims, Paper};
pub use file::{ClaimFault, ClaimsFile};
pub use judge::judge;
pub use judging::TargetRows;
pub use rules::RuleKind;
pub use tally::{Sentence, Tally, comparisons, headline, sentences, tallies};
pub use verdict::Verdict;
