//! `_geo`, the one field whose value the engine checks itself.

use crate::document::convert::Unfit;

/// null, or an object of exactly `lat` and `lng`, numbers or texts of numbers. For anything else, an object of nulls
/// above all, the engine fails the whole batch, and with it all that was joined to it.
pub(super) fn check(json: &[u8]) -> Result<(), Unfit> {
    let reason = match serde_json::from_slice(json) {
        Ok(serde_json::Value::Null) => return Ok(()),
        Ok(serde_json::Value::Object(point)) => match (point.get("lat"), point.get("lng")) {
            (Some(lat), Some(lng)) if point.len() == 2 => {
                if is_number(lat) && is_number(lng) {
                    return Ok(());
                }
                "lat and lng must be numbers, or the whole of it NULL"
            }
            _ => "it must have lat and lng and nothing else",
        },
        _ => "it must be NULL or an object of lat and lng",
    };
    Err(Unfit::NotCoordinates(reason))
}

fn is_number(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(_) => true,
        serde_json::Value::String(text) => text.parse::<f64>().is_ok_and(f64::is_finite),
        _ => false,
    }
}
