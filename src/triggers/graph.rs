//! How a row of one table gets into a document: each place where documents.sql reads a table, and the columns by which
//! SQLite must find them equal.
//!
//! An edge leads from one such place to another. It is there only if a row of the first has an effect on a row of the
//! second where the two columns are equal, and none elsewhere. So the ways along edges never lose a document; where
//! there is no way, a change counts as one of every document.

mod bases;
mod columns;
mod edges;
mod ways;

use super::schema::{Affinity, Schema, Table, View};
use super::select::{Expr, Query, Select, What};
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

    /// The table at a place.
    pub(super) fn table(&self, place: usize) -> Option<&'a Table> {
        match self.places[place].kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The tables, each at its place.
    pub(super) fn tables(&self) -> impl Iterator<Item = (usize, &'a Table)> {
        (0..self.places.len()).filter_map(|place| Some((place, self.table(place)?)))
    }
}
