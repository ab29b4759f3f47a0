//! `setPassword`, `changeOwnPassword` and `resetPassword`.

use quick_xml::escape::escape;

use super::envelope::{Envelope, Fault};
use super::session::Caller;
use crate::http::Shared;
use crate::login;
use crate::org::unconfirmed::Unconfirmed;
use crate::org::{catalogue, credentials, ids, savepoint, store};
use crate::rules::{self, Actor};

/// The id and the username of the user that the call names.
fn target(actor: &Actor<'_>, envelope: &Envelope) -> Result<(String, String), Fault> {
    let given = envelope.operation.text_of("userId").trim();
    let unknown = || Fault::of("InvalidIdFault", Unconfirmed::UnknownUserId.refusal());
    let id = ids::normalise(given).ok_or_else(unknown)?;
    let object = catalogue::object("User").ok_or_else(unknown)?;
    let row = store::load(actor.db, object, &id)?.ok_or_else(unknown)?;
    Ok((id, store::text(&row, "Username").unwrap_or_default().to_owned()))
}

/// Runs something as the caller, which leaves no trace when it fails.
fn run<T>(shared: &Shared, caller: &Caller, work: impl FnOnce(&Actor<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    shared.org.transact(|db| {
        let actor = Actor::new(&shared.org, db, &caller.user_id);
        savepoint(db, || work(&actor))
    })?
}

/// Others' passwords take the right to manage users. The own one is only set where it has expired, or where the org allows
/// it (H); it frees the session, and brings a new security token (H).
pub(super) fn set(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    let caller = Caller::of(shared, envelope)?;
    let password = envelope.operation.text_of("password");
    let own = run(shared, &caller, |actor| {
        let (user_id, username) = target(actor, envelope)?;
        let own = user_id == actor.user_id;
        if own {
            if !caller.is_restricted() && !actor.org.switches().set_own_password {
                return Err(rules::password::own_password().into());
            }
            rules::password::set_own(actor, &username, password)?;
        } else {
            caller.check_unrestricted(actor.org)?;
            rules::password::set(actor, &user_id, &username, password)?;
        }
        Ok(own)
    })?;
    if own {
        shared.sessions.password_changed(&caller.user_id);
    }
    Ok("<setPasswordResponse><result/></setPasswordResponse>".to_owned())
}

/// The own password, on the strength of the old one.
pub(super) fn change_own(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    let caller = Caller::of(shared, envelope)?;
    run(shared, &caller, |actor| {
        let credential = credentials::load(actor.db, actor.user_id)?;
        if !credential.is_some_and(|credential| credential.is_password(envelope.operation.text_of("oldPassword"))) {
            let refusal = Unconfirmed::WrongOldPassword.refusal();
            return Err(Fault::of("InvalidOldPasswordFault", refusal));
        }
        let username = login::load(actor.db, actor.user_id)?.map(|user| user.username).unwrap_or_default();
        Ok(rules::password::set_own(actor, &username, envelope.operation.text_of("newPassword"))?)
    })?;
    shared.sessions.password_changed(&caller.user_id);
    Ok("<changeOwnPasswordResponse><result/></changeOwnPasswordResponse>".to_owned())
}

/// A random password, which the user must change at the next login.
pub(super) fn reset(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    let caller = Caller::of(shared, envelope)?;
    caller.check_unrestricted(&shared.org)?;
    let password = run(shared, &caller, |actor| {
        let (user_id, _) = target(actor, envelope)?;
        Ok(rules::password::reset(actor, &user_id)?)
    })?;
    let password = escape(&password);
    Ok(format!("<resetPasswordResponse><result><password>{password}</password></result></resetPasswordResponse>"))
}
