//! SQLite's mathematical functions, which the library in this program is compiled without.
//!
//! A view, a generated column or documents.sql may call `sqrt` or `floor`: the application's SQLite has them, and so has the
//! sqlite3 shell. They stand in SQLite's own `func.c` behind a flag of the compiler, which reaches the library by an environment
//! variable alone, and no `cargo install` sets that. So every connection gets them here, each with the rules of `func.c`
//! and the C library's own mathematics: the same row has the same value for the application and for this program.

use std::ffi::{CStr, c_int, c_void};

use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

/// Gives a connection the functions, unless its SQLite was compiled with them.
///
/// # Errors
/// SQLite's code: it is out of memory.
pub(super) fn register(lock: &mut LockedSqliteHandle<'_>) -> Result<(), c_int> {
    // SAFETY: the option's name ends with a NUL.
    if unsafe { ffi::sqlite3_compileoption_used(c"ENABLE_MATH_FUNCTIONS".as_ptr()) } != 0 {
        return Ok(());
    }
    for function in &FUNCTIONS {
        // SAFETY: an open connection that is locked, so that nobody else uses it meanwhile; the name ends with a NUL; `function` is a static, so it is there for as long as any connection, and `call` only reads it.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                lock.as_raw_handle().as_ptr(),
                function.name.as_ptr(),
                function.arguments,
                ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS,
                std::ptr::from_ref(function).cast_mut().cast(),
                Some(call),
                None,
                None,
                None,
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
    }
    Ok(())
}

/// One function as SQL knows it.
struct Function {
    name: &'static CStr,
    arguments: c_int,
    compute: Compute,
}

/// How a function's value comes from its arguments. A value that is no number (NULL, a text that reads as none, a blob) makes
/// NULL of it, and so does what mathematics does not define: SQLite takes NaN for NULL.
#[derive(Clone, Copy)]
enum Compute {
    Constant(f64),
    /// An integer stays what it is.
    ToWhole(Real1),
    Of1(Real1),
    Of2(Real2),
    /// A logarithm is NULL of everything that is not greater than 0.
    Logarithm(Real1),
    LogarithmToBase,
}

type Real1 = extern "C" fn(f64) -> f64;
type Real2 = extern "C" fn(f64, f64) -> f64;

const fn function(name: &'static CStr, arguments: c_int, compute: Compute) -> Function {
    Function {
        name,
        arguments,
        compute,
    }
}

static FUNCTIONS: [Function; 30] = [
    function(c"ceil", 1, Compute::ToWhole(ceil)),
    function(c"ceiling", 1, Compute::ToWhole(ceil)),
    function(c"floor", 1, Compute::ToWhole(floor)),
    function(c"trunc", 1, Compute::ToWhole(trunc)),
    function(c"ln", 1, Compute::Logarithm(log)),
    function(c"log", 1, Compute::Logarithm(log10)),
    function(c"log10", 1, Compute::Logarithm(log10)),
    function(c"log2", 1, Compute::Logarithm(log2)),
    function(c"log", 2, Compute::LogarithmToBase),
    function(c"exp", 1, Compute::Of1(exp)),
    function(c"pow", 2, Compute::Of2(pow)),
    function(c"power", 2, Compute::Of2(pow)),
    function(c"mod", 2, Compute::Of2(fmod)),
    function(c"acos", 1, Compute::Of1(acos)),
    function(c"asin", 1, Compute::Of1(asin)),
    function(c"atan", 1, Compute::Of1(atan)),
    function(c"atan2", 2, Compute::Of2(atan2)),
    function(c"cos", 1, Compute::Of1(cos)),
    function(c"sin", 1, Compute::Of1(sin)),
    function(c"tan", 1, Compute::Of1(tan)),
    function(c"cosh", 1, Compute::Of1(cosh)),
    function(c"sinh", 1, Compute::Of1(sinh)),
    function(c"tanh", 1, Compute::Of1(tanh)),
    function(c"acosh", 1, Compute::Of1(acosh)),
    function(c"asinh", 1, Compute::Of1(asinh)),
    function(c"atanh", 1, Compute::Of1(atanh)),
    function(c"sqrt", 1, Compute::Of1(sqrt)),
    function(c"radians", 1, Compute::Of1(radians)),
    function(c"degrees", 1, Compute::Of1(degrees)),
    function(c"pi", 0, Compute::Constant(std::f64::consts::PI)),
];

// The C library's own, which SQLite would call: Rust's `asinh` and some others have other last digits.
// SAFETY: signatures as C's <math.h> has them; none touches memory.
unsafe extern "C" {
    safe fn ceil(x: f64) -> f64;
    safe fn floor(x: f64) -> f64;
    safe fn trunc(x: f64) -> f64;
    safe fn log(x: f64) -> f64;
    safe fn log10(x: f64) -> f64;
    safe fn log2(x: f64) -> f64;
    safe fn exp(x: f64) -> f64;
    safe fn pow(x: f64, y: f64) -> f64;
    safe fn fmod(x: f64, y: f64) -> f64;
    safe fn acos(x: f64) -> f64;
    safe fn asin(x: f64) -> f64;
    safe fn atan(x: f64) -> f64;
    safe fn atan2(y: f64, x: f64) -> f64;
    safe fn cos(x: f64) -> f64;
    safe fn sin(x: f64) -> f64;
    safe fn tan(x: f64) -> f64;
    safe fn cosh(x: f64) -> f64;
    safe fn sinh(x: f64) -> f64;
    safe fn tanh(x: f64) -> f64;
    safe fn acosh(x: f64) -> f64;
    safe fn asinh(x: f64) -> f64;
    safe fn atanh(x: f64) -> f64;
    safe fn sqrt(x: f64) -> f64;
}

extern "C" fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

extern "C" fn degrees(radians: f64) -> f64 {
    radians * (180.0 / std::f64::consts::PI)
}

/// An argument as `func.c` looks at it.
#[derive(Clone, Copy, Debug)]
struct Argument {
    /// By the value's own type, or by what its text reads as; `None` for all that is no number.
    number: Option<Number>,
    /// The value as a float, 0 for what is no number.
    real: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Integer(i64),
    Real(f64),
}

impl Compute {
    fn of(self, arguments: &[Argument]) -> Option<Number> {
        let number = |at: usize| arguments.get(at).and_then(|one| one.number);
        let real = |at: usize| {
            number(at)
                .and_then(|_| arguments.get(at))
                .map(|one| one.real)
        };
        match self {
            Compute::Constant(value) => Some(Number::Real(value)),
            Compute::ToWhole(f) => match number(0)? {
                Number::Real(value) => Some(Number::Real(f(value))),
                integer => Some(integer),
            },
            Compute::Of1(f) => Some(Number::Real(f(real(0)?))),
            Compute::Of2(f) => Some(Number::Real(f(real(0)?, real(1)?))),
            Compute::Logarithm(f) => Some(Number::Real(f(real(0).filter(is_positive)?))),
            Compute::LogarithmToBase => {
                let base = Some(log(real(0).filter(is_positive)?)).filter(is_positive)?;
                // Of this one, `func.c` does not ask the type: `12 apples` counts as 12.
                let value = arguments.get(1).map(|one| one.real).filter(is_positive)?;
                Some(Number::Real(log(value) / base))
            }
        }
    }
}

/// What has a logarithm.
fn is_positive(value: &f64) -> bool {
    *value > 0.0
}

/// What SQLite calls.
///
/// # Safety
/// For SQLite alone: `context` is that of a function registered above, and `values` points to `count` values.
unsafe extern "C" fn call(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    let count = usize::try_from(count).unwrap_or_default();
    // SAFETY: SQLite's promise: the context is alive during the call, its data is what `register` gave (a static
    // `Function`), and there are `count` values, which stay where they are. No function here unwinds.
    unsafe {
        let data: *mut c_void = ffi::sqlite3_user_data(context);
        let Some(function) = data.cast::<Function>().as_ref() else {
            return;
        };
        let mut arguments = [Argument {
            number: None,
            real: 0.0,
        }; 2];
        for (at, argument) in arguments.iter_mut().enumerate().take(count) {
            let value = *values.add(at);
            let kind = ffi::sqlite3_value_numeric_type(value);
            argument.real = ffi::sqlite3_value_double(value);
            argument.number = match kind {
                ffi::SQLITE_INTEGER => Some(Number::Integer(ffi::sqlite3_value_int64(value))),
                ffi::SQLITE_FLOAT => Some(Number::Real(argument.real)),
                _ => None,
            };
        }
        match function.compute.of(&arguments) {
            Some(Number::Integer(value)) => ffi::sqlite3_result_int64(context, value),
            Some(Number::Real(value)) => ffi::sqlite3_result_double(context, value),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

#[cfg(test)]
mod tests;
