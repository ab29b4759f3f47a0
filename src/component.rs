//! The component's face: generated bindings, and conversions between them and the plain types. Nothing else.

use std::borrow::Cow;
use std::time::Duration;

use crate::host::{Failure, Host, Level, Method, Request, Response};
use crate::{model, operations};

use self::bindings::exports::identity::provisioning::provisioning_connector as wit;
use self::bindings::identity::provisioning::{http, ledger, log, secrets, types};
use self::bindings::wasi::clocks::{monotonic_clock, wall_clock};

mod bindings {
    #![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic, clippy::restriction)]

    // Types that are ours word for word are used as they are; the others are converted below.
    wit_bindgen::generate!({
        path: "wit",
        world: "connector",
        generate_all,
        with: {
            "identity:provisioning/types@0.3.0/value": crate::model::Value,
            "identity:provisioning/types@0.3.0/change": crate::model::Change,
            "identity:provisioning/types@0.3.0/grant": crate::model::Grant,
            "identity:provisioning/types@0.3.0/status": crate::model::Status,
            "identity:provisioning/types@0.3.0/user": crate::model::User,
            "identity:provisioning/types@0.3.0/retry": crate::model::Retry,
            "identity:provisioning/types@0.3.0/upstream": crate::model::Upstream,
            "identity:provisioning/ledger@0.3.0/owner": crate::model::Owner,
            "identity:provisioning/ledger@0.3.0/candidate": crate::model::Candidate,
            "identity:provisioning/ledger@0.3.0/progress": crate::model::Progress,
            "identity:provisioning/http@0.3.0/response": crate::host::Response,
            "identity:provisioning/http@0.3.0/failure": crate::host::Failure,
            "identity:provisioning/provisioning-connector@0.3.0/panel": crate::model::Panel,
            "identity:provisioning/provisioning-connector@0.3.0/verdict": crate::model::Verdict,
            "identity:provisioning/provisioning-connector@0.3.0/seats": crate::model::Seats,
            "identity:provisioning/provisioning-connector@0.3.0/entitlement": crate::model::Entitlement,
            "identity:provisioning/provisioning-connector@0.3.0/entitlement-page": crate::model::EntitlementPage,
            "identity:provisioning/provisioning-connector@0.3.0/import-scope": crate::model::ImportScope,
            "identity:provisioning/provisioning-connector@0.3.0/import-query": crate::model::ImportQuery,
            "identity:provisioning/provisioning-connector@0.3.0/import-page": crate::model::ImportPage,
            "identity:provisioning/provisioning-connector@0.3.0/desired-user": crate::model::DesiredUser,
            "identity:provisioning/provisioning-connector@0.3.0/push-mode": crate::model::PushMode,
            "identity:provisioning/provisioning-connector@0.3.0/action": crate::model::Action,
            "identity:provisioning/provisioning-connector@0.3.0/usage": crate::model::Usage,
        },
    });

    use super::Component;
    export!(Component);
}

struct Component;

/// The host behind the generated imports.
struct Imports;

impl Host for Imports {
    type Started = u32;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        http::send(&request.into())
    }

    fn start(&self, request: Request<'_>) -> u32 {
        http::start(&request.into())
    }

    fn finish(&self, started: u32) -> Result<Response, Failure> {
        http::finish(started)
    }

    fn sign_jwt(&self, key: &str, claims: &str) -> Result<String, String> {
        secrets::sign_jwt(key, None, claims)
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        let fields: Vec<_> = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        log::write(level, message, &fields);
    }

    fn now(&self) -> Duration {
        let now = wall_clock::now();
        Duration::new(now.seconds, now.nanoseconds)
    }

    fn sleep(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        monotonic_clock::subscribe_duration(nanoseconds).block();
    }

    fn owners(&self, ids: &[String]) -> Vec<Option<model::Owner>> {
        ledger::owners(ids)
    }

    fn undecided(&self, subject: &str, candidates: &[model::Candidate]) {
        ledger::undecided(subject, candidates);
    }

    fn out_of_use(&self, subjects: &[(String, model::Status)]) {
        ledger::out_of_use(subjects);
    }

    fn begin(&self, intents: Vec<model::Intent>) -> Vec<bool> {
        let intents: Vec<ledger::Intent> = intents
            .into_iter()
            .map(|intent| ledger::Intent {
                subject: intent.subject,
                id: intent.id,
                changes: intent.changes.into_iter().map(Into::into).collect(),
            })
            .collect();
        ledger::begin(&intents)
    }

    fn written(&self, progress: &[model::Progress]) {
        ledger::written(progress);
    }
}

/// A panic aborts the component, and the host sees a bare trap; this tells it why.
fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
            let message = info.payload_as_str().unwrap_or("a panic without a text");
            log::write(log::Level::Error, message, &[("panicked-at".to_owned(), place)]);
        }));
    });
}

impl wit::Guest for Component {
    type Session = operations::Session<Imports>;

    fn describe() -> wit::Descriptor {
        report_panics();
        operations::describe().into()
    }

    fn test_credentials(settings: wit::Settings) -> Vec<wit::Probe> {
        report_panics();
        operations::test_credentials(Imports, settings).into_iter().map(Into::into).collect()
    }

    fn open(settings: wit::Settings) -> Result<wit::Session, wit::Error> {
        report_panics();
        operations::Session::open(Imports, settings).map(wit::Session::new).map_err(Into::into)
    }
}

impl wit::GuestSession for operations::Session<Imports> {
    fn list_attributes(&self) -> Result<Vec<wit::AttributeDefinition>, wit::Error> {
        Ok(self.list_attributes()?.into_iter().map(Into::into).collect())
    }

    fn list_entitlements(&self, kind: String, cursor: Option<String>) -> Result<model::EntitlementPage, wit::Error> {
        self.list_entitlements(&kind, cursor.as_deref()).map_err(Into::into)
    }

    fn import_users(&self, query: model::ImportQuery) -> Result<model::ImportPage, wit::Error> {
        self.import_users(&query).map_err(Into::into)
    }

    fn push_users(
        &self,
        users: Vec<model::DesiredUser>,
        mode: model::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, wit::Error>>, wit::Error> {
        outcomes(self.push_users(&users, &mode))
    }

    fn deactivate_users(
        &self,
        ids: Vec<String>,
        how: wit::Deactivation,
        mode: model::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, wit::Error>>, wit::Error> {
        outcomes(self.deactivate_users(&ids, how.into(), &mode))
    }

    fn reactivate_users(
        &self,
        ids: Vec<String>,
        mode: model::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, wit::Error>>, wit::Error> {
        outcomes(self.reactivate_users(&ids, &mode))
    }

    fn take_back_users(
        &self,
        people: Vec<wit::Abandoned>,
        how: wit::Deactivation,
        mode: model::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, wit::Error>>, wit::Error> {
        let people: Vec<model::Abandoned> = people.into_iter().map(Into::into).collect();
        outcomes(self.take_back_users(&people, how.into(), &mode))
    }

    fn sync_passwords(&self, passwords: Vec<(String, String)>) -> Result<Vec<Result<(), wit::Error>>, wit::Error> {
        let results = self.sync_passwords(&passwords)?;
        Ok(results.into_iter().map(|result| result.map_err(Into::into)).collect())
    }

    fn usage(&self) -> model::Usage {
        self.usage()
    }
}

fn outcomes(
    results: model::Result<Vec<model::Result<model::Outcome>>>,
) -> Result<Vec<Result<wit::Outcome, wit::Error>>, wit::Error> {
    Ok(results?.into_iter().map(|result| result.map(Into::into).map_err(Into::into)).collect())
}

// Towards the host: requests.

impl From<Request<'_>> for http::Request {
    fn from(request: Request<'_>) -> Self {
        let method = match request.method {
            Method::Get => http::Method::Get,
            Method::Post => http::Method::Post,
            Method::Patch => http::Method::Patch,
            Method::Delete => http::Method::Delete,
        };
        let headers = request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = request.body.map(|body| Cow::into_owned(body).into_bytes());
        Self { method, url: request.url, headers, body }
    }
}

// From the host: arguments.

impl From<wit::Deactivation> for model::Deactivation {
    fn from(how: wit::Deactivation) -> Self {
        match how {
            wit::Deactivation::Deactivate => Self::Deactivate,
            wit::Deactivation::Freeze => Self::Freeze,
            wit::Deactivation::DeactivateOrFreeze => Self::DeactivateOrFreeze,
            wit::Deactivation::Unlink => Self::Unlink,
        }
    }
}

impl From<wit::Abandoned> for model::Abandoned {
    fn from(abandoned: wit::Abandoned) -> Self {
        let begun = abandoned.begun.into_iter().map(|change| model::Begun {
            object: change.object,
            field: change.field,
            old: change.old,
            new: change.new,
        });
        Self { key: abandoned.key, id: abandoned.id, begun: begun.collect() }
    }
}

// Towards the host: results.

impl From<model::Error> for wit::Error {
    fn from(error: model::Error) -> Self {
        let error = error.into_details();
        Self {
            kind: error.kind.into(),
            message: error.message,
            remedy: error.remedy,
            retry: error.retry,
            upstream: error.upstream,
        }
    }
}

impl From<model::ErrorKind> for types::ErrorKind {
    fn from(kind: model::ErrorKind) -> Self {
        use model::ErrorKind as Kind;
        match kind {
            Kind::InvalidSettings => Self::InvalidSettings,
            Kind::InvalidCredentials => Self::InvalidCredentials,
            Kind::PermissionDenied => Self::PermissionDenied,
            Kind::Unreachable => Self::Unreachable,
            Kind::RateLimited => Self::RateLimited,
            Kind::BudgetExhausted => Self::BudgetExhausted,
            Kind::UsernameTaken => Self::UsernameTaken,
            Kind::AmbiguousMatch => Self::AmbiguousMatch,
            Kind::LicenseExhausted => Self::LicenseExhausted,
            Kind::IncompatibleGrants => Self::IncompatibleGrants,
            Kind::InvalidValue => Self::InvalidValue,
            Kind::MissingValue => Self::MissingValue,
            Kind::RejectedByRule => Self::RejectedByRule,
            Kind::NotFound => Self::NotFound,
            Kind::StaleReference => Self::StaleReference,
            Kind::Drifted => Self::Drifted,
            Kind::PasswordRejected => Self::PasswordRejected,
            Kind::Unsupported => Self::Unsupported,
            Kind::Transient => Self::Transient,
            Kind::Other(name) => Self::Other(name.into_owned()),
        }
    }
}

impl From<model::Descriptor> for wit::Descriptor {
    fn from(descriptor: model::Descriptor) -> Self {
        let settings = descriptor.settings.iter().map(|setting| wit::Setting {
            name: setting.name.to_owned(),
            label: setting.label.to_owned(),
            help: setting.help.to_owned(),
            kind: match setting.kind {
                model::SettingKind::Text => wit::SettingKind::Text,
                model::SettingKind::Secret => wit::SettingKind::Secret,
                model::SettingKind::Flag => wit::SettingKind::Flag,
                model::SettingKind::Host => wit::SettingKind::Host,
                model::SettingKind::Choice(choices) => {
                    wit::SettingKind::Choice(choices.iter().copied().map(str::to_owned).collect())
                }
            },
            required: setting.required,
            panel: setting.panel,
            multiline: setting.multiline,
        });
        let grants = descriptor.grants.iter().map(|grant| wit::GrantKind {
            name: grant.name.to_owned(),
            label: grant.label.to_owned(),
            many: grant.many,
        });
        Self {
            name: descriptor.name.to_owned(),
            version: descriptor.version.to_owned(),
            features: descriptor.features.into(),
            settings: settings.collect(),
            grants: grants.collect(),
            hosts: descriptor.hosts.iter().map(Into::into).collect(),
            uses: descriptor.uses.iter().map(Into::into).collect(),
        }
    }
}

impl From<&model::HostEntry> for wit::HostEntry {
    fn from(entry: &model::HostEntry) -> Self {
        let source = match entry.source {
            model::HostSource::Exact(name) => wit::HostSource::Exact(name.to_owned()),
            model::HostSource::Setting(name) => wit::HostSource::Setting(name.to_owned()),
            model::HostSource::Learned => wit::HostSource::Learned,
        };
        let when = entry.when.map(|(setting, value)| (setting.to_owned(), value.to_owned()));
        Self { name: entry.name.to_owned(), source, when }
    }
}

impl From<&model::SecretUse> for wit::SecretUse {
    fn from(one: &model::SecretUse) -> Self {
        let puts = one.puts.iter().map(|put| wit::Put {
            secret: put.secret.to_owned(),
            form: match put.form {
                model::SecretForm::Plain => wit::SecretForm::Plain,
                model::SecretForm::Jwt { issuer, subject, audience, lifetime } => {
                    wit::SecretForm::Jwt(wit::JwtBounds {
                        issuer: issuer.to_owned(),
                        subject: subject.to_owned(),
                        audience: audience.to_owned(),
                        lifetime,
                    })
                }
            },
            place: put.place.into(),
        });
        let takes = one.takes.iter().map(|take| wit::Take { secret: take.secret.to_owned(), place: take.place.into() });
        let method = |method: &Method| match method {
            Method::Get => http::Method::Get,
            Method::Post => http::Method::Post,
            Method::Patch => http::Method::Patch,
            Method::Delete => http::Method::Delete,
        };
        Self {
            name: one.name.to_owned(),
            hosts: one.hosts.iter().map(|host| (*host).to_owned()).collect(),
            methods: one.methods.iter().map(method).collect(),
            path: one.path.to_owned(),
            puts: puts.collect(),
            takes: takes.collect(),
            learns: one.learns.map(|(host, place)| (host.to_owned(), place.into())),
        }
    }
}

impl From<model::Place> for wit::Place {
    fn from(place: model::Place) -> Self {
        match place {
            model::Place::Header(name, before) => Self::Header((name.to_owned(), before.to_owned())),
            model::Place::Json(pointer) => Self::Json(pointer.to_owned()),
            model::Place::Xml(path) => Self::Xml(path.to_owned()),
            model::Place::Form(field) => Self::Form(field.to_owned()),
        }
    }
}

impl From<model::Features> for types::Features {
    fn from(features: model::Features) -> Self {
        [
            (features.import_new_users, Self::IMPORT_NEW_USERS),
            (features.import_profile_updates, Self::IMPORT_PROFILE_UPDATES),
            (features.incremental_import, Self::INCREMENTAL_IMPORT),
            (features.push_new_users, Self::PUSH_NEW_USERS),
            (features.push_profile_updates, Self::PUSH_PROFILE_UPDATES),
            (features.push_user_deactivation, Self::PUSH_USER_DEACTIVATION),
            (features.reactivate_users, Self::REACTIVATE_USERS),
            (features.sync_password, Self::SYNC_PASSWORD),
            (features.profile_sourcing, Self::PROFILE_SOURCING),
            (features.plan, Self::PLAN),
        ]
        .into_iter()
        .filter_map(|(has, flag)| has.then_some(flag))
        .fold(Self::empty(), |all, flag| all | flag)
    }
}

impl From<model::Probe> for wit::Probe {
    fn from(probe: model::Probe) -> Self {
        Self {
            name: probe.name.to_owned(),
            verdict: probe.verdict,
            kind: probe.kind.map(Into::into),
            detail: probe.detail,
            remedy: probe.remedy,
        }
    }
}

impl From<model::AttributeDefinition> for wit::AttributeDefinition {
    fn from(definition: model::AttributeDefinition) -> Self {
        Self {
            name: definition.name,
            label: definition.label,
            kind: definition.kind.as_str().to_owned(),
            many: definition.many,
            required: definition.required,
            writable: definition.writable,
            max_length: definition.max_length,
            choices: definition.choices,
        }
    }
}

impl From<model::Outcome> for wit::Outcome {
    fn from(outcome: model::Outcome) -> Self {
        Self {
            id: outcome.id,
            action: outcome.action,
            changes: outcome.changes.into_iter().map(Into::into).collect(),
            side_effects: outcome.side_effects,
            digest: outcome.digest,
        }
    }
}

impl From<model::FieldChange> for types::FieldChange {
    fn from(change: model::FieldChange) -> Self {
        Self { object: change.object.to_owned(), field: change.field.into_owned(), old: change.old, new: change.new }
    }
}
