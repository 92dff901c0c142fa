//! The core User schema (RFC 7643 §4.1), with Lychgate's `sendEmails`.
