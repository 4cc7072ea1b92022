//! Finds features that exclude one another, and joins those of few combinations.

use super::joined::{Joined, MOST_JOINED, MOST_TABLES};
use std::ops::Range;

/// Rows, at least: of fewer a gradient is short, and often of one batch alone.
const LEAST_ROWS: usize = 4096;

/// Features, at most: which of them meet is kept for each two.
const MOST_FEATURES: usize = 1 << 12;

/// Groups of features that exclude one another, at most: each two are tried.
const MOST_GROUPS: usize = 40;

/// Rows for each joined feature, at least, beside which it takes little time to weigh them and to hand back
/// what they are given.
const ROWS_EACH: usize = 16;

/// Products of two tables' sizes up to which they are tried.
const MOST_PAIRS: usize = 1 << 22;

/// Whether a matrix of ones `[n, d]` might have attributes to join, from the number of its ones and those of
/// its longest row: each of these would be of another group.
pub(super) fn may_be_joined((rows, features): (usize, usize), ones: usize, longest: usize) -> bool {
    let each = ones / rows.max(1);
    rows >= LEAST_ROWS && features <= MOST_FEATURES && longest <= most_groups(each)
}

fn most_groups(each: usize) -> usize {
    MOST_GROUPS.min(2 * each)
}

/// A matrix of ones by its places, row by row.
#[derive(Clone, Copy)]
pub(super) struct Ones<'a> {
    /// Where each row begins in the places, and where the last one ends.
    pub starts: &'a [usize],
    pub places: &'a [u32],
    pub features: usize,
}

/// Groups of features, and which joined feature of each a row has: 0 is none.
struct Combinations {
    /// Members of each joined feature; the first one, none, has none.
    members: Vec<Vec<u32>>,
    of_rows: Vec<u32>,
}

impl Joined {
    /// Joins the features of a matrix, if there is something to gain: with the place of each row's joined
    /// features, as many for each row; the one behind the last is none.
    pub(super) fn of(ones: Ones<'_>) -> Option<(Self, Vec<u32>)> {
        let rows = ones.rows();
        let longest = (0..rows).map(|row| ones.row(row).len()).max();
        let shape = (rows, ones.features);
        if !may_be_joined(shape, ones.places.len(), longest.unwrap_or(0)) {
            return None;
        }
        let each = ones.places.len() / rows;
        let groups = ones.exclusive_groups(most_groups(each))?;
        let mut tables = ones.tables(&groups);
        join(&mut tables, (MOST_JOINED - 1).min(rows / ROWS_EACH));
        // Less than a quarter saved is not worth it.
        if tables.len() > MOST_TABLES || 4 * tables.len() > 3 * each || tables.is_empty() {
            return None;
        }
        let (mut starts, mut members, mut firsts) = (vec![0], Vec::new(), Vec::new());
        for table in &tables {
            firsts.push(starts.len() - 1);
            for joined in &table.members[1..] {
                members.extend(joined);
                starts.push(members.len());
            }
        }
        let none = starts.len() - 1;
        let mut places = Vec::with_capacity(rows * tables.len());
        for row in 0..rows {
            for (table, first) in tables.iter().zip(&firsts) {
                let place = (table.of_rows[row] as usize).checked_sub(1);
                places.push(place.map_or(none, |place| first + place) as u32);
            }
        }
        Some((Self { starts, members }, places))
    }
}

impl Ones<'_> {
    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn row(&self, row: usize) -> Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }

    /// The group of each feature, so that no row has two of a group; `None` where there are more than `most`.
    fn exclusive_groups(&self, most: usize) -> Option<Vec<usize>> {
        let words = self.features.div_ceil(64);
        let mut met = vec![0u64; self.features * words];
        let mut own = vec![0u64; words];
        for row in 0..self.rows() {
            let places = &self.places[self.row(row)];
            for &place in places {
                own[place as usize / 64] |= 1 << (place % 64);
            }
            for &place in places {
                let met = &mut met[place as usize * words..][..words];
                for (met, own) in met.iter_mut().zip(&own) {
                    *met |= own;
                }
            }
            for &place in places {
                own[place as usize / 64] = 0;
            }
        }
        let mut taken: Vec<Vec<u64>> = Vec::new();
        let mut groups = Vec::with_capacity(self.features);
        for (feature, met) in met.chunks_exact(words).enumerate() {
            let free =
                |taken: &Vec<u64>| taken.iter().zip(met).all(|(taken, met)| taken & met == 0);
            let group = taken.iter().position(free).unwrap_or(taken.len());
            if group == taken.len() {
                if group == most {
                    return None;
                }
                taken.push(vec![0; words]);
            }
            taken[group][feature / 64] |= 1 << (feature % 64);
            groups.push(group);
        }
        Some(groups)
    }

    /// A table for each group.
    fn tables(&self, groups: &[usize]) -> Vec<Combinations> {
        let count = groups.iter().max().map_or(0, |most| most + 1);
        let of_none = || Combinations {
            members: vec![Vec::new()],
            of_rows: vec![0; self.rows()],
        };
        let mut tables: Vec<Combinations> = (0..count).map(|_| of_none()).collect();
        let mut occurs = vec![false; groups.len()];
        for &place in self.places {
            occurs[place as usize] = true;
        }
        let mut numbers = vec![0; groups.len()];
        for (feature, &group) in groups.iter().enumerate() {
            if occurs[feature] {
                numbers[feature] = tables[group].members.len() as u32;
                tables[group].members.push(vec![feature as u32]);
            }
        }
        for row in 0..self.rows() {
            for &place in &self.places[self.row(row)] {
                let place = place as usize;
                tables[groups[place]].of_rows[row] = numbers[place];
            }
        }
        tables
    }
}

/// Joins those two tables that grow the least, until there were more joined features than `most`.
fn join(tables: &mut Vec<Combinations>, most: usize) {
    let mut seen = Vec::new();
    // Each member occurs, so that both together have at least as many as the larger one.
    let mut together = |a: &Combinations, b: &Combinations, all: usize| {
        let (least, pairs) = (
            all - a.members.len().min(b.members.len()),
            a.members.len().saturating_mul(b.members.len()),
        );
        let tried = least <= most && pairs <= MOST_PAIRS;
        tried.then(|| a.meets(b, most, &mut seen)).flatten()
    };
    let count = |tables: &[Combinations]| tables.iter().map(|table| table.members.len()).sum();
    // How many joined features each two tables would have.
    let mut sizes: Vec<Vec<Option<usize>>> = Vec::new();
    let all = count(tables);
    for (i, a) in tables.iter().enumerate() {
        sizes.push(tables[..i].iter().map(|b| together(a, b, all)).collect());
    }
    loop {
        let all = count(tables);
        let grown = |a: usize, b: usize| {
            let size = sizes[a][b]?;
            Some((
                all + size - tables[a].members.len() - tables[b].members.len(),
                a,
                b,
            ))
        };
        let pairs = (0..tables.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let least = pairs.filter_map(|(a, b)| grown(a, b)).min();
        let Some((_, a, b)) = least.filter(|(size, ..)| *size <= most) else {
            return;
        };
        let joined = tables[a].joined(&tables[b]);
        // The later one first, so that the other's place stays.
        tables.remove(a);
        sizes.remove(a);
        for of in sizes.iter_mut().skip(a) {
            of.remove(a);
        }
        tables[b] = joined;
        let all = count(tables);
        for other in 0..tables.len() {
            match other {
                other if other < b => sizes[b][other] = together(&tables[b], &tables[other], all),
                other if other > b => sizes[other][b] = together(&tables[other], &tables[b], all),
                _ => {}
            }
        }
    }
}

impl Combinations {
    /// A number for what a row has of both.
    fn both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let own = self.of_rows.iter().zip(&other.of_rows);
        let count = other.members.len();
        own.map(move |(&a, &b)| a as usize * count + b as usize)
    }

    /// How many joined features both have, none among them; `None` where there are more than `most`.
    fn meets(&self, other: &Self, most: usize, seen: &mut Vec<bool>) -> Option<usize> {
        seen.clear();
        seen.resize(self.members.len() * other.members.len(), false);
        seen[0] = true;
        let mut count = 1;
        for pair in self.both(other) {
            if !seen[pair] {
                seen[pair] = true;
                count += 1;
                if count > most {
                    return None;
                }
            }
        }
        Some(count)
    }

    fn joined(&self, other: &Self) -> Self {
        let mut members = vec![Vec::new()];
        let mut numbers = vec![0u32; self.members.len() * other.members.len()];
        let mut of_rows = Vec::with_capacity(self.of_rows.len());
        for pair in self.both(other) {
            if pair > 0 && numbers[pair] == 0 {
                numbers[pair] = members.len() as u32;
                let count = other.members.len();
                let (a, b) = (&self.members[pair / count], &other.members[pair % count]);
                members.push([a.as_slice(), b].concat());
            }
            of_rows.push(numbers[pair]);
        }
        Self { members, of_rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_much_longer_than_the_others_or_few_rows_rule_it_out() {
        // Three ones a row, so that up to six groups are tried.
        let tried = |rows, features, longest| may_be_joined((rows, features), 3 * rows, longest);
        assert!(tried(4096, 4096, 6));
        assert!(!tried(4096, 4096, 7) && !tried(4095, 4096, 6) && !tried(4096, 4097, 6));
        assert!(!may_be_joined((0, 10), 0, 1));
    }

    /// Rows of some attributes, each with one of its values; of the first, some rows have none.
    fn attributes(rows: usize, sizes: &[usize]) -> (Vec<usize>, Vec<u32>, usize) {
        let (mut starts, mut places) = (vec![0], Vec::new());
        for row in 0..rows {
            let mut first = 0;
            for (attribute, &size) in sizes.iter().enumerate() {
                let value = (row * (attribute + 3) + row / 7 * attribute) % size;
                if attribute > 0 || row % 5 > 0 {
                    places.push((first + value) as u32);
                }
                first += size;
            }
            starts.push(places.len());
        }
        (starts, places, sizes.iter().sum())
    }

    fn ones<'a>((starts, places, features): &'a (Vec<usize>, Vec<u32>, usize)) -> Ones<'a> {
        Ones {
            starts,
            places,
            features: *features,
        }
    }

    #[test]
    fn rows_have_the_members_of_their_joined_features_and_fewer_of_those() {
        let matrix = attributes(9000, &[3, 5, 2, 7, 4, 2, 6, 3]);
        let (joined, places) = Joined::of(ones(&matrix)).unwrap();
        let each = places.len() / 9000;
        assert!(each <= 4, "{each} joined features a row");
        assert!(joined.count() <= 9000 / ROWS_EACH);
        for (row, places) in places.chunks_exact(each).enumerate() {
            let members = places.iter().flat_map(|&j| joined.members(j as usize));
            let mut members: Vec<u32> = members.copied().collect();
            members.sort_unstable();
            assert_eq!(members, matrix.1[matrix.0[row]..matrix.0[row + 1]], "{row}");
        }
    }

    #[test]
    fn what_would_save_too_little_is_left_as_it_is() {
        let of = |matrix: &(Vec<usize>, Vec<u32>, usize)| Joined::of(ones(matrix)).is_some();
        let sizes = [3, 5, 2, 7, 4, 2, 6, 3];
        assert!(of(&attributes(LEAST_ROWS, &sizes)));
        assert!(!of(&attributes(LEAST_ROWS - 1, &sizes)), "few rows");
        assert!(!of(&attributes(5000, &[7])), "one attribute");
        assert!(
            !of(&attributes(5000, &[400, 500])),
            "as many combinations as rows"
        );
        assert!(!of(&(vec![0; 5001], Vec::new(), 3)), "nothing");
        // Four features of each row, of which any two meet somewhere.
        let places = (0..8000u32).flat_map(|row| {
            let mut four: Vec<u32> = (0..4)
                .map(|i| row.wrapping_mul(97 + i * 31) / 7 % 50 * 4 + i)
                .collect();
            four.iter_mut()
                .for_each(|place| *place = (*place + row) % 200);
            four.sort_unstable();
            four
        });
        let starts = (0..=8000).map(|row| row * 4).collect();
        assert!(!of(&(starts, places.collect(), 200)), "no attributes");
    }

    #[test]
    fn no_row_has_two_features_of_a_group() {
        let matrix = attributes(5000, &[3, 5, 2, 7]);
        let groups = ones(&matrix).exclusive_groups(40).unwrap();
        assert_eq!(groups.iter().max(), Some(&3));
        for row in 0..5000 {
            let places = &matrix.1[matrix.0[row]..matrix.0[row + 1]];
            let mut own: Vec<usize> = places.iter().map(|&p| groups[p as usize]).collect();
            own.sort_unstable();
            own.dedup();
            assert_eq!(own.len(), places.len(), "{row}");
        }
        assert!(ones(&matrix).exclusive_groups(3).is_none());
    }
}
