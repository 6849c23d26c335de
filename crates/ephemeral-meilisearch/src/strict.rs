//! Reading requests as strictly as Meilisearch does: what is not known is refused, by name.
//!
//! A misspelt setting or parameter that is silently ignored costs an evening; the real server refuses it with the list
//! of what it knows, and that list depends on its version. So the known names are data here, not a derive. The words of
//! the messages come from `deserr`, the crate that the real server uses for them.

use deserr::errors::{JsonError, QueryParamError};
use deserr::{Deserr, ErrorKind, IntoValue, ValuePointerRef, take_cf_content};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use crate::error::ApiError;

/// The fields of a JSON object, taken out one by one.
#[derive(Debug)]
pub struct Body {
    fields: Map<String, Value>,
}

impl Body {
    /// Reads an object of which only the `known` fields are allowed.
    pub fn read(value: Value, known: &[&str]) -> Result<Self, ApiError> {
        let fields = match value {
            Value::Object(fields) => fields,
            other => return Err(wrong_kind(other, ValuePointerRef::Origin, "bad_request")),
        };
        match fields.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(ApiError::new("bad_request", unknown_field(key, known))),
            None => Ok(Self { fields }),
        }
    }

    /// Whether the field is there, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Takes a field out as it is; `None` if it is not there.
    pub fn raw(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name)
    }

    /// Takes a field out as a `T`; `null` and absence are both `None`. `code` names the field's own error.
    pub fn optional<T: Deserr<JsonError>>(
        &mut self,
        name: &str,
        code: &'static str,
    ) -> Result<Option<T>, ApiError> {
        match self.fields.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => typed(value, ValuePointerRef::Origin.push_key(name), code).map(Some),
        }
    }

    /// Takes out a field that must be there.
    pub fn required<T: Deserr<JsonError>>(
        &mut self,
        name: &str,
        missing: &'static str,
        invalid: &'static str,
    ) -> Result<T, ApiError> {
        match self.fields.shift_remove(name) {
            Some(value) => typed(value, ValuePointerRef::Origin.push_key(name), invalid),
            None => Err(ApiError::new(missing, format!("Missing field `{name}`"))),
        }
    }
}

/// Turns a JSON value into a `T`, or says what was expected where.
pub fn typed<T: Deserr<JsonError>>(
    value: Value,
    at: ValuePointerRef<'_>,
    code: &'static str,
) -> Result<T, ApiError> {
    T::deserialize_from_value(value.into_value(), at)
        .map_err(|error| ApiError::new(code, error.to_string()))
}

/// `Invalid value at `.name`: …`: the type is right, the value is not.
pub fn invalid_value(at: ValuePointerRef<'_>, why: impl Display, code: &'static str) -> ApiError {
    ApiError::new(
        code,
        json_error::<Infallible>(
            ErrorKind::Unexpected {
                msg: why.to_string(),
            },
            at,
        ),
    )
}

/// The same for a top-level field of a body.
pub fn invalid_field(name: &str, why: impl Display, code: &'static str) -> ApiError {
    invalid_value(ValuePointerRef::Origin.push_key(name), why, code)
}

/// The message for a field that no one knows, with the nearest right name.
pub fn unknown_field(key: &str, accepted: &[&str]) -> String {
    unknown_field_at(key, accepted, ValuePointerRef::Origin)
}

/// The same for a field of an object within the body.
pub fn unknown_field_at(key: &str, accepted: &[&str], at: ValuePointerRef<'_>) -> String {
    json_error::<Infallible>(ErrorKind::UnknownKey { key, accepted }, at)
}

fn wrong_kind(actual: Value, at: ValuePointerRef<'_>, code: &'static str) -> ApiError {
    let kind = ErrorKind::IncorrectValueKind {
        actual: actual.into_value(),
        accepted: &[deserr::ValueKind::Map],
    };
    ApiError::new(code, json_error::<Value>(kind, at))
}

fn json_error<V: IntoValue>(kind: ErrorKind<'_, V>, at: ValuePointerRef<'_>) -> String {
    use deserr::DeserializeError;
    take_cf_content(JsonError::error(None, kind, at)).to_string()
}

/// The parameters of a query string, taken out one by one.
#[derive(Debug, Default)]
pub struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    /// Reads a query string of which only the `known` parameters are allowed.
    pub fn read(query: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        let parameters: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
        match parameters
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(ApiError::new(
                "bad_request",
                query_error(
                    ErrorKind::UnknownKey {
                        key: name,
                        accepted: known,
                    },
                    ValuePointerRef::Origin,
                ),
            )),
            None => Ok(Self { parameters }),
        }
    }

    /// The text of a parameter.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let at = self
            .parameters
            .iter()
            .rposition(|(known, _)| known == name)?;
        Some(self.parameters.swap_remove(at).1)
    }

    /// A number, or an error with the parameter's own code.
    pub fn number<T: FromStr>(
        &mut self,
        name: &str,
        code: &'static str,
    ) -> Result<Option<T>, ApiError> {
        self.parsed(name, code, |text| {
            text.parse()
                .map_err(|_| format!("could not parse `{text}` as a positive integer"))
        })
    }

    /// `true` or `false`, or an error with the parameter's own code.
    pub fn boolean(&mut self, name: &str, code: &'static str) -> Result<Option<bool>, ApiError> {
        self.parsed(name, code, |text| {
            text.parse().map_err(|_| {
                format!("could not parse `{text}` as a boolean, expected either `true` or `false`")
            })
        })
    }

    /// A parameter through any parser whose error is a sentence.
    pub fn parsed<T, E: Display>(
        &mut self,
        name: &str,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => parse(&text)
                .map(Some)
                .map_err(|why| invalid_parameter(name, why, code)),
        }
    }

    /// A list with commas; `None` for an absent parameter and for `*`, which both mean all.
    pub fn list<T, E: Display>(
        &mut self,
        name: &str,
        code: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<Vec<T>>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let mut items = Vec::new();
        for item in text.split(',') {
            if item == "*" {
                return Ok(None);
            }
            items.push(parse(item).map_err(|why| invalid_parameter(name, why, code))?);
        }
        Ok(Some(items))
    }
}

/// `Invalid value in parameter `name`: …`.
pub fn invalid_parameter(name: &str, why: impl Display, code: &'static str) -> ApiError {
    let kind = ErrorKind::Unexpected {
        msg: why.to_string(),
    };
    ApiError::new(
        code,
        query_error(kind, ValuePointerRef::Origin.push_key(name)),
    )
}

fn query_error(kind: ErrorKind<'_, Infallible>, at: ValuePointerRef<'_>) -> String {
    use deserr::DeserializeError;
    take_cf_content(QueryParamError::error(None, kind, at)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_known_one() {
        let error =
            Body::read(json!({"rankingRule": []}), &["rankingRules", "synonyms"]).unwrap_err();
        assert_eq!(error.code, "bad_request");
        assert_eq!(
            error.message,
            "Unknown field `rankingRule`: did you mean `rankingRules`? expected one of `rankingRules`, `synonyms`"
        );
    }

    #[test]
    fn a_wrong_type_is_refused_with_the_fields_own_code() {
        let mut body = Body::read(json!({"limit": "many"}), &["limit"]).unwrap();
        let error = body
            .optional::<usize>("limit", "invalid_document_limit")
            .unwrap_err();
        assert_eq!(error.code, "invalid_document_limit");
        assert_eq!(
            error.message,
            "Invalid value type at `.limit`: expected a positive integer, but found a string: `\"many\"`"
        );
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let mut query = Query::read(Some("limit=x&from=3"), &["limit", "from"]).unwrap();
        let error = query
            .number::<u32>("limit", "invalid_task_limit")
            .unwrap_err();
        assert_eq!(
            error.message,
            "Invalid value in parameter `limit`: could not parse `x` as a positive integer"
        );
        assert_eq!(
            query.number::<u32>("from", "invalid_task_from").unwrap(),
            Some(3)
        );
        assert!(
            Query::read(Some("lim=1"), &["limit"])
                .unwrap_err()
                .message
                .starts_with("Unknown parameter `lim`")
        );
    }
}
