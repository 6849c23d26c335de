//! The marked and cropped copy of a hit, `_formatted`, and the places of the matches in it.

use std::collections::{BTreeMap, BTreeSet};

use milli_core::tokenizer::Language;
use milli_core::{
    FieldId, FieldsIdsMap, FormatOptions, LocalizedAttributesRule, MatchBounds, MatcherBuilder,
    PatternMatch, is_faceted_by,
};
use permissive_json_pointer::select_values;
use serde_json::{Map, Value, json};

use super::query::SearchQuery;
use crate::like::{Feature, Like};

/// What to do with which field. Empty if no field that exists is to be marked or cropped: then there is no `_formatted`.
pub(super) struct Plan<'f> {
    fields: Vec<(&'f str, FormatOptions)>,
}

impl<'f> Plan<'f> {
    pub(super) fn of(
        query: &SearchQuery,
        fields: &'f FieldsIdsMap,
        displayed: &BTreeSet<FieldId>,
        retrieved: &BTreeSet<FieldId>,
    ) -> Self {
        let named = |name: &str| -> Vec<FieldId> {
            match name {
                "*" => displayed.iter().copied().collect(),
                name => fields
                    .id(name)
                    .filter(|id| displayed.contains(id))
                    .into_iter()
                    .collect(),
            }
        };
        let mut options: BTreeMap<FieldId, FormatOptions> = BTreeMap::new();
        for name in &query.attributes_to_highlight {
            for id in named(name) {
                options.entry(id).or_default().highlight = true;
            }
        }
        for attribute in &query.attributes_to_crop {
            let (name, length) = match attribute.rsplit_once(':') {
                Some((name, length)) => (name, length.parse().unwrap_or(query.crop_length)),
                None => (attribute.as_str(), query.crop_length),
            };
            for id in named(name) {
                options.entry(id).or_default().crop = Some(length);
            }
        }
        // The copy is whole: what is asked for and not to be marked stands in it as it is.
        if !options.is_empty() {
            for id in retrieved {
                options.entry(*id).or_default();
            }
        }
        let fields = options
            .into_iter()
            .filter_map(|(id, option)| Some((fields.name(id)?, option)))
            .collect();
        Self { fields }
    }

    /// What to do with the leaf at `path`, by all the fields that it lies under or that lie under it.
    fn options(&self, path: &str) -> Option<FormatOptions> {
        self.fields
            .iter()
            .filter(|(_, option)| option.should_format())
            .filter(|(name, _)| is_faceted_by(name, path) || is_faceted_by(path, name))
            .map(|(_, option)| *option)
            .reduce(FormatOptions::merge)
    }
}

/// Makes the copies of all hits of one search.
pub(super) struct Formatter<'a> {
    pub matcher: MatcherBuilder<'a>,
    pub plan: Plan<'a>,
    pub displayed: Vec<&'a str>,
    pub localized: Vec<LocalizedAttributesRule>,
    pub locales: Option<&'a [Language]>,
    pub shows_positions: bool,
    pub like: Like,
}

impl Formatter<'_> {
    /// Adds `_formatted` and `_matchesPosition`, as asked for, to the hit made of `document`.
    pub(super) fn add_to(&self, hit: &mut Map<String, Value>, mut document: Map<String, Value>) {
        if self.plan.fields.is_empty() && !self.shows_positions {
            return;
        }
        let mut positions = BTreeMap::new();
        self.walk_object(&mut document, "", &mut Vec::new(), &mut positions);
        let names = self.plan.fields.iter().map(|(name, _)| *name);
        let copy = select_values(&document, names);
        if !copy.is_empty() {
            hit.insert("_formatted".into(), Value::Object(copy));
        }
        if self.shows_positions {
            hit.insert("_matchesPosition".into(), json!(positions));
        }
    }

    fn walk_object(
        &self,
        object: &mut Map<String, Value>,
        above: &str,
        indices: &mut Vec<usize>,
        positions: &mut BTreeMap<String, Vec<MatchBounds>>,
    ) {
        for (key, value) in object.iter_mut() {
            let path = if above.is_empty() {
                key.clone()
            } else {
                format!("{above}.{key}")
            };
            let shown = self
                .displayed
                .iter()
                .any(|name| is_faceted_by(name, &path) || is_faceted_by(&path, name));
            if shown {
                self.walk(value, &path, indices, positions);
            }
        }
    }

    fn walk(
        &self,
        value: &mut Value,
        path: &str,
        indices: &mut Vec<usize>,
        positions: &mut BTreeMap<String, Vec<MatchBounds>>,
    ) {
        match value {
            Value::Object(object) => self.walk_object(object, path, indices, positions),
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    indices.push(position);
                    self.walk(item, path, indices, positions);
                    indices.pop();
                }
            }
            Value::String(text) => {
                let formatted = self.format(text, path, indices, positions);
                *value = Value::String(formatted);
            }
            // In the copy numbers are text, marked or not.
            Value::Number(number) => {
                let formatted = self.format(&number.to_string(), path, indices, positions);
                *value = Value::String(formatted);
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn format(
        &self,
        text: &str,
        path: &str,
        indices: &[usize],
        positions: &mut BTreeMap<String, Vec<MatchBounds>>,
    ) -> String {
        let mut matcher = self.matcher.build(text, self.locales_of(path));
        if self.shows_positions {
            let mut bounds = matcher.matches(indices);
            if !self.like.has(Feature::MatchIndices) {
                bounds.iter_mut().for_each(|bound| bound.indices = None);
            }
            // As on the real server, a later item of an array takes the place of an earlier one.
            if !bounds.is_empty() {
                positions.insert(path.to_owned(), bounds);
            }
        }
        match self.plan.options(path) {
            Some(options) => matcher.format(options).into_owned(),
            None => text.to_owned(),
        }
    }

    /// The languages to read a text in: those of the request, else those of the index's settings.
    fn locales_of(&self, path: &str) -> Option<&[Language]> {
        self.locales.or_else(|| {
            self.localized
                .iter()
                .find(|rule| rule.match_str(path) == PatternMatch::Match)
                .map(LocalizedAttributesRule::locales)
        })
    }
}
