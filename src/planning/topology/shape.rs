//! What edges make together: places that replicate to each other, and rings.

use std::collections::BTreeSet;

use crate::model::replication::{Edge, Place};

/// Rings told at most: a thicket of policies is not made clearer by more.
const RINGS: usize = 16;
/// Steps of the search for rings at most.
const STEPS: usize = 20_000;

type Pairs = Vec<(Place, Place)>;

/// Dual masters, and rings of three and more. Policies that are switched off make neither.
pub(super) fn of(edges: &[Edge]) -> (Pairs, Vec<Vec<Place>>) {
    let ways: BTreeSet<(&Place, &Place)> =
        edges.iter().filter(|e| e.policy.enabled && !e.policy.never_fires() && e.from != e.to).map(|e| (&e.from, &e.to)).collect();
    let pairs = ways.iter().filter(|(from, to)| from < to && ways.contains(&(*to, *from)));
    let pairs = pairs.map(|(from, to)| ((*from).clone(), (*to).clone())).collect();
    let places: BTreeSet<&Place> = ways.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut search = Search { ways: &ways, rings: Vec::new(), steps: 0 };
    for start in places {
        search.go(start, &mut vec![start]);
    }
    (pairs, search.rings)
}

struct Search<'e> {
    ways: &'e BTreeSet<(&'e Place, &'e Place)>,
    rings: Vec<Vec<Place>>,
    steps: usize,
}

impl<'e> Search<'e> {
    /// Goes on from the last place of a path; each ring is found once, from its least place.
    fn go(&mut self, start: &'e Place, path: &mut Vec<&'e Place>) {
        let Some(here) = path.last().copied() else { return };
        for (from, to) in self.ways {
            self.steps += 1;
            if self.steps > STEPS || self.rings.len() >= RINGS {
                return;
            }
            if *from != here || *to < start {
                continue;
            }
            if *to == start {
                if path.len() > 2 {
                    self.rings.push(path.iter().map(|place| (*place).clone()).collect());
                }
            } else if !path.contains(to) {
                path.push(to);
                self.go(start, path);
                path.pop();
            }
        }
    }
}
