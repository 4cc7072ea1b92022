//! Numbers that look random and need no generator's state.

/// A number in [0, 1) that depends on `i` alone (the finaliser of SplitMix64).
#[must_use]
pub fn noise(i: u64) -> f64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fills_the_interval_evenly() {
        let mut tenths = [0; 10];
        for i in 0..10_000 {
            tenths[(noise(i) * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|n| (900..1100).contains(n)), "{tenths:?}");
    }
}
