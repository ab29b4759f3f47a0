//! Who the admin user is, where the sign-in did not say.

use super::client::Client;
use super::id::{Id, prefix};
use super::login::SignedIn;
use super::query;
use super::soql::{Condition, Literal, Select};
use crate::host::Host;
use crate::model::Result;

impl<H: Host> Client<H> {
    /// What is known of the admin user, with time zone, locale and language. A SOAP sign-in tells them; after one by OAuth
    /// the first call asks for them.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn identity(&self) -> Result<SignedIn> {
        const TIME_ZONE: &str = "TimeZoneSidKey";
        const LOCALE: &str = "LocaleSidKey";
        const LANGUAGE: &str = "LanguageLocaleKey";
        let mut known = self.signed_in();
        let (None, Ok(id)) = (&known.time_zone, Id::parse_of(&known.user_id, prefix::USER)) else { return Ok(known) };
        let query =
            Select::new("User", &[TIME_ZONE, LOCALE, LANGUAGE]).filter(&Condition::equals("Id", Literal::Id(id)));
        query::for_each(self, &query, "the admin user's own locale", |record| {
            let text = |name| record.text(name).map(str::to_owned);
            (known.time_zone, known.locale, known.language) = (text(TIME_ZONE), text(LOCALE), text(LANGUAGE));
        })?;
        *self.signed_in.borrow_mut() = known.clone();
        Ok(known)
    }
}
