//! Answers as plain text: tables and lines. What comes from outside cannot steer the terminal.

use serde_json::Value;

/// The value at a dotted path as a person reads it; `-` when there is none.
pub(crate) fn cell(value: &Value, path: &str) -> String {
    let mut value = value;
    for name in path.split('.') {
        value = value.get(name).unwrap_or(&Value::Null);
    }
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items =
                items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    if text.is_empty() { "-".to_owned() } else { safe(&text) }
}

/// Without control characters: a name with an escape sequence must not write elsewhere on the screen.
pub(crate) fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A table of the items of a list: a title and a path for each column.
pub(crate) fn table(list: &Value, columns: &[(&str, &str)]) -> String {
    let items = list.get("items").and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return "None.\n".to_owned();
    }
    let mut rows = vec![columns.iter().map(|(title, _)| (*title).to_owned()).collect::<Vec<_>>()];
    rows.extend(
        items.iter().map(|item| columns.iter().map(|(_, path)| cell(item, path)).collect()),
    );
    let mut widths = vec![0; columns.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Lines of `title  value`.
pub(crate) fn lines(value: &Value, members: &[(&str, &str)]) -> String {
    let width = members.iter().map(|(title, _)| title.chars().count()).max().unwrap_or_default();
    let line = |(title, path): &(&str, &str)| format!("{title:<width$}  {}\n", cell(value, path));
    members.iter().map(line).collect()
}

/// The answer as it came.
pub(crate) fn raw(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The answer as it came, or as text.
pub(crate) fn either(json: bool, value: &Value, text: impl FnOnce(&Value) -> String) -> String {
    if json { raw(value) } else { text(value) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let list = json!({ "items": [
            { "id": "a", "name": "Ada", "on": true },
            { "id": "bcd", "name": null, "on": false, "deep": { "x": 3 } },
        ]});
        let text = table(&list, &[("ID", "id"), ("NAME", "name"), ("ON", "on"), ("X", "deep.x")]);
        assert_eq!(text, "ID   NAME  ON   X\na    Ada   yes  -\nbcd  -     no   3\n");
        assert_eq!(table(&json!({ "items": [] }), &[("ID", "id")]), "None.\n");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let value = json!({ "name": "\u{1b}[2Jx\r\ny" });
        assert_eq!(cell(&value, "name"), "\u{fffd}[2Jx\u{fffd}\u{fffd}y");
    }
}
