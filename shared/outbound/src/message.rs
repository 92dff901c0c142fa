//! What may be in an e-mail: nothing that could become a header or a second address (RFC 5322).

use lychgate_core::ports::outside::{Mail, OutsideError};

use crate::outside;

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// The longest subject, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 250;
/// The longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1_024;

/// Refuses a message that would say more than one thing to one person.
pub(crate) fn check(mail: &Mail) -> Result<(), OutsideError> {
    if !is_address(&mail.to) {
        return Err(outside("the e-mail's recipient is not one plain address"));
    }
    if mail.subject.trim().is_empty()
        || mail.subject.len() > SUBJECT_BYTES_MAX
        || mail.subject.chars().any(is_line_or_control)
    {
        return Err(outside("the e-mail's subject is empty, too long or not one line"));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if mail.text.len() > TEXT_BYTES_MAX || mail.text.chars().any(control) {
        return Err(outside("the e-mail's text is too long or has control characters"));
    }
    Ok(())
}

/// Line and paragraph separators are no control characters, but some readers break lines at them.
fn is_line_or_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// One address, `local@domain`, in ASCII. Stricter than RFC 5322: no quoted local parts, no comments, no lists.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_atom_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= ADDRESS_BYTES_MAX
        && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
        && domain.split('.').all(is_label)
}

/// An address, or `Name <address>` with a name of plain words.
pub(crate) fn is_sender(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('<') else {
        return is_address(text);
    };
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b" -".contains(&byte);
    !name.trim().is_empty()
        && name.bytes().all(is_name_byte)
        && rest.strip_suffix('>').is_some_and(is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address() {
        for good in ["ada@example.com", "a.b+c@x-y.example", "o'neil@example.com", "root@localhost"]
        {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example.com,eve@example.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com\n",
            "ada @example.com",
            "Ada <ada@example.com>",
            "\"a\"@example.com",
            "a@b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@exa_mple.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@[127.0.0.1]",
            "ädä@example.com",
            "ada@example.com\0",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
        assert!(!is_address(&format!("{}@example.com", "a".repeat(250))));
    }

    #[test]
    fn a_sender_may_have_a_name() {
        for good in ["sso@example.com", "Acme Sign-in <sso@example.com>"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in
            ["<sso@example.com>", "A, B <a@b.c>", "A <a@b.c> x", "A\r\nX: y <a@b.c>", "A <a@b.c"]
        {
            assert!(!is_sender(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_message_cannot_grow_headers() {
        let mail = |to: &str, subject: &str, text: &str| Mail {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        };
        let to = "ada@example.com";
        assert_eq!(check(&mail(to, "Wähle ein Passwort", "Hallo,\r\n\tAda\n")), Ok(()));
        for (to, subject, text) in [
            ("ada@example.com\r\nBcc: eve@example.com", "Hi", "Hi"),
            (to, "Hi\r\nBcc: eve@example.com", "Hi"),
            (to, "Hi\nX: y", "Hi"),
            (to, "Hi\rX: y", "Hi"),
            (to, "Hi\u{2028}X: y", "Hi"),
            (to, "Hi\u{85}X: y", "Hi"),
            (to, "", "Hi"),
            (to, "Hi", "a\0b"),
            (to, "Hi", "a\u{1b}[2Jb"),
            (to, &"x".repeat(SUBJECT_BYTES_MAX + 1), "Hi"),
            (to, "Hi", &"x".repeat(TEXT_BYTES_MAX + 1)),
        ] {
            assert!(check(&mail(to, subject, text)).is_err(), "{to:?} {subject:?}");
        }
    }
}
