//! What is promised to people who run bisan-indexer, through the built program: a file a promise.
mod support;
