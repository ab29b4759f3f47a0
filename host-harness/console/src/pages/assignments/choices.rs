//! What can be chosen for an assignment: what the connector has listed, with the reason where something does not fit.
//!
//! A kind is compared with what is chosen of the kinds before it, in the connector's order: choosing a profile decides which
//! roles can be chosen, and not the other way round, so that no choice locks the first one.

use std::collections::BTreeMap;

use crate::access::Fields;
use crate::form::{Choice, Control, Field, Group};
use crate::problem::Problem;
use provisioning_directory::sync::{grant_name, misfit};
use provisioning_directory::{
    EntitlementFilter, EntitlementKind, GrantName, ListedEntitlement, ReadTransaction, TenantId, Timestamp,
};

/// Choices of a kind that stand in the form at once; a search brings up others.
const OFFERED: u32 = 100;

/// The button that shows the choices anew.
pub(super) const FIT: &str = "fit";

/// What is chosen of a kind.
#[derive(Clone, Debug)]
enum Chosen {
    Listed(ListedEntitlement),
    /// A name or id that the connector has not listed.
    Unlisted(String),
}

/// A kind, what is offered of it, and what is chosen.
#[derive(Clone, Debug)]
struct Kind {
    kind: EntitlementKind,
    chosen: Vec<Chosen>,
    offered: Vec<ListedEntitlement>,
    total: u64,
    find: String,
}

/// All kinds.
#[derive(Clone, Debug)]
pub(super) struct Offer(Vec<Kind>);

fn field_name(kind: &str) -> String {
    format!("grant-{kind}")
}

fn find_name(kind: &str) -> String {
    format!("find-{kind}")
}

/// Names or ids by kind.
pub(super) type WantedGrants = BTreeMap<String, Vec<String>>;

/// What a stored assignment holds.
pub(super) fn held(grants: &[GrantName]) -> WantedGrants {
    let mut wanted = WantedGrants::new();
    for grant in grants {
        wanted.entry(grant.kind.clone()).or_default().push(grant.name.clone());
    }
    wanted
}

impl Offer {
    /// What there is, with what a form has sent, or else with what is held.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn look(
        view: &ReadTransaction<'_>,
        tenant: TenantId,
        held: &WantedGrants,
        sent: Option<&Fields>,
    ) -> Result<Self, Problem> {
        let mut kinds = Vec::new();
        for kind in view.entitlement_kinds(tenant)? {
            let find = sent.and_then(|sent| sent.get(&find_name(&kind.name))).unwrap_or_default().trim().to_owned();
            let names: Vec<String> = match sent {
                None => held.get(&kind.name).cloned().unwrap_or_default(),
                Some(sent) => {
                    let field = field_name(&kind.name);
                    let values = sent
                        .all(&field)
                        .flat_map(|value| if kind.listed { vec![value] } else { value.split(',').collect() });
                    values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
                }
            };
            let mut chosen = Vec::new();
            for name in names {
                match view.entitlements_named(tenant, &kind.name, &name)?.as_slice() {
                    [one] => chosen.push(Chosen::Listed(one.clone())),
                    // Only what is held already may be unlisted; anything else is made up.
                    _ if !kind.listed || held.get(&kind.name).is_some_and(|held| held.contains(&name)) => {
                        chosen.push(Chosen::Unlisted(name));
                    }
                    _ => {}
                }
            }
            let filter = EntitlementFilter { contains: (!find.is_empty()).then(|| find.clone()), limit: Some(OFFERED) };
            let offered = view.entitlements(tenant, &kind.name, &filter)?;
            let total = view.count_entitlements(tenant, &kind.name)?;
            kinds.push(Kind { kind, chosen, offered, total, find });
        }
        Ok(Self(kinds))
    }

    /// Whether nothing was ever listed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When it was listed.
    pub(super) fn listed_at(&self) -> Option<Timestamp> {
        self.0.first().map(|kind| kind.kind.listed_at)
    }

    /// The form's groups.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut before: Vec<ListedEntitlement> = Vec::new();
        let mut groups = Vec::new();
        for (place, kind) in self.0.iter().enumerate() {
            groups.push(kind.group(&before, place + 1 < self.0.len()));
            before.extend(kind.listed().cloned());
        }
        groups
    }

    /// What was chosen, by the names that an assignment keeps.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn grants(&self, view: &ReadTransaction<'_>, tenant: TenantId) -> Result<Vec<GrantName>, Problem> {
        let mut grants = Vec::new();
        for kind in &self.0 {
            for chosen in &kind.chosen {
                grants.push(match chosen {
                    Chosen::Listed(one) => grant_name(view, tenant, one)?,
                    Chosen::Unlisted(name) => GrantName { kind: kind.kind.name.clone(), name: name.clone() },
                });
            }
        }
        Ok(grants)
    }

    /// Whether the connector has a kind.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|one| one.kind.name == kind)
    }
}

impl Kind {
    fn listed(&self) -> impl Iterator<Item = &ListedEntitlement> {
        self.chosen.iter().filter_map(|chosen| match chosen {
            Chosen::Listed(one) => Some(one),
            Chosen::Unlisted(_) => None,
        })
    }

    fn group(&self, before: &[ListedEntitlement], has_later: bool) -> Group {
        let (name, label) = (field_name(&self.kind.name), &self.kind.label);
        let values = self.chosen.iter().map(|chosen| match chosen {
            Chosen::Listed(one) => one.id.clone(),
            Chosen::Unlisted(name) => name.clone(),
        });
        let values: Vec<String> = values.collect();
        if !self.kind.listed {
            let field = Field::text(&name, label, &values.join(", "))
                .help("The connector cannot list these; give ids, separated by commas.");
            return Group::new(label, "", vec![field]);
        }
        let choices = self.choices(before);
        let mut fields = Vec::new();
        if self.total > u64::from(OFFERED) || !self.find.is_empty() {
            fields.push(
                Field::text(&find_name(&self.kind.name), &format!("Find among the {}", self.total), &self.find).help(
                    &format!("Shows the first {OFFERED} whose name or id contains this; press “Show what fits”."),
                ),
            );
        }
        if self.kind.many {
            if choices.is_empty() {
                return Group::new(label, "There are none to choose.", fields);
            }
            fields.push(Field::boxes(&name, label, choices, values));
        } else {
            let none = Choice::new("", "(none)");
            let choices = std::iter::once(none).chain(choices).collect();
            let mut field = Field::new(&name, label, Control::Select(choices)).resend(has_later.then_some(FIT));
            if has_later {
                field = field.help("What fits below goes by this choice: it is shown at once, or by “Show what fits” where the browser runs no script.");
            }
            field.values = values;
            fields.push(field);
        }
        Group::new(label, "", fields)
    }

    /// What is chosen comes first, so that it is there whatever the search finds.
    fn choices(&self, before: &[ListedEntitlement]) -> Vec<Choice> {
        let mut choices = Vec::new();
        for chosen in &self.chosen {
            choices.push(match chosen {
                Chosen::Listed(one) => self.choice(one, before),
                Chosen::Unlisted(name) => Choice::new(name, &format!("{name} (no longer listed)")),
            });
        }
        let is_chosen = |one: &ListedEntitlement| self.listed().any(|chosen| chosen.id == one.id);
        choices.extend(self.offered.iter().filter(|one| !is_chosen(one)).map(|one| self.choice(one, before)));
        choices
    }

    fn choice(&self, one: &ListedEntitlement, before: &[ListedEntitlement]) -> Choice {
        let mut others = before.to_vec();
        if self.kind.many {
            others.extend(self.listed().filter(|chosen| chosen.id != one.id).cloned());
        }
        let mut label = one.name.clone();
        if self.offered.iter().any(|other| other.id != one.id && other.name == one.name) {
            label.push_str(&format!(" ({})", one.id));
        }
        match one.seats {
            Some((used, total)) if used >= total => label.push_str(&format!(", no seat left of {total}")),
            Some((used, total)) => label.push_str(&format!(", {} of {total} seats left", total - used)),
            None => {}
        }
        Choice { value: one.id.clone(), label, locked: misfit(one, &others) }
    }
}
