//! The edges: from the conditions of a SELECT, its USING and its IN.

use super::{Affinity, Edge, End, Graph};
use crate::triggers::select::{Join, Side};

impl<'a> Graph<'a> {
    pub(super) fn connect(&mut self) {
        for scope in 0..self.scopes.len() {
            let select = self.scopes[scope].select.clone();
            let is_outer = select
                .sources
                .iter()
                .any(|source| source.join == Join::Other);
            for condition in &select.conditions {
                if condition.on.is_some() && is_outer {
                    continue;
                }
                let Some(left) = self.lookup(scope, &condition.left) else {
                    continue;
                };
                match &condition.right {
                    Side::Column(right) => {
                        let Some(right) = self.lookup(scope, right) else {
                            continue;
                        };
                        let on = match &condition.on {
                            Some((Join::Left, range)) => Some(range.clone()),
                            _ => None,
                        };
                        self.join(scope, &left, &right, on);
                    }
                    Side::Subquery(inner) => self.join_subquery(scope, *inner, &left),
                }
            }
            for (at, source) in select
                .sources
                .iter()
                .enumerate()
                .skip(1)
                .filter(|_| !is_outer)
            {
                let right = self.scopes[scope].places.get(at).copied();
                let Some(right) = right else { continue };
                let shared = if source.is_natural {
                    self.column_names(right)
                } else {
                    source.using.clone()
                };
                for column in shared {
                    let left = self.scopes[scope].places[..at].iter().copied();
                    let left = left
                        .into_iter()
                        .find(|place| self.has_column(*place, &column));
                    let Some(left) = left else { continue };
                    let end = |place| End {
                        place,
                        column: column.clone(),
                    };
                    let on = (source.join == Join::Left).then_some(at..at + 1);
                    self.join(scope, &end(left), &end(right), on);
                }
            }
        }
    }

    /// Edges between two sides of a condition in `scope`; `right_sources` are those on the right of a LEFT JOIN.
    pub(super) fn join(
        &mut self,
        scope: usize,
        left: &End,
        right: &End,
        right_sources: Option<std::ops::Range<usize>>,
    ) {
        let is_here = |graph: &Self, end: &End| graph.places[end.place].scope == scope;
        let is_right = |graph: &Self, end: &End| {
            let places = &graph.scopes[scope].places;
            right_sources
                .as_ref()
                .is_none_or(|range| places[range.clone()].contains(&end.place))
        };
        let (left_right, right_right) = (is_right(self, left), is_right(self, right));
        if !left_right && !right_right {
            return;
        }
        let (froms, tos) = (self.ends(left), self.ends(right));
        let (left_here, right_here) = (is_here(self, left), is_here(self, right));
        for one in &froms {
            for other in &tos {
                let collation = self
                    .table(one.place)
                    .map_or("BINARY", |table| table.collation(&one.column));
                let collation = collation.to_owned();
                if left_here {
                    self.add_edge(one, other, &collation, !left_right);
                }
                if right_here {
                    self.add_edge(other, one, &collation, !right_right);
                }
            }
        }
    }

    /// `left IN (SELECT right …)`: the rows of the subquery have an effect where they are equal.
    pub(super) fn join_subquery(&mut self, scope: usize, inner: usize, left: &End) {
        let Some((scopes, is_opaque)) = self.scopes[scope].inner.get(inner).cloned() else {
            return;
        };
        if is_opaque {
            return;
        }
        let tos = self.ends(left);
        for scope in scopes {
            let outputs = self.outputs(scope);
            let Some((_, Some(end), _)) = outputs.first() else {
                continue;
            };
            if !self.passes(scope, end) {
                continue;
            }
            for from in self.ends(end) {
                for to in &tos {
                    let collation = self
                        .table(to.place)
                        .map_or("BINARY", |table| table.collation(&to.column));
                    let collation = collation.to_owned();
                    self.add_edge(&from, to, &collation, false);
                }
            }
        }
    }

    pub(super) fn add_edge(&mut self, from: &End, to: &End, collation: &str, last_only: bool) {
        if from.place == to.place || !self.compares_alike(from, to) {
            return;
        }
        let edge = Edge {
            from: from.clone(),
            to: to.clone(),
            collation: collation.to_owned(),
            last_only,
        };
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }

    /// Whether a value of `from` that was put into a column without a type is equal to the same rows of `to`.
    pub(super) fn compares_alike(&self, from: &End, to: &End) -> bool {
        let affinity = |end: &End| {
            self.table(end.place)
                .map_or(Affinity::None, |table| table.affinity(&end.column))
        };
        match (affinity(from), affinity(to)) {
            (_, Affinity::Number) | (Affinity::None, _) | (Affinity::Text, Affinity::Text) => true,
            (Affinity::Number | Affinity::Text, Affinity::None)
            | (Affinity::Number, Affinity::Text) => false,
        }
    }
}
