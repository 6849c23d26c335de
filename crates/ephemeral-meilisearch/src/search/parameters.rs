//! One way to take parameters out of a request, whether it came as JSON or as a query string.

use deserr::Deserr;
use deserr::ValuePointerRef;
use deserr::errors::JsonError;
use serde_json::Value;

use crate::error::ApiError;
use crate::strict::{Body, Query, invalid_field, invalid_parameter, typed};

/// What a search was asked with.
pub(super) enum Parameters {
    Json(Body),
    Url(Query),
}

impl Parameters {
    /// A text; null is as good as absent.
    pub fn text(&mut self, name: &str, code: &'static str) -> Result<Option<String>, ApiError> {
        match self {
            Self::Json(body) => take::<Option<String>>(body, name, code).map(Option::flatten),
            Self::Url(query) => Ok(query.text(name)),
        }
    }

    /// A text that has a default and is never null.
    pub fn text_or(
        &mut self,
        name: &str,
        code: &'static str,
        default: &str,
    ) -> Result<String, ApiError> {
        let text = match self {
            Self::Json(body) => take::<String>(body, name, code)?,
            Self::Url(query) => query.text(name),
        };
        Ok(text.unwrap_or_else(|| default.to_owned()))
    }

    /// A positive integer; null is as good as absent.
    pub fn size(&mut self, name: &str, code: &'static str) -> Result<Option<usize>, ApiError> {
        match self {
            Self::Json(body) => take::<Option<usize>>(body, name, code).map(Option::flatten),
            Self::Url(query) => query.number(name, code),
        }
    }

    /// A positive integer that has a default and is never null.
    pub fn size_or(
        &mut self,
        name: &str,
        code: &'static str,
        default: usize,
    ) -> Result<usize, ApiError> {
        let size = match self {
            Self::Json(body) => take::<usize>(body, name, code)?,
            Self::Url(query) => query.number(name, code)?,
        };
        Ok(size.unwrap_or(default))
    }

    /// A number; what a query string has instead of one comes back as NaN, which no range contains.
    pub fn number(&mut self, name: &str, code: &'static str) -> Result<Option<f64>, ApiError> {
        match self {
            Self::Json(body) => take::<Option<f64>>(body, name, code).map(Option::flatten),
            Self::Url(query) => Ok(query
                .text(name)
                .map(|text| text.parse().unwrap_or(f64::NAN))),
        }
    }

    /// Yes or no, by default no.
    pub fn flag(&mut self, name: &str, code: &'static str) -> Result<bool, ApiError> {
        let flag = match self {
            Self::Json(body) => take::<bool>(body, name, code)?,
            Self::Url(query) => query.boolean(name, code)?,
        };
        Ok(flag.unwrap_or(false))
    }

    /// A list of texts, which a query string parts by commas; null is as good as absent.
    pub fn texts(
        &mut self,
        name: &str,
        code: &'static str,
    ) -> Result<Option<Vec<String>>, ApiError> {
        match self {
            Self::Json(body) => take::<Option<Vec<String>>>(body, name, code).map(Option::flatten),
            Self::Url(query) => Ok(query
                .text(name)
                .map(|text| text.split(',').map(str::to_owned).collect())),
        }
    }

    /// A filter: any JSON, or in a query string the text of a JSON array, or else an expression.
    pub fn filter(&mut self) -> Option<Value> {
        match self {
            Self::Json(body) => body.raw("filter").filter(|value| !value.is_null()),
            Self::Url(query) => query
                .text("filter")
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
        }
    }

    /// The sort criteria. A query string parts them by commas, and `_geoPoint(1,2):asc` has one of its own.
    pub fn sort(&mut self, code: &'static str) -> Result<Option<Vec<String>>, ApiError> {
        match self {
            Self::Json(_) => self.texts("sort", code),
            Self::Url(query) => Ok(query.text("sort").map(|text| split_outside_brackets(&text))),
        }
    }

    /// Whether a parameter is there that asks for something: neither null nor false.
    pub fn asks_for(&mut self, name: &str) -> bool {
        match self {
            Self::Json(body) => body
                .raw(name)
                .is_some_and(|value| !value.is_null() && value != false),
            Self::Url(query) => query.text(name).is_some_and(|text| text != "false"),
        }
    }

    /// The refusal of a value whose type is right.
    pub fn invalid(&self, name: &str, why: &str, code: &'static str) -> ApiError {
        match self {
            Self::Json(_) => invalid_field(name, why, code),
            Self::Url(_) => invalid_parameter(name, why, code),
        }
    }
}

fn take<T: Deserr<JsonError>>(
    body: &mut Body,
    name: &str,
    code: &'static str,
) -> Result<Option<T>, ApiError> {
    body.raw(name)
        .map(|value| typed(value, ValuePointerRef::Origin.push_key(name), code))
        .transpose()
}

fn split_outside_brackets(text: &str) -> Vec<String> {
    let mut depth = 0_i32;
    text.trim_matches('"')
        .split(|letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            letter == ',' && depth <= 0
        })
        .map(|part| part.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_inside_a_point_does_not_part_criteria() {
        assert_eq!(
            split_outside_brackets("title:asc, _geoPoint(31.5,34.4):desc,id:desc"),
            ["title:asc", "_geoPoint(31.5,34.4):desc", "id:desc"]
        );
    }
}
