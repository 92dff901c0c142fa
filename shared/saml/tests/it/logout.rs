//! Logout messages of the corpus.

use serde_json::{Value, json};

use crate::judge::{Connection, Filed};

pub(crate) fn outcome(_connection: &Connection, case: &Filed) -> Value {
    json!({"rejection": format!("{:?}", case.kind)})
}
