//! What reaches out, the table apart: KMS, SES, other people's metadata, logout tokens; and files in their place.
