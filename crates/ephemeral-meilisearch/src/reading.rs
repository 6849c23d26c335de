//! Reads the fields of a request as the real server does, refusals included.
//!
//! A client that misspells a parameter must be told so by the throw-away server too; a lenient one would hide the
//! mistake until production. So a JSON body and a query string both become [`Fields`], which names the place, what
//! was expected and what was found, under the error code of that field.

use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::error::ApiError;

mod kinds;

use kinds::{did_you_mean, found, listed};

/// Where the fields came from: in a query string every value is text, and the messages speak of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Query,
}

/// The fields of one object of a request; each is taken out by the verb that says its type.
#[derive(Debug, Clone)]
pub struct Fields {
    form: Form,
    /// The path of the object inside the body: empty, or like `.queries[0]`.
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    /// Reads a body that must be a JSON object, declared as such.
    pub fn from_json(headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        Self::from_value(json_body(headers, body)?, "")
    }

    /// Takes the object found at `at` inside a body.
    pub fn from_value(value: Value, at: &str) -> Result<Self, ApiError> {
        match value {
            Value::Object(map) => Ok(Self {
                form: Form::Json,
                at: at.to_owned(),
                map,
            }),
            other => Err(refusal(
                "bad_request",
                format!(
                    "Invalid value type{}: expected an object, but found {}",
                    located(" at", at),
                    found(&other)
                ),
            )),
        }
    }

    /// Reads the query string; of a parameter that is given twice the last one counts.
    pub fn from_uri(uri: &Uri) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| refusal("bad_request", error.to_string()))?;
        let map = pairs
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        Ok(Self {
            form: Form::Query,
            at: String::new(),
            map,
        })
    }

    /// Whether the request came as a query string.
    pub fn is_query(&self) -> bool {
        self.form == Form::Query
    }

    /// Refuses every name that is not one of `accepted`.
    pub fn deny_unknown(&self, accepted: &[&str]) -> Result<(), ApiError> {
        let Some(name) = self
            .map
            .keys()
            .find(|name| !accepted.contains(&name.as_str()))
        else {
            return Ok(());
        };
        let what = match self.form {
            Form::Json => "field",
            Form::Query => "parameter",
        };
        Err(refusal(
            "bad_request",
            format!(
                "Unknown {what} `{name}`{}: {}expected one of {}",
                located(" inside", &self.at),
                did_you_mean(name, accepted),
                listed(accepted)
            ),
        ))
    }

    /// Whether the field was given at all, be it as null.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The names that were given, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// The refusal of an object that lacks `name`.
    pub fn missing(&self, name: &str, code: &'static str) -> ApiError {
        let what = match self.form {
            Form::Json => "field",
            Form::Query => "parameter",
        };
        refusal(
            code,
            format!("Missing {what} `{name}`{}", located(" inside", &self.at)),
        )
    }

    /// The refusal of a value that has the right type and is wrong all the same.
    pub fn invalid(&self, place: &str, code: &'static str, why: &str) -> ApiError {
        let place = match self.form {
            Form::Json => format!("at `{}.{place}`", self.at),
            Form::Query => format!("in parameter `{place}`"),
        };
        refusal(code, format!("Invalid value {place}: {why}"))
    }

    /// Any JSON value; null and an absent field are the same.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.map.shift_remove(name).filter(|value| !value.is_null())
    }

    /// A text; null and an absent field are the same.
    pub fn text(&mut self, name: &str, code: &'static str) -> Result<Option<String>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, code, "a string", &other)),
        }
    }

    /// A text with a default, where null is refused.
    pub fn text_or(
        &mut self,
        name: &str,
        code: &'static str,
        default: &str,
    ) -> Result<String, ApiError> {
        self.deny_null(name, code, "a string")?;
        Ok(self
            .text(name, code)?
            .unwrap_or_else(|| default.to_owned()))
    }

    /// A positive integer; null and an absent field are the same.
    pub fn size(&mut self, name: &str, code: &'static str) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        if let (Form::Query, Value::String(text)) = (self.form, &value) {
            let why = format!("could not parse `{text}` as a positive integer");
            return match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(self.invalid(name, code, &why)),
            };
        }
        match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong_type(name, code, "a positive integer", &value)),
        }
    }

    /// A positive integer with a default, where null is refused.
    pub fn size_or(
        &mut self,
        name: &str,
        code: &'static str,
        default: usize,
    ) -> Result<usize, ApiError> {
        self.deny_null(name, code, "a positive integer")?;
        Ok(self.size(name, code)?.unwrap_or(default))
    }

    /// A number; null and an absent field are the same. The text of a query string that is none comes back as NaN,
    /// which no range contains.
    pub fn number(&mut self, name: &str, code: &'static str) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        if let (Form::Query, Value::String(text)) = (self.form, &value) {
            return Ok(Some(text.parse().unwrap_or(f64::NAN)));
        }
        match value.as_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong_type(name, code, "a number", &value)),
        }
    }

    /// Yes or no; absent is no, and null is refused.
    pub fn flag(&mut self, name: &str, code: &'static str) -> Result<bool, ApiError> {
        self.deny_null(name, code, "a boolean")?;
        let value = self.value(name);
        if let (Form::Query, Some(Value::String(text))) = (self.form, &value) {
            let why =
                format!("could not parse `{text}` as a boolean, expected either `true` or `false`");
            return match text.parse() {
                Ok(flag) => Ok(flag),
                Err(_) => Err(self.invalid(name, code, &why)),
            };
        }
        match value {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wrong_type(name, code, "a boolean", &other)),
        }
    }

    /// A list of texts (in a query string: parted by commas); null and an absent field are the same.
    pub fn texts(
        &mut self,
        name: &str,
        code: &'static str,
    ) -> Result<Option<Vec<String>>, ApiError> {
        let items = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) if self.is_query() => {
                return Ok(Some(text.split(',').map(str::to_owned).collect()));
            }
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong_type(name, code, "an array", &other)),
        };
        let mut texts = Vec::with_capacity(items.len());
        for (position, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => {
                    let place = format!("{name}[{position}]");
                    return Err(self.wrong_type(&place, code, "a string", &other));
                }
            }
        }
        Ok(Some(texts))
    }

    /// One of a few words; `None` if the field is absent.
    pub fn choice(
        &mut self,
        name: &str,
        code: &'static str,
        accepted: &[&str],
    ) -> Result<Option<String>, ApiError> {
        self.deny_null(name, code, "a string")?;
        let Some(word) = self.text(name, code)? else {
            return Ok(None);
        };
        self.check_choice(name, code, &word, accepted)?;
        Ok(Some(word))
    }

    /// Refuses a `word` found at `place` that is not one of `accepted`.
    pub fn check_choice(
        &self,
        place: &str,
        code: &'static str,
        word: &str,
        accepted: &[&str],
    ) -> Result<(), ApiError> {
        if accepted.contains(&word) {
            return Ok(());
        }
        let place = match self.form {
            Form::Json => format!("at `{}.{place}`", self.at),
            Form::Query => format!("for parameter `{place}`"),
        };
        Err(refusal(
            code,
            format!(
                "Unknown value `{word}` {place}: {}expected one of {}",
                did_you_mean(word, accepted),
                listed(accepted)
            ),
        ))
    }

    /// The refusal of a value of another type than `expected`.
    pub fn wrong_type(
        &self,
        place: &str,
        code: &'static str,
        expected: &str,
        value: &Value,
    ) -> ApiError {
        let place = match self.form {
            Form::Json => format!("at `{}.{place}`", self.at),
            Form::Query => format!("for parameter `{place}`"),
        };
        refusal(
            code,
            format!(
                "Invalid value type {place}: expected {expected}, but found {}",
                found(value)
            ),
        )
    }

    fn deny_null(&self, name: &str, code: &'static str, expected: &str) -> Result<(), ApiError> {
        match self.map.get(name) {
            Some(Value::Null) => Err(self.wrong_type(name, code, expected, &Value::Null)),
            _ => Ok(()),
        }
    }
}

/// Reads a body that must be declared as JSON and be well-formed.
pub fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    const ACCEPTED: &str =
        "Accepted values for the Content-Type header are: `application/json`";
    let Some(declared) = headers.get(CONTENT_TYPE) else {
        return Err(ApiError::new(
            axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "missing_content_type",
            format!("A Content-Type header is missing. {ACCEPTED}"),
        ));
    };
    let declared = declared.to_str().unwrap_or("unknown");
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(
            axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_content_type",
            format!("The Content-Type `{declared}` is invalid. {ACCEPTED}"),
        ));
    }
    if body.is_empty() {
        return Err(refusal(
            "missing_payload",
            "A json payload is missing.".to_owned(),
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        refusal(
            "malformed_payload",
            format!("The json payload provided is malformed. `{error}`."),
        )
    })
}

/// A 400 with the given code.
pub fn refusal(code: &'static str, message: String) -> ApiError {
    ApiError::new(axum::http::StatusCode::BAD_REQUEST, code, message)
}

fn located(article: &str, at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!("{article} `{at}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        Fields::from_value(value, "").unwrap()
    }

    fn query(uri: &str) -> Fields {
        Fields::from_uri(&uri.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_wrong_type_is_named_with_its_place() {
        let error = fields(json!({"limit": "many"}))
            .size("limit", "invalid_search_limit")
            .unwrap_err();
        assert_eq!(error.code, "invalid_search_limit");
        assert_eq!(
            error.message,
            "Invalid value type at `.limit`: expected a positive integer, but found a string: `\"many\"`"
        );
        let error = fields(json!({"sort": ["a:asc", 3]}))
            .texts("sort", "invalid_search_sort")
            .unwrap_err();
        assert_eq!(
            error.message,
            "Invalid value type at `.sort[1]`: expected a string, but found a positive integer: `3`"
        );
    }

    #[test]
    fn a_misspelt_field_is_answered_with_the_nearest() {
        let error = fields(json!({"filtre": "x"}))
            .deny_unknown(&["q", "filter"])
            .unwrap_err();
        assert_eq!(error.code, "bad_request");
        assert_eq!(
            error.message,
            "Unknown field `filtre`: did you mean `filter`? expected one of `q`, `filter`"
        );
    }

    #[test]
    fn a_query_string_is_read_as_text() {
        let mut fields = query("/x?limit=3&q=%D8%A7%D9%84%D9%82%D8%AF%D8%B3+%D8%BA&facets=a,b");
        assert_eq!(fields.size("limit", "c").unwrap(), Some(3));
        assert_eq!(fields.text("q", "c").unwrap().unwrap(), "القدس غ");
        assert_eq!(fields.texts("facets", "c").unwrap().unwrap(), ["a", "b"]);
        let error = query("/x?limit=many").size("limit", "c").unwrap_err();
        assert_eq!(
            error.message,
            "Invalid value in parameter `limit`: could not parse `many` as a positive integer"
        );
    }

    #[test]
    fn null_is_absent_where_absence_means_something() {
        let mut fields = fields(json!({"page": null, "limit": null}));
        assert_eq!(fields.size("page", "c").unwrap(), None);
        let error = fields.size_or("limit", "c", 20).unwrap_err();
        assert!(error.message.ends_with("but found null"), "{}", error.message);
    }

    #[test]
    fn a_body_that_is_not_json_is_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(json_body(&headers, b"{}").unwrap_err().code, "missing_content_type");
        headers.insert(CONTENT_TYPE, "text/plain".parse().unwrap());
        assert_eq!(json_body(&headers, b"{}").unwrap_err().code, "invalid_content_type");
        headers.insert(CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap());
        assert_eq!(json_body(&headers, b"").unwrap_err().code, "missing_payload");
        assert_eq!(json_body(&headers, b"{").unwrap_err().code, "malformed_payload");
        assert_eq!(json_body(&headers, b"{}").unwrap(), json!({}));
    }
}
