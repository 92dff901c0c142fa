//! E-mails in a folder.

use std::fs;

use lychgate_aws::Tls;
use lychgate_core::ports::outside::{Mail, Mailer};
use lychgate_outbound::{Endpoints, mailer};
use lychgate_testkit::FakeWorld;

use crate::folder::Folder;

fn mail(subject: &str) -> Mail {
    Mail {
        to: "ada@example.com".to_owned(),
        subject: subject.to_owned(),
        text: "Grüße,\nLychgate\n".to_owned(),
    }
}

#[tokio::test]
async fn each_mail_is_a_file_and_names_sort_by_time() {
    let (folder, world) = (Folder::new(), FakeWorld::new(1));
    let setting = format!("folder:{}", folder.path().join("mail").display());
    let mailer = mailer(Some(&setting), &Endpoints::with(Tls::RING)).await.unwrap();
    for number in 0..12 {
        mailer.send(&world.ctx(), &mail(&format!("Number {number}"))).await.unwrap();
        world.advance_secs(1);
    }
    let mut files: Vec<_> = fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 12);
    for (number, path) in files.iter().enumerate() {
        assert_eq!(path.extension().unwrap(), "eml");
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(&format!("\r\nSubject: Number {number}\r\n")), "{text}");
    }
    let first = fs::read_to_string(&files[0]).unwrap();
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("Date: Sun, 22 Nov 2026 09:00:00 +0000\r\n"), "{head}");
    assert!(head.contains("\r\nTo: ada@example.com\r\n"), "{head}");
    assert_eq!(body, "Gr=C3=BC=C3=9Fe,\r\nLychgate\r\n");
}

#[tokio::test]
async fn a_header_cannot_be_smuggled_in() {
    let (folder, world) = (Folder::new(), FakeWorld::new(2));
    let setting = format!("folder:{}", folder.path().display());
    let mailer = mailer(Some(&setting), &Endpoints::with(Tls::RING)).await.unwrap();
    let mut to_two = mail("Hi");
    to_two.to.push_str("\r\nBcc: eve@example.com");
    for wrong in [mail("Hi\r\nBcc: eve@example.com"), to_two] {
        assert!(mailer.send(&world.ctx(), &wrong).await.is_err());
    }
    assert!(folder.names().is_empty());
}
