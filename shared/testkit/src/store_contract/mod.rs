//! What every store must do, as one suite: run on [`MemoryStore`](crate::MemoryStore) (an oracle must itself be checked) and
//! on the real one. [`crate::store_contract!`] makes a test of each case.

mod groups;
mod here;
mod rest;
mod settings;
mod sign_in;
mod sign_in_rest;
mod users;

pub use groups::*;
pub use rest::*;
pub use settings::*;
pub use sign_in::*;
pub use sign_in_rest::*;
pub use users::*;

use lychgate_core::ports::{
    AccessTokens, Applications, Attempts, Directory, EmailDomains, Grants, Groups, Journal,
    Leftovers, OperatorKeys, Organizations, Passwords, Sessions, SettingsLinks, SignIns, Users,
};

/// All ports at once.
pub trait Store:
    Directory
    + Users
    + Groups
    + Organizations
    + Journal
    + AccessTokens
    + OperatorKeys
    + Leftovers
    + SignIns
    + Sessions
    + Grants
    + Applications
    + Attempts
    + Passwords
    + EmailDomains
    + SettingsLinks
{
}

impl<S> Store for S where
    S: Directory
        + Users
        + Groups
        + Organizations
        + Journal
        + AccessTokens
        + OperatorKeys
        + Leftovers
        + SignIns
        + Sessions
        + Grants
        + Applications
        + Attempts
        + Passwords
        + EmailDomains
        + SettingsLinks
{
}

/// A test for every case of the contract. `$store` is an async function without arguments that gives an
/// empty store (`tokio` must be among the caller's dependencies).
#[macro_export]
macro_rules! store_contract {
    ($store:path) => {
        $crate::store_contract! { @cases $store;
            a_created_user_is_read_looked_up_and_counted_at_once,
            a_user_name_belongs_to_one_user,
            a_write_that_expects_an_old_version_is_stale_and_changes_nothing,
            an_update_to_a_taken_name_changes_nothing,
            seats_are_never_exceeded,
            keys_move_with_a_change,
            values_that_are_not_unique_name_everyone_who_has_them,
            deletion_frees_names_and_look_ups_at_once,
            one_fetch_brings_hundreds_of_records_each_once,
            a_fetch_of_strangers_brings_nothing,
            lists_come_in_the_order_of_creation_page_by_page,
            markers_are_found_at_or_below_and_expire,
            a_group_name_belongs_to_one_group,
            members_are_added_and_removed_at_one_version,
            a_stale_membership_change_changes_nothing,
            a_member_that_is_gone_cannot_be_added,
            a_thousand_members_come_and_go_whole,
            more_members_than_were_asked_for_are_too_large,
            members_are_paged_in_the_order_of_their_ids,
            groups_are_nested_in_groups,
            deleting_a_user_leaves_its_groups_without_it,
            deleting_a_group_leaves_its_members_without_it,
            deleting_a_nested_group_leaves_its_parent_without_it,
            changing_a_user_keeps_its_memberships,
            the_owners_change_in_the_transaction_of_the_user,
            events_come_in_the_order_of_commits,
            the_history_is_read_backwards_with_the_names_of_its_actors,
            organizations_have_their_domains_alone,
            organizations_are_listed_in_order,
            two_organizations_never_meet,
            requests_are_listed_newest_first,
            unknown_members_are_remembered,
            access_tokens_are_kept_per_organization,
            operator_keys_come_and_go,
            nothing_is_left_over_after_a_quiet_day,
            a_started_sign_in_is_found_until_it_ends,
            a_sign_in_writes_all_of_it,
            a_sign_in_that_fails_writes_nothing,
            an_assertion_is_used_once,
            a_test_uses_its_assertion_up,
            of_twenty_equal_sign_ins_one_succeeds,
            the_last_sign_in_moves_no_version,
            nobody_signs_in_to_nowhere,
            connections_are_written_at_their_version,
            a_setup_brings_everything_in_order,
            sessions_end_and_are_written_at_their_version,
            a_crowd_of_sessions_ends,
            a_code_is_redeemed_by_one,
            passwords_go_with_their_member,
            links_and_counters_end,
            attempts_are_listed_newest_first,
            applications_are_written_at_their_version,
            an_email_domain_leads_to_one_organization,
            links_into_the_settings_are_written_at_their_version,
            links_into_the_settings_are_kept_for_a_while_after_their_end,
            who_opens_the_settings_is_read_in_one_call,
            of_twenty_browsers_one_opens_a_link,
        }
    };
    (@cases $store:path; $($case:ident,)*) => { $(
        #[tokio::test]
        async fn $case() {
            let world = $crate::FakeWorld::new($crate::store_contract::seed(stringify!($case)));
            let store = $store().await;
            $crate::store_contract::$case(&store, &world).await;
        }
    )* };
}

/// A seed of its own for every case.
#[must_use]
pub fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
