//! What the connector does: one file for each function of the WIT interface.

mod deactivate_users;
mod describe;
mod digest;
mod endings;
mod import_users;
mod list_attributes;
mod list_entitlements;
mod push_users;
mod retired;
mod rows;
mod schema;
mod seats;
mod session;
mod sync_password;
mod take_back_users;
mod test_credentials;

pub use describe::describe;
#[doc(hidden)]
pub use import_users::fuzz_cursor;
pub use session::Session;
pub use test_credentials::test_credentials;

/// The `UserType` values of users with a portal licence (H): High Volume Portal, Customer Portal User, Customer Portal
/// Manager, Partner.
const PORTAL_USER_TYPES: [&str; 4] = ["CspLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "PowerPartner"];

const ID: &str = "Id";

fn is_portal_user_type(user_type: &str) -> bool {
    PORTAL_USER_TYPES.contains(&user_type)
}
