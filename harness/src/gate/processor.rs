//! The kind of processor that ratios belong to.

use lab::environment::Environment;
use std::fmt;

/// A kind of processor: two machines of the same kind may be held to each other's ratios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Its name, as it says itself.
    pub model: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Of the instruction sets that kernels are chosen by, those it has.
    pub instructions: Vec<&'static str>,
}

impl Processor {
    /// This machine's.
    #[must_use]
    pub fn here() -> Self {
        let here = Environment::current();
        Self {
            model: here.cpu,
            cores: here.cores,
            instructions: instructions(),
        }
    }
}

impl fmt::Display for Processor {
    /// `AMD EPYC 7B13, 2 cores, avx2 fma`: the name by which a baseline knows its kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sets = match self.instructions.is_empty() {
            true => "no vector instructions known".to_owned(),
            false => self.instructions.join(" "),
        };
        write!(f, "{}, {} cores, {sets}", self.model, self.cores)
    }
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> Vec<&'static str> {
    let known = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    let has = known.into_iter().filter(|(_, has)| *has);
    has.map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> Vec<&'static str> {
    // Here the processor's name says it all.
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_differ_by_name_cores_and_instructions() {
        let one = Processor {
            model: "X".into(),
            cores: 2,
            instructions: vec!["avx2", "fma"],
        };
        assert_eq!(one.to_string(), "X, 2 cores, avx2 fma");
        let more = Processor {
            cores: 4,
            ..one.clone()
        };
        let plain = Processor {
            instructions: Vec::new(),
            ..one.clone()
        };
        assert_ne!(one.to_string(), more.to_string());
        assert_eq!(
            plain.to_string(),
            "X, 2 cores, no vector instructions known"
        );
    }

    #[test]
    fn this_machine_is_of_some_kind() {
        assert!(Processor::here().to_string().contains(" cores, "));
    }

    /// The kernel lists what it found by itself.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn the_instructions_are_those_that_the_kernel_lists() {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let flags = text.lines().find(|line| line.starts_with("flags"));
        let flags: Vec<&str> = flags.unwrap().split_whitespace().collect();
        let mut listed = vec!["avx2", "fma", "avx512f"];
        listed.retain(|name| flags.contains(name));
        assert_eq!(instructions(), listed);
    }
}
