//! Which table's rows the documents are, and what their ids are made of.

use super::{Base, End, Graph, Id, Kind};
use crate::triggers::select::{self, Expr};
use crate::triggers::text::{is_word, same};

impl<'a> Graph<'a> {
    /// What the ids of a SELECT are made of: column number `at` of its outputs.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(in crate::triggers) fn bases(
        &self,
        scope: usize,
        at: usize,
    ) -> Result<Vec<Base<'a>>, String> {
        let outputs = self.outputs(scope);
        let Some((_, end, expr)) = outputs.get(at) else {
            return Err("its columns could not be read".to_owned());
        };
        let select = &self.scopes[scope].select;
        let mut is_entangled = select.is_windowed;
        // Of values that a collation takes for equal, DISTINCT keeps any.
        is_entangled |= select.is_distinct && end.as_ref().is_some_and(|end| !self.is_binary(end));
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

    pub(super) fn bases_of(&self, end: &End) -> Result<Vec<Base<'a>>, String> {
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
    pub(super) fn is_grouped_by(
        &self,
        scope: usize,
        at: usize,
        end: Option<&End>,
        expr: Option<&Expr<'a>>,
    ) -> bool {
        let select = &self.scopes[scope].select;
        let outputs = self.outputs(scope);
        let output = outputs.get(at).map_or("", |(name, ..)| name.as_str());
        if let Some(end) = end {
            if self.is_group_key(scope, end) {
                return true;
            }
        } else if select.group_by.iter().any(|term| {
            let is_expr = expr.is_some_and(|expr| expr.text == term.text);
            is_expr || term.text == (at + 1).to_string() || same(term.text, output)
        }) {
            return true;
        }
        let columns = self.group_columns(scope);
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
    pub(super) fn place_of(&self, scope: usize, expr: &Expr<'a>) -> Result<usize, String> {
        if expr.tokens.iter().any(|token| is_word(token, "select")) {
            return Err("it holds a subquery".to_owned());
        }
        let mut found: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < expr.tokens.len() {
            let rest = &expr.tokens[at..];
            let qualified = rest.get(1).is_some_and(|dot| dot.text == ".") && rest.len() > 2;
            let length = if qualified { 3 } else { 1 };
            let column = select::column(&rest[..length]);
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
}
