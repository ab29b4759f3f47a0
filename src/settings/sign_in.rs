//! How the tenant signs in: the settings that each way needs.

use super::{Reader, definition, names};
use crate::salesforce::login::{App, Credentials, Method, Password};

impl Reader {
    /// The credentials, where all that their way of signing in needs is there.
    pub(super) fn credentials(&mut self) -> Option<Credentials> {
        let login_url = self.login_url();
        let way = self
            .optional(names::SIGN_IN)
            .map_or(definition::DEFAULT_SIGN_IN.to_owned(), |way| way.to_ascii_lowercase());
        let (username, method) = match way.as_str() {
            definition::SOAP => {
                let (username, password) = (self.admin(), self.password());
                (username, password.map(Method::Soap))
            }
            definition::PASSWORD_FLOW => {
                let (app, username, password) = (self.app(), self.admin(), self.password());
                (username, app.zip(password).map(|(app, password)| Method::PasswordFlow(app, password)))
            }
            definition::CLIENT_CREDENTIALS => {
                let app = self.app();
                // The app names the user that it runs as; one named here as well would be ignored.
                (Some(String::new()), app.map(Method::ClientCredentials))
            }
            definition::JWT_BEARER => {
                let (id, username) = (self.required(names::CLIENT_ID), self.admin());
                let key = self.required_secret(names::PRIVATE_KEY);
                (username, id.zip(key).map(|(id, key)| Method::JwtBearer(id, key)))
            }
            _ => {
                let name = names::SIGN_IN;
                self.problem(name, format!("{name} is none of {}", definition::SIGN_INS.join(", ")));
                (None, None)
            }
        };
        Some(Credentials { login_url: login_url?, username: username?, method: method? })
    }

    fn admin(&mut self) -> Option<String> {
        let username = self.required(names::USERNAME)?;
        if crate::attributes::is_email(&username) {
            return Some(username);
        }
        self.problem(names::USERNAME, format!("{} does not have the form of an e-mail address", names::USERNAME));
        None
    }

    fn password(&mut self) -> Option<Password> {
        let password = self.required_secret(names::PASSWORD);
        let security_token = self.secret(names::SECURITY_TOKEN);
        Some(Password { password: password?, security_token })
    }

    fn app(&mut self) -> Option<App> {
        let (id, secret) = (self.required(names::CLIENT_ID), self.required_secret(names::CLIENT_SECRET));
        Some(App { id: id?, secret: secret? })
    }

    fn secret(&self, name: &str) -> Option<String> {
        let (_, value) = self.values.iter().find(|(have, value)| have == name && super::is_placeholder(value))?;
        Some(value.clone())
    }

    fn required_secret(&mut self, name: &str) -> Option<String> {
        let secret = self.secret(name);
        // One that came as a plain value has its own sentence already.
        if secret.is_none() && !self.values.iter().any(|(have, _)| have == name) {
            self.problem(name, format!("{name} is missing"));
        }
        secret
    }
}
