//! Where the boxes of a graph stand: a tree from left to right, the first child beside its parent, the others under that.

use super::Graph;

/// A layout on a grid of columns and bands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    /// Column and band of each box.
    pub(super) places: Vec<(usize, usize)>,
    /// Arrows that lead from a box to one placed right of it for its sake.
    pub(super) drawn: Vec<usize>,
    /// Arrows that are left over: what makes a ring, or leads to a box that hangs on another.
    pub(super) left: Vec<usize>,
    pub(super) columns: usize,
    pub(super) bands: usize,
}

pub(super) fn grid(graph: &Graph) -> Grid {
    let mut grid = Grid { places: vec![(0, 0); graph.boxes.len()], ..Grid::default() };
    let mut placed = vec![false; graph.boxes.len()];
    // Who is led to by nobody but a fellow master begins a tree; in rings the first box does.
    let is_led_to = |at: usize| graph.arrows.iter().any(|arrow| arrow.back.is_none() && arrow.to == at && arrow.from != at);
    let roots = (0..graph.boxes.len()).filter(|at| !is_led_to(*at)).chain(0..graph.boxes.len());
    for root in roots.collect::<Vec<_>>() {
        if !placed[root] {
            let band = grid.bands;
            let used = place(graph, &mut grid, &mut placed, (root, 0, band));
            grid.bands = band + used;
        }
    }
    grid.left = (0..graph.arrows.len()).filter(|at| !grid.drawn.contains(at)).collect();
    grid
}

/// Places a box and what hangs on it; the bands used.
fn place(graph: &Graph, grid: &mut Grid, placed: &mut [bool], (at, column, band): (usize, usize, usize)) -> usize {
    placed[at] = true;
    grid.places[at] = (column, band);
    grid.columns = grid.columns.max(column + 1);
    let mut children: Vec<(bool, usize, usize)> = graph
        .arrows
        .iter()
        .enumerate()
        .filter_map(|(nth, arrow)| match (arrow.from == at, arrow.to == at && arrow.back.is_some()) {
            (true, _) => Some((arrow.back.is_none(), arrow.to, nth)),
            (_, true) => Some((false, arrow.from, nth)),
            _ => None,
        })
        .collect();
    // Fellow masters stand side by side.
    children.sort_unstable();
    let mut used = 0;
    for (_, child, nth) in children {
        if !placed[child] {
            grid.drawn.push(nth);
            used += place(graph, grid, placed, (child, column + 1, band + used));
        }
    }
    used.max(1)
}
