//! How a row of one table gets into a document: each place where documents.sql reads a table, and the columns by which
//! SQLite must find them equal.
//!
//! An edge leads from one such place to another. It is there only if a row of the first has an effect on a row of the
//! second where the two columns are equal, and none elsewhere. So the ways along edges never lose a document; where
//! there is no way, a change counts as one of every document.

use std::collections::VecDeque;

use super::schema::{Affinity, Schema, Table, View};
use super::select::{ColumnName, Expr, Join, Output, Query, Select, Side, What};
use super::text::{same, significant};

/// The places and edges of one documents.sql.
pub(super) struct Graph<'a> {
    schema: &'a Schema,
    pub places: Vec<Place<'a>>,
    scopes: Vec<Scope<'a>>,
    pub edges: Vec<Edge>,
    /// Names of functions that make one value of many rows.
    aggregates: &'a [String],
    /// How often a common table expression was met inside itself.
    recursions: usize,
}

/// A table, view or subquery behind a FROM or JOIN.
pub(super) struct Place<'a> {
    scope: usize,
    pub alias: String,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Table(&'a Table),
    /// A subquery, view or common table expression: the scopes of its SELECTs.
    Derived {
        scopes: Vec<usize>,
        columns: Vec<String>,
        /// A row of it is not simply made of the rows that it reads.
        is_opaque: bool,
    },
    Unknown,
}

/// One SELECT.
struct Scope<'a> {
    /// The scope around it.
    parent: Option<usize>,
    /// Which query it is a part of, and the how manieth of its SELECTs.
    arm: (usize, usize),
    select: Select<'a>,
    places: Vec<usize>,
    /// The scopes of each subquery of its expressions.
    inner: Vec<(Vec<usize>, bool)>,
}

/// A column of a table, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub place: usize,
    pub column: String,
}

/// Rows of `from` have an effect on rows of `to` where the columns are equal, and on no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub from: End,
    pub to: End,
    /// What they are compared by.
    pub collation: String,
    /// Only where `to` is what the documents are made of.
    last_only: bool,
}

/// What gives the documents of one SELECT their ids.
#[derive(Clone, Debug)]
pub(super) struct Base<'a> {
    pub place: usize,
    /// The column, or the expression.
    pub id: Id<'a>,
    /// A row decides about other documents than its own: a LIMIT, a window.
    pub is_entangled: bool,
}

/// What an id is.
#[derive(Clone, Debug)]
pub(super) enum Id<'a> {
    Column(String),
    Expression(Expr<'a>),
}

/// Common table expressions in reach, and those that are being expanded.
#[derive(Clone, Default)]
struct Reach<'a> {
    ctes: Vec<super::select::Cte<'a>>,
    open: Vec<String>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        aggregates: &'a [String],
        query: &Query<'a>,
    ) -> (Graph<'a>, Vec<usize>) {
        let mut graph = Graph {
            schema,
            places: Vec::new(),
            scopes: Vec::new(),
            edges: Vec::new(),
            aggregates,
            recursions: 0,
        };
        let top = graph.add_query(query, None, &Reach::default());
        graph.connect();
        (graph, top)
    }

    fn add_query(
        &mut self,
        query: &Query<'a>,
        parent: Option<usize>,
        reach: &Reach<'a>,
    ) -> Vec<usize> {
        let mut reach = reach.clone();
        reach.ctes.extend(query.ctes.iter().cloned());
        let group = self.scopes.len();
        let mut scopes = Vec::new();
        for (place, select) in query.selects.iter().enumerate() {
            let scope = self.scopes.len();
            self.scopes.push(Scope {
                parent,
                arm: (group, place),
                select: select.clone(),
                places: Vec::new(),
                inner: Vec::new(),
            });
            scopes.push(scope);
            for source in &select.sources {
                // A subquery behind FROM sees what is around the SELECT, not its neighbours.
                let kind = self.kind(&source.what, parent, &reach);
                self.places.push(Place {
                    scope,
                    alias: source.alias.clone(),
                    kind,
                });
                let place = self.places.len() - 1;
                self.scopes[scope].places.push(place);
            }
            for inner in &select.inner {
                let scopes = self.add_query(inner, Some(scope), &reach);
                let is_opaque = inner.is_other || inner.is_limited;
                self.scopes[scope].inner.push((scopes, is_opaque));
            }
        }
        scopes
    }

    fn kind(&mut self, what: &What<'a>, parent: Option<usize>, reach: &Reach<'a>) -> Kind<'a> {
        let (schema, name) = match what {
            What::Derived(query) => return self.derived(query, parent, reach, Vec::new()),
            What::Function => return Kind::Unknown,
            What::Named { schema, name } => (schema, name),
        };
        if schema.is_none() && reach.open.iter().any(|open| same(open, name)) {
            self.recursions += 1;
            return Kind::Unknown;
        }
        let cte = reach.ctes.iter().rev().find(|cte| same(&cte.name, name));
        if let Some(cte) = cte.filter(|_| schema.is_none()) {
            let mut inside = reach.clone();
            inside.open.push(cte.name.clone());
            return self.derived(&cte.query, parent, &inside, cte.columns.clone());
        }
        if let Some(table) = self.schema.table(name) {
            return Kind::Table(table);
        }
        match self.schema.view(name) {
            Some(view) => self.view(view, reach),
            None => Kind::Unknown,
        }
    }

    fn view(&mut self, view: &'a View, reach: &Reach<'a>) -> Kind<'a> {
        let mut open = reach.open.clone();
        open.push(view.name.clone());
        let query = Query::read(&view.select, &significant(&view.select));
        let inside = Reach {
            ctes: Vec::new(),
            open,
        };
        self.derived(&query, None, &inside, view.columns.clone())
    }

    fn derived(
        &mut self,
        query: &Query<'a>,
        parent: Option<usize>,
        reach: &Reach<'a>,
        columns: Vec<String>,
    ) -> Kind<'a> {
        let before = self.recursions;
        let scopes = self.add_query(query, parent, reach);
        let is_recursive = self.recursions > before;
        Kind::Derived {
            scopes,
            columns,
            is_opaque: query.is_other || query.is_limited || is_recursive,
        }
    }

    fn connect(&mut self) {
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
    fn join(
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
    fn join_subquery(&mut self, scope: usize, inner: usize, left: &End) {
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

    fn add_edge(&mut self, from: &End, to: &End, collation: &str, last_only: bool) {
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
    fn compares_alike(&self, from: &End, to: &End) -> bool {
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

    /// The table at a place.
    pub(super) fn table(&self, place: usize) -> Option<&'a Table> {
        match self.places[place].kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    fn lookup(&self, scope: usize, wanted: &ColumnName) -> Option<End> {
        let mut next = Some(scope);
        while let Some(scope) = next {
            let places = &self.scopes[scope].places;
            let named: Vec<usize> = places
                .iter()
                .copied()
                .filter(|place| {
                    let alias = wanted.qualifier.as_ref();
                    alias.is_none_or(|alias| same(alias, &self.places[*place].alias))
                })
                .collect();
            if let Some(place) = named
                .iter()
                .find(|place| self.has_column(**place, &wanted.column))
            {
                return Some(End {
                    place: *place,
                    column: wanted.column.clone(),
                });
            }
            let may_be_unknown = named
                .iter()
                .any(|place| matches!(self.places[*place].kind, Kind::Unknown));
            if may_be_unknown || (wanted.qualifier.is_some() && !named.is_empty()) {
                return None;
            }
            next = self.scopes[scope].parent;
        }
        None
    }

    fn has_column(&self, place: usize, column: &str) -> bool {
        match &self.places[place].kind {
            Kind::Table(table) => table.column(column).is_some() || table.is_rowid(column),
            Kind::Derived { .. } => self
                .column_names(place)
                .iter()
                .any(|name| same(name, column)),
            Kind::Unknown => false,
        }
    }

    fn column_names(&self, place: usize) -> Vec<String> {
        match &self.places[place].kind {
            Kind::Table(table) => {
                let shown = table.columns.iter().filter(|column| !column.is_hidden);
                shown.map(|column| column.name.clone()).collect()
            }
            Kind::Derived {
                columns, scopes, ..
            } => {
                let Some(first) = scopes.first() else {
                    return columns.clone();
                };
                let outputs = self.outputs(*first).into_iter();
                let mut names: Vec<String> = outputs.map(|(name, ..)| name).collect();
                for (name, given) in names.iter_mut().zip(columns) {
                    name.clone_from(given);
                }
                names
            }
            Kind::Unknown => Vec::new(),
        }
    }

    /// What a SELECT returns: names, the column at a place where it is one, and the expression where it was written.
    fn outputs(&self, scope: usize) -> Vec<(String, Option<End>, Option<Expr<'a>>)> {
        let mut outputs = Vec::new();
        for output in &self.scopes[scope].select.outputs {
            let of = match output {
                Output::One { expr, name } => {
                    let end = expr.column().and_then(|column| self.lookup(scope, &column));
                    outputs.push((name.clone(), end, Some(expr.clone())));
                    continue;
                }
                Output::All => None,
                Output::AllOf(alias) => Some(alias),
            };
            for place in &self.scopes[scope].places {
                if of.is_some_and(|alias| !same(alias, &self.places[*place].alias)) {
                    continue;
                }
                for column in self.column_names(*place) {
                    let end = End {
                        place: *place,
                        column: column.clone(),
                    };
                    outputs.push((column, Some(end), None));
                }
            }
        }
        outputs
    }

    /// The columns of tables that a column of a view or subquery is.
    fn ends(&self, end: &End) -> Vec<End> {
        let (scopes, is_opaque) = match &self.places[end.place].kind {
            Kind::Table(table) => {
                let column = table
                    .spelled(&end.column)
                    .unwrap_or_else(|| end.column.clone());
                return vec![End { column, ..*end }];
            }
            Kind::Unknown => return Vec::new(),
            Kind::Derived {
                scopes, is_opaque, ..
            } => (scopes, *is_opaque),
        };
        let names = self.column_names(end.place);
        let at = names.iter().position(|name| same(name, &end.column));
        let Some(at) = at.filter(|_| !is_opaque) else {
            return Vec::new();
        };
        let inside = scopes.iter().flat_map(|scope| {
            let outputs = self.outputs(*scope);
            let inner = outputs.get(at).and_then(|(_, end, _)| end.clone());
            inner
                .filter(|inner| self.passes(*scope, inner))
                .map_or_else(Vec::new, |inner| self.ends(&inner))
        });
        inside.collect()
    }

    /// Whether the rows of a SELECT that have a value in this column come of rows with the same value only.
    fn passes(&self, scope: usize, end: &End) -> bool {
        let select = &self.scopes[scope].select;
        if select.is_windowed {
            return false;
        }
        if select.is_grouped {
            let is_key = |term: &Expr<'a>| {
                let column = term.column().and_then(|column| self.lookup(scope, &column));
                column.is_some_and(|column| {
                    column.place == end.place && same(&column.column, &end.column)
                })
            };
            return select.group_by.iter().any(is_key);
        }
        !self.is_aggregate(select)
    }

    fn is_aggregate(&self, select: &Select<'a>) -> bool {
        select.calls.iter().any(|(name, arguments)| {
            let is_scalar = matches!(name.as_str(), "min" | "max") && *arguments > 1;
            !is_scalar && self.aggregates.contains(name)
        })
    }

    /// What the ids of a SELECT are made of: column number `at` of its outputs.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(super) fn bases(&self, scope: usize, at: usize) -> Result<Vec<Base<'a>>, String> {
        let outputs = self.outputs(scope);
        let Some((_, end, expr)) = outputs.get(at) else {
            return Err("its columns could not be read".to_owned());
        };
        let select = &self.scopes[scope].select;
        let mut is_entangled = select.is_windowed;
        if select.is_grouped {
            is_entangled |= !self.is_grouped_by(scope, at, end.as_ref(), expr.as_ref());
        } else {
            is_entangled |= self.is_aggregate(select);
        }
        if let Some(end) = end {
            let mut bases = self.bases_of(end)?;
            for base in &mut bases {
                base.is_entangled |= is_entangled;
            }
            return Ok(bases);
        }
        let Some(expr) = expr else {
            return Err("its columns could not be read".to_owned());
        };
        let place = self.place_of(scope, expr)?;
        Ok(vec![Base {
            place,
            id: Id::Expression(expr.clone()),
            is_entangled,
        }])
    }

    fn bases_of(&self, end: &End) -> Result<Vec<Base<'a>>, String> {
        let (scopes, is_opaque) = match &self.places[end.place].kind {
            Kind::Table(table) => {
                let column = table
                    .spelled(&end.column)
                    .unwrap_or_else(|| end.column.clone());
                return Ok(vec![Base {
                    place: end.place,
                    id: Id::Column(column),
                    is_entangled: false,
                }]);
            }
            Kind::Unknown => {
                return Err("it comes from a table-valued function or a recursion".to_owned());
            }
            Kind::Derived {
                scopes, is_opaque, ..
            } => (scopes, *is_opaque),
        };
        let names = self.column_names(end.place);
        let at = names.iter().position(|name| same(name, &end.column));
        let at = at.ok_or_else(|| "its columns could not be read".to_owned())?;
        let mut all = Vec::new();
        for scope in scopes {
            for mut base in self.bases(*scope, at)? {
                base.is_entangled |= is_opaque;
                all.push(base);
            }
        }
        Ok(all)
    }

    /// Whether all rows that one group is made of have this id.
    fn is_grouped_by(
        &self,
        scope: usize,
        at: usize,
        end: Option<&End>,
        expr: Option<&Expr<'a>>,
    ) -> bool {
        let select = &self.scopes[scope].select;
        let outputs = self.outputs(scope);
        let output = outputs.get(at).map_or("", |(name, ..)| name.as_str());
        let mut columns: Vec<End> = Vec::new();
        for term in &select.group_by {
            let is_output = term.text == (at + 1).to_string()
                || expr.is_some_and(|expr| expr.text == term.text);
            let column = term.column();
            let found = column
                .as_ref()
                .and_then(|column| self.lookup(scope, column));
            let names_output = found.is_none()
                && column.is_some_and(|column| {
                    column.qualifier.is_none() && same(&column.column, output)
                });
            if is_output || names_output {
                return true;
            }
            columns.extend(found);
        }
        let same_column =
            |one: &End, other: &End| one.place == other.place && same(&one.column, &other.column);
        if end.is_some_and(|end| columns.iter().any(|column| same_column(column, end))) {
            return true;
        }
        // By a key of the table: each group has one row of it.
        let place = match (end, expr) {
            (Some(end), _) => Some(end.place),
            (None, Some(expr)) => self.place_of(scope, expr).ok(),
            (None, None) => None,
        };
        let Some((place, table)) = place.and_then(|place| Some((place, self.table(place)?))) else {
            return false;
        };
        table.uniques.iter().any(|unique| {
            unique.terms.iter().all(|term| {
                let is_grouped = |name: &String| {
                    columns.iter().any(|column| {
                        column.place == place
                            && (same(&column.column, name)
                                || (table.is_rowid(name) && table.is_rowid(&column.column)))
                    })
                };
                term.column.as_ref().is_some_and(is_grouped)
            })
        })
    }

    /// The one table that an expression is made of.
    fn place_of(&self, scope: usize, expr: &Expr<'a>) -> Result<usize, String> {
        if expr
            .tokens
            .iter()
            .any(|token| super::text::is_word(token, "select"))
        {
            return Err("it holds a subquery".to_owned());
        }
        let mut found: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < expr.tokens.len() {
            let rest = &expr.tokens[at..];
            let qualified = rest.get(1).is_some_and(|dot| dot.text == ".") && rest.len() > 2;
            let length = if qualified { 3 } else { 1 };
            let column = super::select::column(&rest[..length]);
            if let Some(end) = column.and_then(|column| self.lookup(scope, &column))
                && !found.contains(&end.place)
            {
                found.push(end.place);
            }
            at += length;
        }
        match found.as_slice() {
            [place] if self.table(*place).is_some() => Ok(*place),
            [_] => Err("it is computed from a view or subquery".to_owned()),
            [] => Err("it is computed from no column of a table".to_owned()),
            _ => Err("it is computed from columns of several tables".to_owned()),
        }
    }

    /// Whether rows at `place` can have an effect on documents of `base` at all: not if they are in two SELECTs of one
    /// UNION.
    pub(super) fn may_reach(&self, place: usize, base: usize) -> bool {
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
    fn around(&self, scope: usize) -> Option<usize> {
        let holder = self.places.iter().find(
            |place| matches!(&place.kind, Kind::Derived { scopes, .. } if scopes.contains(&scope)),
        );
        holder
            .map(|place| place.scope)
            .or(self.scopes[scope].parent)
    }

    /// The shortest way from a place to what the documents are made of; among as long ones, the one that begins at a key.
    pub(super) fn way(&self, from: usize, base: usize) -> Option<Vec<Edge>> {
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
    fn width(&self, edge: &Edge) -> usize {
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
                let last = |unique: &super::schema::Unique| {
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

    /// The tables, each at its place.
    pub(super) fn tables(&self) -> impl Iterator<Item = (usize, &'a Table)> {
        (0..self.places.len()).filter_map(|place| Some((place, self.table(place)?)))
    }
}
