-- What admins have approved of components: where secrets go, by the digest of the component.
CREATE TABLE approval (
  digest {text} PRIMARY KEY,
  application {text} NOT NULL,
  declaration {text} NOT NULL,
  approved_by {text} NOT NULL,
  approved_at {number} NOT NULL
) {keyed};
CREATE INDEX approval_by_application ON approval (application, approved_at);
