//! Text to [`Filter`] (the ABNF of RFC 7644 §3.4.2.2) and to [`Path`] (§3.5.2). Recursive, with a bound on
//! the depth; never panics.

use serde_json::Number;

use super::ast::{Filter, Literal, Operator};
use crate::path::{ATTR_PATH_BYTES_MAX, AttrPath, Path, is_path_char, is_sub_attribute, quote};
use crate::{Error, ErrorKind};

/// The longest filter, in bytes.
pub const FILTER_BYTES_MAX: usize = 8 * 1024;
/// How deep parentheses, brackets and `not` may nest.
pub const FILTER_DEPTH_MAX: usize = 50;
/// The most comparisons in one filter.
pub const FILTER_TERMS_MAX: usize = 200;

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when it is not of the grammar (with the position in characters, from 1, and
    /// what was expected there) or over [`FILTER_BYTES_MAX`], [`FILTER_DEPTH_MAX`] or [`FILTER_TERMS_MAX`].
    ///
    /// ```
    /// use lychgate_scim::filter::Filter;
    ///
    /// let filter = Filter::parse(r#"userName EQ "ada" And (active eq true)"#)?;
    /// assert_eq!(filter.to_string(), r#"userName eq "ada" and active eq true"#);
    /// # Ok::<(), lychgate_scim::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > FILTER_BYTES_MAX {
            return Err(Error::invalid_filter(format!(
                "the filter is {} bytes long; at most {FILTER_BYTES_MAX} are allowed",
                text.len()
            )));
        }
        Parser::new(text, ErrorKind::InvalidFilter).whole_filter()
    }
}

/// A cursor over the text. `kind` decides what an error is called: the same grammar stands in a filter and in
/// the bracket of a path.
pub(crate) struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
    kind: ErrorKind,
    depth: usize,
    terms: usize,
}

impl<'t> Parser<'t> {
    pub(crate) const fn new(text: &'t str, kind: ErrorKind) -> Self {
        Self { text, rest: text, kind, depth: 0, terms: 0 }
    }

    /// A filter and nothing behind it.
    fn whole_filter(mut self) -> Result<Filter, Error> {
        self.skip_space();
        if self.rest.is_empty() {
            return Err(
                self.error("the filter is empty", "write one, such as `userName eq \"ada\"`")
            );
        }
        let filter = self.disjunction(false)?;
        self.end()?;
        Ok(filter)
    }

    /// A PATCH path and nothing behind it.
    pub(crate) fn whole_path(mut self) -> Result<Path, Error> {
        self.skip_space();
        let attribute = self.attr_path()?;
        let mut path = Path { attribute, filter: None, sub: None };
        if self.eat('[') {
            path.filter = Some(self.bracket()?);
            path.sub = self.sub_attribute()?;
        }
        self.end()?;
        Ok(path)
    }

    /// `a or b or …`
    fn disjunction(&mut self, in_bracket: bool) -> Result<Filter, Error> {
        let mut parts = vec![self.conjunction(in_bracket)?];
        while self.eat_keyword("or") {
            parts.push(self.conjunction(in_bracket)?);
        }
        Ok(Filter::or(parts))
    }

    /// `a and b and …`, which binds tighter than `or` (RFC 7644 §3.4.2.2).
    fn conjunction(&mut self, in_bracket: bool) -> Result<Filter, Error> {
        let mut parts = vec![self.factor(in_bracket)?];
        while self.eat_keyword("and") {
            parts.push(self.factor(in_bracket)?);
        }
        Ok(Filter::and(parts))
    }

    fn factor(&mut self, in_bracket: bool) -> Result<Filter, Error> {
        self.skip_space();
        if self.eat('(') {
            return self.parenthesized(in_bracket);
        }
        if self.eat_not() {
            let inner = self.parenthesized(in_bracket)?;
            return Ok(Filter::Not(Box::new(inner)));
        }
        self.term(in_bracket)
    }

    /// Behind an opening parenthesis.
    fn parenthesized(&mut self, in_bracket: bool) -> Result<Filter, Error> {
        self.enter()?;
        let inner = self.disjunction(in_bracket)?;
        self.skip_space();
        if !self.eat(')') {
            return Err(self.expected("a closing parenthesis"));
        }
        self.depth -= 1;
        Ok(inner)
    }

    /// Behind an opening bracket: the value filter up to and with the closing one.
    fn bracket(&mut self) -> Result<Filter, Error> {
        self.enter()?;
        self.skip_space();
        let inner = self.disjunction(true)?;
        self.skip_space();
        if !self.eat(']') {
            return Err(self.expected("a closing bracket"));
        }
        self.depth -= 1;
        Ok(inner)
    }

    /// `.name` behind a closing bracket.
    fn sub_attribute(&mut self) -> Result<Option<String>, Error> {
        let before = self.rest;
        if !self.eat('.') {
            return Ok(None);
        }
        let word = self.word();
        if is_sub_attribute(word) {
            return Ok(Some(word.to_owned()));
        }
        self.rest = before;
        Err(self.expected("the name of a sub-attribute behind `].`"))
    }

    fn term(&mut self, in_bracket: bool) -> Result<Filter, Error> {
        self.terms += 1;
        if self.terms > FILTER_TERMS_MAX {
            return Err(self.error(
                &format!("more than {FILTER_TERMS_MAX} comparisons"),
                "split the request into several",
            ));
        }
        let path = self.attr_path()?;
        if self.rest.starts_with('[') {
            if in_bracket {
                return Err(self.error(
                    "a bracket inside a bracket",
                    "join the conditions with `and` in one bracket",
                ));
            }
            self.eat('[');
            let filter = self.bracket()?;
            let Some(sub) = self.sub_attribute()? else {
                return Ok(Filter::Within { path, filter: Box::new(filter) });
            };
            // Entra and Rippling: `emails[type eq "work"].value eq "x"`. The RFC has sub-attributes behind
            // brackets in PATCH paths only; here it means that the same element fulfils both.
            let Some(sub) = AttrPath::checked(&sub) else {
                return Err(self.expected("the name of a sub-attribute behind `].`"));
            };
            let test = self.test(sub)?;
            let filter = Box::new(Filter::and(vec![filter, test]));
            return Ok(Filter::Within { path, filter });
        }
        self.test(path)
    }

    /// The operator and the literal behind a path.
    fn test(&mut self, path: AttrPath) -> Result<Filter, Error> {
        self.skip_space();
        let before = self.rest;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(operator) = Operator::from_keyword(word) else {
            self.rest = before;
            return Err(self.expected("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr"));
        };
        self.skip_space();
        let literal = self.literal()?;
        Ok(Filter::Compare { path, operator, literal })
    }

    fn attr_path(&mut self) -> Result<AttrPath, Error> {
        let before = self.rest;
        let word = self.word();
        if word.len() > ATTR_PATH_BYTES_MAX {
            self.rest = before;
            return Err(self.error(
                &format!("an attribute path longer than {ATTR_PATH_BYTES_MAX} bytes"),
                "shorten it",
            ));
        }
        AttrPath::checked(word).ok_or_else(|| {
            self.rest = before;
            self.expected("the name of an attribute")
        })
    }

    fn literal(&mut self) -> Result<Literal, Error> {
        let before = self.rest;
        if self.rest.starts_with('"') {
            return self.text_literal();
        }
        let length = before
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(before.len());
        let (word, rest) = before.split_at_checked(length).unwrap_or((before, ""));
        self.rest = rest;
        if word.eq_ignore_ascii_case("true") {
            return Ok(Literal::Boolean(true));
        }
        if word.eq_ignore_ascii_case("false") {
            return Ok(Literal::Boolean(false));
        }
        if word.eq_ignore_ascii_case("null") {
            return Ok(Literal::Null);
        }
        word.parse::<Number>().map(Literal::Number).map_err(|_| {
            self.rest = before;
            self.expected("a value: text in double quotes, a number, true, false or null")
        })
    }

    /// A JSON string with its escapes (RFC 7644 §3.4.2.2 `compValue` is JSON).
    fn text_literal(&mut self) -> Result<Literal, Error> {
        let before = self.rest;
        let mut escaped = false;
        let mut end = None;
        for (at, c) in before.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    end = Some(at + 1);
                    break;
                }
                _ => {}
            }
        }
        let split = end.and_then(|end| before.split_at_checked(end));
        let Some((quoted, rest)) = split else {
            return Err(self.error("a text without its closing double quote", "close it with `\"`"));
        };
        match serde_json::from_str::<String>(quoted) {
            Ok(text) => {
                self.rest = rest;
                Ok(Literal::Text(text))
            }
            Err(_) => Err(self.error(
                "a text that is no JSON string",
                "write `\\\\` for a backslash and `\\\"` for a double quote",
            )),
        }
    }

    /// The longest run of characters that can stand in an attribute path.
    fn word(&mut self) -> &'t str {
        let length = self.rest.find(|c| !is_path_char(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        word
    }

    /// `and` or `or` between two factors.
    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let before = self.rest;
        self.skip_space();
        if self.word().eq_ignore_ascii_case(keyword) {
            return true;
        }
        self.rest = before;
        false
    }

    /// `not` and the parenthesis that must follow; an attribute may be called `not`.
    fn eat_not(&mut self) -> bool {
        let before = self.rest;
        if self.word().eq_ignore_ascii_case("not") {
            self.skip_space();
            if self.eat('(') {
                return true;
            }
        }
        self.rest = before;
        false
    }

    fn eat(&mut self, c: char) -> bool {
        if let Some(rest) = self.rest.strip_prefix(c) {
            self.rest = rest;
            return true;
        }
        false
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > FILTER_DEPTH_MAX {
            return Err(self.error(
                &format!("more than {FILTER_DEPTH_MAX} levels of parentheses"),
                "write it with fewer",
            ));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        self.skip_space();
        if self.rest.is_empty() {
            return Ok(());
        }
        let expected = if matches!(self.kind, ErrorKind::InvalidPath) {
            "the end of the path"
        } else {
            "`and`, `or` or the end of the filter"
        };
        Err(self.expected(expected))
    }

    fn expected(&self, what: &str) -> Error {
        let got = if self.rest.is_empty() {
            "the end".to_owned()
        } else {
            format!("`{}`", quote(self.rest))
        };
        self.error(&format!("expected {what}, got {got}"), "correct it there")
    }

    fn error(&self, what: &str, hint: &str) -> Error {
        let noun = if matches!(self.kind, ErrorKind::InvalidPath) { "path" } else { "filter" };
        let read = self.text.len().saturating_sub(self.rest.len());
        let position = self.text.char_indices().take_while(|(at, _)| *at < read).count() + 1;
        Error::new(
            self.kind,
            format!(
                "the {noun} `{}` cannot be read at character {position}: {what}; {hint}",
                quote(self.text)
            ),
        )
    }
}
