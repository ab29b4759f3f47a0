//! The tables: users and groups of RFC 7643 §4, what is assigned in Okta's way, and the extension of the connector.

use super::{Attribute, Kind, Mutability, Resource, Returned, Schema, Uniqueness};

/// The URN of users.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of groups.
pub const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of what companies add to users (RFC 7643 §4.3).
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of something that can be assigned to users (Okta, "SCIM entitlements").
pub const ENTITLEMENT: &str = "urn:okta:scim:schemas:core:1.0:Entitlement";
/// The URN of a role that can be assigned to users (Okta, "SCIM entitlements").
pub const ROLE: &str = "urn:okta:scim:schemas:core:1.0:Role";

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, description)
}

fn exact(name: &str, description: &str) -> Attribute {
    Attribute { case_exact: true, ..text(name, description) }
}

fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

fn of(kind: Kind, name: &str, description: &str) -> Attribute {
    Attribute { kind, ..text(name, description) }
}

fn complex(name: &str, description: &str, sub: Vec<Attribute>) -> Attribute {
    Attribute { kind: Kind::Complex, sub, ..text(name, description) }
}

fn list(name: &str, description: &str, sub: Vec<Attribute>) -> Attribute {
    Attribute { many: true, ..complex(name, description, sub) }
}

fn reference(name: &str, description: &str, to: &[&str]) -> Attribute {
    Attribute {
        kind: Kind::Reference,
        case_exact: true,
        references: to.iter().map(|one| (*one).to_owned()).collect(),
        ..text(name, description)
    }
}

/// `type`, with its usual values.
fn label(canonical: &[&str]) -> Attribute {
    Attribute {
        canonical: canonical.iter().map(|one| (*one).to_owned()).collect(),
        ..text("type", "What the value is used for")
    }
}

fn primary() -> Attribute {
    of(Kind::Boolean, "primary", "Whether it is the preferred one; of one value at most")
}

/// What every resource has (RFC 7643 §3).
fn common() -> Vec<Attribute> {
    let always = |attribute: Attribute| Attribute { returned: Returned::Always, ..attribute };
    vec![
        always(read_only(Attribute {
            many: true,
            ..exact("schemas", "URNs of the schemas whose attributes the resource has")
        })),
        always(read_only(Attribute {
            uniqueness: Uniqueness::Server,
            ..exact("id", "The host's own name of the resource")
        })),
        exact("externalId", "The client's name of the resource; unique among those of the client"),
        read_only(complex(
            "meta",
            "What is known about the resource itself",
            vec![
                read_only(exact("resourceType", "The name of its type")),
                read_only(of(Kind::DateTime, "created", "When it was created")),
                read_only(of(Kind::DateTime, "lastModified", "When it last changed")),
                read_only(reference("location", "Its address", &["uri"])),
                read_only(exact("version", "Its weak entity tag")),
            ],
        )),
    ]
}

/// Users, with the connector's extension if it is known.
pub fn user(extension: Option<Schema>) -> Resource {
    let core = Schema {
        id: CORE_USER.to_owned(),
        name: "User".to_owned(),
        description: "User Account".to_owned(),
        attributes: user_attributes(),
    };
    let enterprise = Schema {
        id: ENTERPRISE.to_owned(),
        name: "EnterpriseUser".to_owned(),
        description: "Enterprise User".to_owned(),
        attributes: vec![
            text("employeeNumber", "The number of the employee"),
            text("costCenter", "The cost centre"),
            text("organization", "The company"),
            text("division", "The division"),
            text("department", "The department"),
            complex(
                "manager",
                "The user's manager",
                vec![
                    exact("value", "The id of the manager's user"),
                    reference("$ref", "The address of the manager's user", &["User"]),
                    read_only(text("displayName", "The manager's name")),
                ],
            ),
        ],
    };
    Resource {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "User Account".to_owned(),
        common: common(),
        core,
        extensions: [Some(enterprise), extension].into_iter().flatten().collect(),
    }
}

fn user_attributes() -> Vec<Attribute> {
    let granted = |name: &str, description: &str| {
        list(
            name,
            description,
            vec![
                text("value", "The id or name in the application"),
                text("display", "The name in the application"),
                text("type", "The kind, as the application's connector names it"),
                primary(),
            ],
        )
    };
    vec![
        Attribute {
            required: true,
            uniqueness: Uniqueness::Server,
            returned: Returned::Default,
            ..text("userName", "The name to sign in with, without regard to case")
        },
        complex(
            "name",
            "The parts of the person's name",
            vec![
                text("formatted", "The whole name"),
                text("familyName", "The last name"),
                text("givenName", "The first name"),
                text("middleName", "The middle names"),
                text("honorificPrefix", "A title before the name"),
                text("honorificSuffix", "What follows the name"),
            ],
        ),
        text("displayName", "The name to show to others"),
        text("nickName", "The name among friends"),
        reference("profileUrl", "An address about the person", &["external"]),
        text("title", "The job title"),
        text("userType", "How the person is related to the company"),
        text("preferredLanguage", "The language, as in `en-US`"),
        text("locale", "The format of dates and numbers, as in `en-US`"),
        text("timezone", "The time zone, as in `Europe/Berlin`"),
        of(Kind::Boolean, "active", "Whether the user is in use"),
        Attribute {
            mutability: Mutability::WriteOnly,
            returned: Returned::Never,
            case_exact: true,
            ..text("password", "A new password; used only while the tenant synchronizes passwords")
        },
        list(
            "emails",
            "E-mail addresses",
            vec![
                text("value", "The address"),
                text("display", "For people"),
                label(&["work", "home", "other"]),
                primary(),
            ],
        ),
        list(
            "phoneNumbers",
            "Telephone numbers",
            vec![
                text("value", "The number"),
                text("display", "For people"),
                label(&["work", "home", "mobile", "fax", "pager", "other"]),
                primary(),
            ],
        ),
        list(
            "ims",
            "Addresses for instant messages",
            vec![
                text("value", "The address"),
                text("display", "For people"),
                label(&["xmpp", "skype", "other"]),
                primary(),
            ],
        ),
        list(
            "photos",
            "Addresses of pictures of the person",
            vec![
                reference("value", "The address", &["external"]),
                text("display", "For people"),
                label(&["photo", "thumbnail"]),
                primary(),
            ],
        ),
        list(
            "x509Certificates",
            "Certificates of the person",
            vec![
                Attribute { case_exact: true, ..of(Kind::Binary, "value", "The certificate in DER") },
                text("display", "For people"),
                label(&["work", "other"]),
                primary(),
            ],
        ),
        list(
            "addresses",
            "Postal addresses",
            vec![
                text("formatted", "The whole address"),
                text("streetAddress", "Street and number"),
                text("locality", "The city"),
                text("region", "The state or province"),
                text("postalCode", "The postal code"),
                text("country", "The country"),
                label(&["work", "home", "other"]),
                primary(),
            ],
        ),
        read_only(list(
            "groups",
            "Groups that the user is a member of",
            vec![
                read_only(exact("value", "The group's id")),
                read_only(reference("$ref", "The group's address", &["Group"])),
                read_only(text("display", "The group's name")),
                read_only(label(&["direct"])),
            ],
        )),
        granted("entitlements", "What the user holds in the application"),
        granted("roles", "Roles that the user has in the application"),
    ]
}

/// Groups.
pub fn group() -> Resource {
    let core = Schema {
        id: CORE_GROUP.to_owned(),
        name: "Group".to_owned(),
        description: "Group".to_owned(),
        attributes: vec![
            Attribute { required: true, uniqueness: Uniqueness::Server, ..text("displayName", "The group's name") },
            list(
                "members",
                "The users of the group",
                vec![
                    Attribute { mutability: Mutability::Immutable, ..exact("value", "The user's id") },
                    Attribute {
                        mutability: Mutability::Immutable,
                        ..reference("$ref", "The user's address", &["User"])
                    },
                    text("display", "The user's name"),
                    Attribute {
                        mutability: Mutability::Immutable,
                        canonical: vec!["User".to_owned()],
                        ..text("type", "The type of the member")
                    },
                ],
            ),
        ],
    };
    Resource {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Group".to_owned(),
        common: common(),
        core,
        extensions: Vec::new(),
    }
}

/// What can be assigned of one kind, in Okta's way. `name` is the resource type, `endpoint` its address.
pub fn entitlement(name: &str, endpoint: &str, description: &str, urn: &str) -> Resource {
    let core = Schema {
        id: urn.to_owned(),
        name: urn.rsplit(':').next().unwrap_or_default().to_owned(),
        description: "Something that can be assigned to users".to_owned(),
        attributes: vec![
            read_only(text("displayName", "The name in the application")),
            read_only(text("type", "The kind, as the application's connector names it")),
            read_only(text("description", "Seats that are left, and what it goes together with")),
            read_only(Attribute {
                many: true,
                ..text("compatibility", "Two go together if they share one of these, or one has none")
            }),
            read_only(complex(
                "seats",
                "How many users can hold it",
                vec![
                    read_only(of(Kind::Integer, "used", "Users that hold it")),
                    read_only(of(Kind::Integer, "total", "Users that can hold it")),
                ],
            )),
        ],
    };
    Resource {
        name: name.to_owned(),
        endpoint: endpoint.to_owned(),
        description: description.to_owned(),
        common: common(),
        core,
        extensions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_used_twice_whatever_its_case() {
        let resource = user(None);
        let mut lists = vec![&resource.common, &resource.core.attributes];
        lists.extend(resource.extensions.iter().map(|schema| &schema.attributes));
        for attributes in lists {
            for attribute in attributes {
                let same = attributes.iter().filter(|other| other.name.eq_ignore_ascii_case(&attribute.name));
                assert_eq!(same.count(), 1, "{}", attribute.name);
            }
        }
    }
}
