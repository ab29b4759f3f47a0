-- What admins have approved of components: where secrets go, by the digest of the component.
CREATE TABLE approval (
  digest TEXT PRIMARY KEY,
  application TEXT NOT NULL,
  declaration TEXT NOT NULL,
  approved_by TEXT NOT NULL,
  approved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_by_application ON approval (application, approved_at);
