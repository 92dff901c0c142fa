//! E-mails as files, in the place of SES: for the local server and for tests. Every mail program opens an `.eml`.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_core::{
    ctx::Ctx,
    ports::outside::{Mail, Mailer, OutsideError},
    time::Timestamp,
};

use crate::{message, outside};

/// Who the files say has sent them.
pub const SENDER: &str = "Lychgate <lychgate@localhost>";
/// The longest line of a quoted-printable body, in characters (RFC 2045 §6.7).
const LINE_CHARS_MAX: usize = 76;
/// How many bytes of text one encoded word takes: with its frame it stays below 75 characters (RFC 2047 §2).
const WORD_BYTES_MAX: usize = 42;

/// Writes each e-mail as a file of its own. Sorted by name they are sorted by time.
#[derive(Debug, Clone)]
pub struct MailFolder {
    folder: PathBuf,
}

impl MailFolder {
    /// In this folder, which is made when it is missing.
    ///
    /// # Errors
    /// A sentence when it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}.", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }
}

impl Mailer for MailFolder {
    async fn send(&self, ctx: &Ctx<'_>, mail: &Mail) -> Result<(), OutsideError> {
        message::check(mail)?;
        let mut random = [0_u8; 8];
        ctx.world.fill(&mut random);
        let id = format!("{:016x}", u64::from_be_bytes(random));
        let text = eml(mail, ctx.now(), &id);
        // Colons are refused by some file systems.
        let name = format!("{}-{id}", ctx.now().rfc3339().replace(':', "."));
        let (beside, path) =
            (self.folder.join(format!("{name}.new")), self.folder.join(format!("{name}.eml")));
        // Whole or not at all: somebody may be watching the folder. Links to sign in are nobody else's business.
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&beside)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| outside(format!("{} cannot be written: {error}", path.display())))
    }
}

/// RFC 5322, with a quoted-printable body.
fn eml(mail: &Mail, now: Timestamp, id: &str) -> String {
    let (to, date) = (&mail.to, date(now));
    let subject = header_text(&mail.subject);
    let body = quoted_printable(&mail.text);
    format!(
        "Date: {date}\r\nFrom: {SENDER}\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@localhost>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\
         \r\n{body}"
    )
}

/// `Sun, 22 Nov 2026 09:00:00 +0000` (RFC 5322 §3.3).
fn date(now: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 1970 began on a Thursday.
    let weekday = usize::try_from(now.unix_secs() / 86_400 % 7).unwrap_or_default();
    let text = now.rfc3339();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    let (weekday, month) = (
        DAYS.get(weekday).copied().unwrap_or_default(),
        MONTHS.get(month).copied().unwrap_or_default(),
    );
    format!("{weekday}, {} {month} {} {} +0000", part(8, 10), part(0, 4), part(11, 19))
}

/// As it is when it is short ASCII, else in encoded words (RFC 2047 §2), one to a line.
fn header_text(text: &str) -> String {
    if text.is_ascii() && text.len() <= LINE_CHARS_MAX - "Subject: ".len() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD_BYTES_MAX => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

/// RFC 2045 §6.7. Lines of the text stay lines, whichever way they were ended.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.replace("\r\n", "\n").replace('\r', "\n").trim_end_matches('\n').split('\n') {
        let mut column = 0;
        for (index, byte) in line.bytes().enumerate() {
            let last = index + 1 == line.len();
            let plain = match byte {
                b' ' | b'\t' => !last,
                b'=' => false,
                _ => byte.is_ascii_graphic(),
            };
            let width = if plain { 1 } else { 3 };
            // One column is kept for the `=` that a soft line break needs.
            if column + width > LINE_CHARS_MAX - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_as_mail_has_it() {
        let at = |text: &str| date(Timestamp::parse_rfc3339(text).unwrap());
        assert_eq!(at("2026-11-22T09:00:00Z"), "Sun, 22 Nov 2026 09:00:00 +0000");
        assert_eq!(at("1970-01-01T00:00:00Z"), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(at("2024-02-29T23:59:59Z"), "Thu, 29 Feb 2024 23:59:59 +0000");
    }

    #[test]
    fn a_body_is_short_ascii_lines_and_comes_back() {
        let long = format!(
            "https://sso.example.com/password?key={}\nZürich, déjà vu 🙂 \nend=\n",
            "k=".repeat(120)
        );
        let body = quoted_printable(&long);
        assert!(body.is_ascii());
        assert!(
            body.split("\r\n").all(|line| line.len() <= LINE_CHARS_MAX && !line.contains('\n'))
        );
        assert!(body.split("\r\n").all(|line| !line.ends_with([' ', '\t'])));
        assert_eq!(decoded(&body), long);
    }

    /// A reader of quoted-printable that knows nothing of the writer.
    fn decoded(body: &str) -> String {
        let joined = body.replace("=\r\n", "").replace("\r\n", "\n");
        let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
        while let Some((first, tail)) = rest.split_first() {
            if *first == b'=' {
                let digits = std::str::from_utf8(&tail[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_subject_outside_ascii_is_encoded() {
        assert_eq!(header_text("Choose a password"), "Choose a password");
        assert_eq!(header_text("Zürich"), "=?utf-8?B?WsO8cmljaA==?=");
        assert_eq!(header_text("=?utf-8?B?WA==?="), "=?utf-8?B?PT91dGYtOD9CP1dBPT0/PQ==?=");
        let long = header_text(&"Zürich ".repeat(20));
        assert!(long.split("\r\n ").all(|line| line.len() <= 75), "{long}");
        assert!(long.split("\r\n ").count() > 3);
    }
}
