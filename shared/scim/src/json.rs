//! Reading JSON from strangers, with limits.
