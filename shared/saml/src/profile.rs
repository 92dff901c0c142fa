//! Whom an assertion names: its NameID and attributes under the names that IdPs give them (S7).
