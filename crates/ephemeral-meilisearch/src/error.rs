//! Errors as Meilisearch's clients know them: a message for people, a code for programs, a type, a link.
//!
//! The code decides everything else. `status_and_kind` is the one table of the HTTP status and the type that belong
//! to a code, so that no two routes can answer the same failure differently.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use milli_core::UserError;
use milli_core::heed;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A request that is refused, or a task that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status that the code has when a request is refused with it.
    pub status: StatusCode,
    /// The stable name that programs look at, such as `index_not_found`.
    pub code: &'static str,
    /// `invalid_request`, `auth`, `system` or `internal`; called `type` on the wire.
    pub kind: &'static str,
    /// What a person reads.
    pub message: String,
}

impl ApiError {
    /// An error with this code; status and type follow from it.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let (status, kind) = status_and_kind(code);
        Self {
            status,
            code,
            kind,
            message: message.into(),
        }
    }

    /// Something broke that no client can do anything about.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal", message)
    }

    /// No index lies under this uid.
    pub fn index_not_found(uid: &str) -> Self {
        Self::new("index_not_found", format!("Index `{uid}` not found."))
    }

    /// The same error under another code, as when a filter is refused by the documents routes.
    pub fn with_code(self, code: &'static str) -> Self {
        Self::new(code, self.message)
    }

    /// Where Meilisearch documents the code.
    pub fn link(&self) -> String {
        link(self.code)
    }

    /// The JSON form, as responses and tasks carry it.
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "message": self.message, "code": self.code, "type": self.kind, "link": self.link() })
    }
}

fn link(code: &str) -> String {
    format!("https://docs.meilisearch.com/errors#{code}")
}

/// An error as a task keeps it on disk; the code is text because it is read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    pub message: String,
    pub code: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub link: String,
}

impl From<ApiError> for TaskError {
    fn from(error: ApiError) -> Self {
        let link = error.link();
        Self {
            message: error.message,
            code: error.code.into(),
            kind: error.kind.into(),
            link,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.to_json())).into_response()
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        let code = match error.raw_os_error() {
            Some(5) => "io_error",
            Some(24) => "too_many_open_files",
            Some(28) => "no_space_left_on_device",
            _ => "internal",
        };
        Self::new(code, error.to_string())
    }
}

impl From<heed::Error> for ApiError {
    fn from(error: heed::Error) -> Self {
        milli_core::Error::from(error).into()
    }
}

impl From<milli_core::Error> for ApiError {
    fn from(error: milli_core::Error) -> Self {
        let code = match &error {
            milli_core::Error::IoError(_) => "io_error",
            milli_core::Error::InternalError(_) => "internal",
            milli_core::Error::UserError(user) => user_error_code(user),
        };
        Self::new(code, error.to_string())
    }
}

/// The code of an error that the engine blames on the user.
fn user_error_code(error: &UserError) -> &'static str {
    use UserError::*;
    match error {
        AttributeLimitReached => "max_fields_limit_exceeded",
        MaxDatabaseSizeReached => "database_size_limit_reached",
        NoSpaceLeftOnDevice => "no_space_left_on_device",
        InvalidStoreFile => "invalid_store_file",
        InvalidFilter(_) | InvalidFilterExpression(..) | FilterOperatorNotAllowed { .. } => {
            "invalid_search_filter"
        }
        MissingDocumentId { .. } => "missing_document_id",
        InvalidDocumentId { .. } | TooManyDocumentIds { .. } => "invalid_document_id",
        MissingDocumentField(_) => "invalid_document_fields",
        NoPrimaryKeyCandidateFound => "index_primary_key_no_candidate_found",
        MultiplePrimaryKeyCandidatesFound { .. } => "index_primary_key_multiple_candidates_found",
        PrimaryKeyCannotBeChanged(_) => "index_primary_key_already_exists",
        InvalidDistinctAttribute { .. } => "invalid_search_distinct",
        // The documents routes sort too, and put their own code in the place of this one.
        SortRankingRuleMissing | InvalidSortableAttribute { .. } | SortError(_) => {
            "invalid_search_sort"
        }
        InvalidFacetsDistribution { .. } => "invalid_search_facets",
        InvalidSearchableAttribute { .. } => "invalid_search_attributes_to_search_on",
        InvalidFacetSearchFacetName { .. } => "invalid_facet_search_facet_name",
        CriterionError(_) => "invalid_settings_ranking_rules",
        InvalidGeoField { .. } => "invalid_document_geo_field",
        InvalidMinTypoWordLenSetting(..) => "invalid_settings_typo_tolerance",
        InvalidVectorDimensions { .. } | InvalidIndexingVectorDimensions { .. } => {
            "invalid_vector_dimensions"
        }
        InvalidVectorsMapType { .. } | InvalidVectorsEmbedderConf { .. } => "invalid_vectors_type",
        TooManyVectors(..) => "too_many_vectors",
        InvalidSearchEmbedder(_) => "invalid_search_embedder",
        InvalidSimilarEmbedder(_) => "invalid_similar_embedder",
        SerdeJson(_)
        | EnvAlreadyOpened
        | DocumentLimitReached
        | UnknownInternalDocumentId { .. } => "internal",
        // What is left is about embedders and functions, which this server has not.
        _ => "invalid_settings_embedders",
    }
}

/// HTTP status and type of an error code. A code that is not named here is a plain 400 `invalid_request`, as most are.
fn status_and_kind(code: &str) -> (StatusCode, &'static str) {
    const REQUEST: &str = "invalid_request";
    match code {
        "internal" | "database_size_limit_reached" | "invalid_store_file" | "invalid_state" => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
        "io_error" | "no_space_left_on_device" | "too_many_open_files" => {
            (StatusCode::UNPROCESSABLE_ENTITY, "system")
        }
        "too_many_search_requests" => (StatusCode::SERVICE_UNAVAILABLE, "system"),
        "invalid_api_key" => (StatusCode::FORBIDDEN, "auth"),
        "missing_authorization_header" | "missing_master_key" => (StatusCode::UNAUTHORIZED, "auth"),
        "index_not_found" | "document_not_found" | "task_not_found" | "batch_not_found"
        | "api_key_not_found" => (StatusCode::NOT_FOUND, REQUEST),
        "index_already_exists" | "api_key_already_exists" => (StatusCode::CONFLICT, REQUEST),
        "payload_too_large" => (StatusCode::PAYLOAD_TOO_LARGE, REQUEST),
        "invalid_content_type" | "missing_content_type" | "unsupported_media_type" => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, REQUEST)
        }
        _ => (StatusCode::BAD_REQUEST, REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_type_follow_from_the_code() {
        let missing = ApiError::index_not_found("a");
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert_eq!(
            missing.to_json(),
            json!({
                "message": "Index `a` not found.", "code": "index_not_found", "type": "invalid_request",
                "link": "https://docs.meilisearch.com/errors#index_not_found"
            })
        );
        assert_eq!(
            ApiError::new("invalid_settings_synonyms", "x").status,
            StatusCode::BAD_REQUEST
        );
    }
}
