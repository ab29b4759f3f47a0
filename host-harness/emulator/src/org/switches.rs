//! Where sources about Salesforce disagree, and where orgs differ: switches, so that a client can be tested both ways.

use serde::{Deserialize, Serialize};

use super::catalogue::Features;

/// The org's answers to questions that sources answer differently, and its settings. The defaults are the likelier answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Switches {
    /// HTTP status of `UNKNOWN_EXCEPTION` refusals such as the account owner without a role: 400, or 500 as documented (L).
    pub unknown_exception_status: u16,
    /// Whether the SOAP `login` call is there at all; new orgs have it off (H).
    pub soap_login: bool,
    /// Whether SOAP `login` needs the permission "Use Any API Auth", which nobody has. New orgs do so since Summer '26, all
    /// orgs from Winter '27 on (H; the words are M).
    pub soap_login_needs_permission: bool,
    /// Whether the organisation calls itself a sandbox.
    pub sandbox: bool,
    /// API requests a day (H: shown in `Sforce-Limit-Info` and `limits`).
    pub daily_api_requests: u64,
    /// Wrong passwords until a user is locked out; Salesforce's default policy is 10.
    pub failed_logins_until_lockout: u32,
    /// Earlier passwords that may not come again; Salesforce's default policy remembers 3.
    pub remembered_passwords: u32,
    /// Least length of a password; Salesforce's default policy is 8.
    pub minimum_password_length: usize,
    /// "Allow use of setPassword() API for self-resets": whether SOAP sets one's own password while it holds (H).
    pub set_own_password: bool,
    /// How long a session lives without use, in seconds; Salesforce's default is two hours.
    pub session_seconds: i64,
    /// How many requests may be under way at one time; no limit when absent. Salesforce counts those that run for
    /// longer than 20 seconds and allows 25 of them (H); here each request counts.
    pub concurrent_api_requests: Option<u32>,
    /// At which look a Bulk job is complete: 1 is the first `GET` of the job, and looks before it show `InProgress`; 0
    /// is at once.
    pub bulk_polls: u32,
    /// Whether each further set of a Bulk query's results begins with the header row again.
    pub bulk_results_repeat_header: bool,
    /// Whether a boolean field of a JSON body takes the texts `true` and `false`, as two vendors' guides have it (M), or JSON's
    /// own values alone. No text else is taken (H), and a Bulk job's rows are texts anyway.
    pub boolean_texts: bool,
    /// Whether internal users must put their security token behind the password; not from a trusted network (H).
    pub security_token_required: bool,
    /// Whether logins come from outside the addresses that the users' profiles allow (H for the code, M for the words).
    pub login_address_restricted: bool,
    /// Whether it is outside the hours in which the users' profiles allow a login (H for the code, L for the words).
    pub login_hours_restricted: bool,
    /// Whether the edition has the API at all (H for the code, M for the words).
    pub api_enabled: bool,
    /// Whether the org's address stands for its My Domain; otherwise for `login.salesforce.com`, which knows no client
    /// credentials (H).
    pub my_domain: bool,
    /// "Allow OAuth Username-Password Flows"; new orgs have it off (H).
    pub oauth_password_flow: bool,
    /// HTTP status of what REST says to a session whose password has expired: 403 (M), or 401 as two clients have it (M).
    pub expired_password_status: u16,
    /// Whether the connected app has a user to run as for client credentials; the administrator if so.
    pub client_credentials_user: bool,
    /// Whether the org takes the app at all.
    pub app_refusal: AppRefusal,
    /// The connected app's "Permitted Users": administrators are approved and nobody else may use it (true), or all
    /// users may approve it for themselves (false).
    pub admin_approved_users_only: bool,
    /// Whether each part of a failed graph shows the error of the part that failed, as version 50 did (M), instead of
    /// `PROCESSING_HALTED`.
    pub graph_repeats_error: bool,
    /// Account role optimisation: an account's first user takes a role that is shared by its owner's accounts; only the
    /// second makes the account's own roles (H).
    pub account_role_optimization: bool,
    /// How many roles an account gets, from the bottom up: 1 to 3 (H).
    pub portal_roles_per_account: u8,
    /// How many internal roles the org may have; no limit when absent. Salesforce starts with 500 (M).
    pub role_limit: Option<u32>,
    /// Whether users may have the external profiles that come with a licence, or only copies of them (H).
    pub standard_external_profiles: bool,
    /// Whether a profile of another licence is refused with the permission that the licence lacks (H) instead of the
    /// more common sentence (H).
    pub profile_refusal_names_permission: bool,
    /// Domains that internal users' e-mail addresses must lie in; none means any (H).
    pub email_domains: Vec<String>,
    /// What the org does with contacts that it has already.
    pub contact_duplicates: DuplicateRule,
    /// Whether a refusal calls what it found `duplicateResult` and not, as it does, `duplicateResut` (H for both).
    pub duplicate_result_spelt_right: bool,
    /// The org's validation rules.
    pub validation_rules: Vec<ValidationRule>,
    /// Usernames of users who cannot be deactivated because the org relies on them: default lead owners and their like
    /// (H).
    pub cannot_deactivate: Vec<String>,
    /// Whether `IsActive` beside `IsPortalEnabled = false` is refused (M); Salesforce's own instructions send both.
    pub refuse_is_active_with_disable: bool,
    /// Whether a row of a collection that was undone still has the id of its record, as in the documents (H), or not, as in
    /// a recorded answer (H).
    pub rolled_back_rows_keep_id: bool,
    /// Most records on a page of a query's answer. Salesforce gives fewer than 2,000 where rows are wide, whatever the client
    /// asks for (H).
    pub largest_query_page: usize,
    /// How long each request waits before it is worked on, in milliseconds.
    pub latency_milliseconds: u32,
    /// How many rows a second leave the organization: pages of queries, results of Bulk jobs and collections of records take as
    /// long. `None` if nothing is held back.
    pub rows_per_second: Option<u32>,
    /// "State and Country/Territory Picklists": addresses have codes, and take only what is in the lists (H).
    pub state_and_country_picklists: bool,
    /// Whether the organization has several currencies, and records one of them each (H).
    pub multi_currency: bool,
    /// Whether accounts and contacts have record types (H).
    pub record_types: bool,
    /// Objects that queries do not find, by their API names: those that the profiles of whoever uses the API may not see
    /// (H: to them the org has no such objects).
    pub hidden_objects: Vec<String>,
}

/// How the token endpoint refuses an app that the org doesn't take (M: several reports each).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppRefusal {
    /// Not at all.
    #[default]
    None,
    /// The connected app isn't installed, and such apps are blocked since September 2025.
    NotInstalled,
    /// The external client app isn't installed.
    ExternalClientAppMissing,
}

/// What the org does with a contact that it has already (H).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DuplicateRule {
    /// Nothing.
    #[default]
    Off,
    /// It refuses, unless the request says `allowSave=true`.
    Alert,
    /// It refuses.
    Block,
}

/// A validation rule: which records are at fault, and what is said of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidationRule {
    /// The object's API name.
    pub object: String,
    /// The field that is looked at.
    pub field: String,
    /// The form of a value that is refused, without regard to case; `*` stands for any run of characters, and nothing
    /// for an empty field.
    pub refuses: String,
    /// What is said, verbatim.
    pub message: String,
    /// Whether the refusal names the field; otherwise it stands for the whole record.
    #[serde(default)]
    pub at_field: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            unknown_exception_status: 400,
            soap_login: true,
            soap_login_needs_permission: false,
            sandbox: false,
            daily_api_requests: 100_000,
            failed_logins_until_lockout: 10,
            remembered_passwords: 3,
            minimum_password_length: 8,
            set_own_password: false,
            session_seconds: 7_200,
            concurrent_api_requests: None,
            bulk_polls: 2,
            bulk_results_repeat_header: true,
            boolean_texts: true,
            security_token_required: true,
            login_address_restricted: false,
            login_hours_restricted: false,
            my_domain: true,
            oauth_password_flow: true,
            expired_password_status: 403,
            client_credentials_user: true,
            app_refusal: AppRefusal::None,
            admin_approved_users_only: true,
            graph_repeats_error: false,
            api_enabled: true,
            account_role_optimization: false,
            portal_roles_per_account: 3,
            role_limit: Some(500),
            standard_external_profiles: true,
            profile_refusal_names_permission: false,
            email_domains: Vec::new(),
            contact_duplicates: DuplicateRule::Off,
            duplicate_result_spelt_right: false,
            validation_rules: Vec::new(),
            cannot_deactivate: Vec::new(),
            refuse_is_active_with_disable: true,
            rolled_back_rows_keep_id: true,
            largest_query_page: 2_000,
            latency_milliseconds: 0,
            rows_per_second: None,
            state_and_country_picklists: false,
            multi_currency: false,
            record_types: false,
            hidden_objects: Vec::new(),
        }
    }
}

impl Switches {
    /// What the organization has turned on.
    #[must_use]
    pub(crate) fn features(&self) -> Features {
        Features {
            states_and_countries: self.state_and_country_picklists,
            currencies: self.multi_currency,
            record_types: self.record_types,
        }
    }
}
