//! Canonicalizes for the judge that compares with libxml2. Each line of standard input is
//! `base64(document) TAB inclusive|exclusive TAB prefix list TAB number of the element in document order`; each line of
//! standard output is the canonical form in base64, or `refused` and the reason.

use std::io::{self, BufRead, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use lychgate_saml::{
    Rejection,
    c14n::{Method, canonicalize},
    xml::{Limits, Source},
};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        match answer(&line?) {
            Ok(canonical) => writeln!(out, "{}", STANDARD.encode(canonical))?,
            Err(rejection) => writeln!(out, "refused {rejection}")?,
        }
    }
    out.flush()
}

fn answer(line: &str) -> Result<String, Rejection> {
    let malformed = || Rejection::Xml("a line of another form".to_owned());
    let mut fields = line.split('\t');
    let mut field = || fields.next().ok_or_else(malformed);
    let document = STANDARD.decode(field()?).map_err(|_| malformed())?;
    let method = match (field()?, field()?) {
        ("inclusive", _) => Method::Inclusive,
        (_, prefix_list) => Method::exclusive(prefix_list),
    };
    let number: usize = field()?.parse().map_err(|_| malformed())?;
    let source = Source::new(&document, &Limits::MESSAGE)?;
    let document = source.parse()?;
    let element = document.root().descendants().nth(number).ok_or_else(malformed)?;
    Ok(canonicalize(element, None, &method))
}
