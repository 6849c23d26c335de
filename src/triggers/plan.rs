//! What one documents.sql needs of a change log: what is logged for which table, and its changes.sql.

use super::TriggersError;
use super::changes::{self, Part};
use super::graph::{Base, Graph, Id};
use super::logged::Logged;
use super::schema::{Schema, Table};
use super::select::{Expr, Query};
use super::text::{is_word, same, significant};
use crate::catalog::IndexDefinition;
use crate::sqlite::{ColumnRead, Statement, sql};

/// What one definition needs.
pub(super) struct Plan {
    /// For each table by its name.
    pub tables: Vec<(String, Watched)>,
    pub changes_sql: String,
    pub warnings: Vec<String>,
}

/// What is logged of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    pub columns: Vec<String>,
    pub logged: Vec<Logged>,
}

impl Watched {
    pub(super) fn add(&mut self, logged: Logged) {
        if !self.logged.contains(&logged) {
            self.logged.push(logged);
        }
    }

    /// Watches this column, too.
    pub(super) fn read(&mut self, column: &str) {
        if !self.columns.iter().any(|known| same(known, column)) {
            self.columns.push(column.to_owned());
        }
    }
}

/// Collects the parts of a plan.
struct Planner<'a> {
    log: &'a str,
    plan: Plan,
    parts: Vec<Part>,
}

/// Plans for one definition; `statement` and `reads` are what SQLite says of its documents.sql.
///
/// # Errors
/// Where a table cannot have triggers, or where no table can be told that the ids come from.
pub(super) fn plan(
    schema: &Schema,
    aggregates: &[String],
    log: &str,
    definition: &IndexDefinition,
    statement: &Statement,
    reads: &[ColumnRead],
) -> Result<Plan, TriggersError> {
    let text = sql::core(&definition.documents_sql);
    let query = Query::read(text, &significant(text));
    let (graph, selects) = Graph::new(schema, aggregates, &query);
    let mut planner = Planner {
        log,
        plan: Plan {
            tables: Vec::new(),
            changes_sql: String::new(),
            warnings: Vec::new(),
        },
        parts: Vec::new(),
    };
    planner.read(schema, definition, reads)?;

    let unclear = |why: String| TriggersError::Id {
        index: definition.name.clone(),
        why,
    };
    let at = statement.columns.iter().position(|column| column == "id");
    let at = at.ok_or_else(|| unclear("there is no such column".to_owned()))?;
    let mut bases: Vec<Base<'_>> = Vec::new();
    for scope in &selects {
        bases.extend(graph.bases(*scope, at).map_err(&unclear)?);
    }
    if bases.is_empty() {
        return Err(unclear("documents.sql could not be read".to_owned()));
    }
    let is_entangled =
        query.is_limited || query.is_other || bases.iter().any(|base| base.is_entangled);
    for base in &bases {
        planner.add_ids(&graph, base);
    }
    for (place, table) in graph.tables() {
        if is_entangled {
            planner.add_every(&graph, &bases, table, "documents.sql has a LIMIT, a window or a group in which one row decides about other documents");
            continue;
        }
        for base in bases.iter().filter(|base| base.place != place) {
            if graph.may_reach(place, base.place) {
                planner.add_way(&graph, place, table, base);
            }
        }
    }
    // What SQLite names and the text does not show.
    for read in reads {
        if let Some(table) = schema.table(&read.table)
            && !graph
                .tables()
                .any(|(_, known)| same(&known.name, &table.name))
        {
            planner.add_every(
                &graph,
                &bases,
                table,
                "how its rows get into the documents is not clear from the text",
            );
        }
    }
    planner.plan.changes_sql = changes::text(log, &planner.parts);
    Ok(planner.plan)
}

impl Planner<'_> {
    fn watched(&mut self, table: &Table) -> &mut Watched {
        let tables = &mut self.plan.tables;
        let at = tables.iter().position(|(name, _)| *name == table.name);
        let at = at.unwrap_or_else(|| {
            tables.push((table.name.clone(), Watched::default()));
            tables.len() - 1
        });
        &mut tables[at].1
    }

    fn add_part(&mut self, part: Part) {
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
    }

    fn warn(&mut self, warning: String) {
        if !self.plan.warnings.contains(&warning) {
            self.plan.warnings.push(warning);
        }
    }

    /// The columns that are read.
    fn read(
        &mut self,
        schema: &Schema,
        definition: &IndexDefinition,
        reads: &[ColumnRead],
    ) -> Result<(), TriggersError> {
        for read in reads {
            if !read.database.is_empty() && read.database != "main" {
                return Err(TriggersError::Attached {
                    index: definition.name.clone(),
                    table: format!("{}.{}", read.database, read.table),
                });
            }
            // Views, common table expressions and table-valued functions are named, too.
            let Some(table) = schema.table(&read.table) else {
                continue;
            };
            if !table.takes_triggers {
                return Err(TriggersError::Virtual {
                    index: definition.name.clone(),
                    table: table.name.clone(),
                });
            }
            let watched = self.watched(table);
            if let Some(column) = table.spelled(&read.column) {
                watched.read(&column);
            }
        }
        Ok(())
    }

    /// The table that gives the documents their ids.
    fn add_ids(&mut self, graph: &Graph<'_>, base: &Base<'_>) {
        let Some(table) = graph.table(base.place) else {
            return;
        };
        if let Id::Expression(id) = &base.id
            && compares(id)
        {
            self.warn(format!(
                "the id is computed by comparing ({}). A trigger compares the value of a column without the column's type, so a \
                 text column that is compared with a number gives another id there; write CAST(column AS TEXT)",
                id.text.trim()
            ));
        }
        let logged = Logged::id(table, &graph.places[base.place].alias, &base.id);
        self.add_part(Part::Ids {
            src: logged.src.clone(),
        });
        self.watched(table).add(logged);
    }

    /// Another place where a table is read.
    fn add_way(&mut self, graph: &Graph<'_>, place: usize, table: &Table, base: &Base<'_>) {
        let Some(base_table) = graph.table(base.place) else {
            return;
        };
        let way = graph.way(place, base.place);
        let Some(first) = way.as_ref().and_then(|way| way.first()) else {
            self.add_every(
                graph,
                std::slice::from_ref(base),
                table,
                "no column of it is compared by = with one that leads to the documents",
            );
            return;
        };
        let way = way.as_deref().unwrap_or_default();
        let ids = Logged::id(base_table, &graph.places[base.place].alias, &base.id);
        let holds_ids = matches!(&base.id, Id::Column(column) if way.len() == 1 && same(column, &first.to.column))
            && first.collation.eq_ignore_ascii_case("binary")
            && table.affinity(&first.from.column) == base_table.affinity(&first.to.column);
        if holds_ids {
            self.watched(table).add(Logged {
                src: ids.src,
                what: super::logged::What::Column(first.from.column.clone()),
            });
            return;
        }
        let logged = Logged::column(table, &first.from.column);
        let Some(part) = changes::found(self.log, &logged.src, graph, way, base) else {
            return self.add_every(
                graph,
                std::slice::from_ref(base),
                table,
                "its way to the documents could not be written",
            );
        };
        self.add_part(part);
        for edge in way {
            if let Some(to) = graph
                .table(edge.to.place)
                .filter(|to| !to.has_index(&edge.to.column))
            {
                self.warn(format!(
                    "{}.{} has no index, so a change of {} reads the whole of {}; add one",
                    to.name, edge.to.column, table.name, to.name
                ));
            }
        }
        self.watched(table).add(logged);
    }

    /// A table whose changes count as changes of every document.
    fn add_every(&mut self, graph: &Graph<'_>, bases: &[Base<'_>], table: &Table, why: &str) {
        let Some(key) = table.default_key() else {
            return;
        };
        let logged = Logged::column(table, &key);
        let why = format!("{}: {why}", table.name).replace(['\n', '\r'], " ");
        self.warn(format!(
            "a change of {} counts as a change of every document ({why}); edit its part of changes.sql if there is a better way",
            table.name
        ));
        let known = self
            .parts
            .iter()
            .position(|part| matches!(part, Part::Every { src, .. } if *src == logged.src));
        let at = known.unwrap_or_else(|| {
            self.parts.push(Part::Every {
                src: logged.src.clone(),
                why,
                ids: Vec::new(),
            });
            self.parts.len() - 1
        });
        if let Part::Every { ids, .. } = &mut self.parts[at] {
            for all in bases
                .iter()
                .filter_map(|base| changes::all_ids(graph, base))
            {
                if !ids.contains(&all) {
                    ids.push(all);
                }
            }
        }
        self.watched(table).add(logged);
    }
}

/// Whether an expression compares values.
fn compares(expression: &Expr<'_>) -> bool {
    const OPERATORS: [&str; 8] = ["=", "==", "<>", "!=", "<", "<=", ">", ">="];
    const WORDS: [&str; 5] = ["in", "is", "between", "case", "nullif"];
    expression.tokens.iter().any(|token| {
        OPERATORS.contains(&token.text) || WORDS.iter().any(|word| is_word(token, word))
    })
}
