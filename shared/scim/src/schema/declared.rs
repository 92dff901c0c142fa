//! Attributes that an operator declares for their product (P9).
