//! Messages that are no Response: logout, and signatures of the Redirect binding.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    Vec::new()
}
