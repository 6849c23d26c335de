//! What unit tests of several rooms use.

/// Checks that a value has a form, and shows the value where it has another.
macro_rules! assert_form {
    ($value:expr, $($form:tt)+) => {
        assert!(matches!($value, $($form)+), "{:?}", &$value)
    };
}

pub(crate) use assert_form;

#[allow(dead_code, reason = "promises have other needs than unit tests")]
#[path = "../tests/needs.rs"]
pub(crate) mod needs;
