//! The way along edges from a table to the documents.

use std::collections::VecDeque;

use super::{Edge, End, Graph, Kind};
use crate::triggers::schema::Unique;
use crate::triggers::text::same;

impl<'a> Graph<'a> {
    /// Whether rows at `place` can have an effect on documents of `base` at all: not if they are in two SELECTs of one
    /// UNION.
    pub(in crate::triggers) fn may_reach(&self, place: usize, base: usize) -> bool {
        let arms = |place: usize| {
            let mut arms = Vec::new();
            let mut next = Some(self.places[place].scope);
            while let Some(scope) = next {
                arms.push(self.scopes[scope].arm);
                next = self.around(scope);
            }
            arms
        };
        let of_base = arms(base);
        arms(place).iter().all(|(query, arm)| {
            let other = of_base.iter().find(|(of_base, _)| of_base == query);
            other.is_none_or(|(_, base_arm)| base_arm == arm)
        })
    }

    /// The scope in whose text a scope stands, also by the name of a view.
    pub(super) fn around(&self, scope: usize) -> Option<usize> {
        let holder = self.places.iter().find(
            |place| matches!(&place.kind, Kind::Derived { scopes, .. } if scopes.contains(&scope)),
        );
        holder
            .map(|place| place.scope)
            .or(self.scopes[scope].parent)
    }

    /// The shortest way from a place to what the documents are made of; among as long ones, the one that begins at a key.
    pub(in crate::triggers) fn way(&self, from: usize, base: usize) -> Option<Vec<Edge>> {
        let mut reached: Vec<Option<Edge>> = vec![None; self.places.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(place) = queue.pop_front() {
            if place == base {
                break;
            }
            let mut next: Vec<&Edge> = self
                .edges
                .iter()
                .filter(|edge| {
                    edge.from.place == place && (!edge.last_only || edge.to.place == base)
                })
                .collect();
            next.sort_by_key(|edge| self.width(edge));
            for edge in next {
                let to = edge.to.place;
                if to != from && reached[to].is_none() {
                    reached[to] = Some(edge.clone());
                    queue.push_back(to);
                }
            }
        }
        let mut way = Vec::new();
        let mut at = base;
        while at != from {
            let edge = reached[at].clone()?;
            at = edge.from.place;
            way.push(edge);
        }
        way.reverse();
        Some(way)
    }

    /// How many rows an edge may lead to, as an order: by keys first.
    pub(super) fn width(&self, edge: &Edge) -> usize {
        let is_unique = |end: &End| {
            self.table(end.place).is_some_and(|table| {
                let is_only = |column: &Option<String>| {
                    column
                        .as_ref()
                        .is_some_and(|column| same(column, &end.column))
                };
                let mut uniques = table.uniques.iter();
                uniques.any(
                    |unique| matches!(unique.terms.as_slice(), [term] if is_only(&term.column)),
                )
            })
        };
        let is_tail = |end: &End| {
            self.table(end.place).is_some_and(|table| {
                let last = |unique: &Unique| {
                    let term = unique.terms.last().and_then(|term| term.column.as_ref());
                    term.is_some_and(|column| same(column, &end.column))
                };
                table.uniques.iter().any(last)
            })
        };
        match (is_unique(&edge.from), is_unique(&edge.to)) {
            (true, _) | (_, true) => 0,
            _ if is_tail(&edge.from) => 1,
            _ => 2,
        }
    }
}
