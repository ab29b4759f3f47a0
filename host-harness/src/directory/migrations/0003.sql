-- What was asked of the application, by day of UTC since 1970 and by the connector's function. `times` is a histogram.
CREATE TABLE api_usage (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  day INTEGER NOT NULL,
  operation TEXT NOT NULL,
  failures INTEGER NOT NULL,
  times TEXT NOT NULL,
  PRIMARY KEY (tenant_id, day, operation)
) STRICT, WITHOUT ROWID;

-- What the application last said of its allowance of calls on each day.
CREATE TABLE api_allowance (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  day INTEGER NOT NULL,
  used INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day)
) STRICT, WITHOUT ROWID;

-- The kinds of things that can be assigned, as the connector last listed them.
CREATE TABLE entitlement_kind (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  many INTEGER NOT NULL,
  -- Whether the connector can list this kind.
  listed INTEGER NOT NULL,
  listed_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE entitlement (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  -- A list of tags.
  compatibility TEXT NOT NULL,
  seats_used INTEGER,
  seats_total INTEGER,
  PRIMARY KEY (tenant_id, kind, name_key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX entitlement_by_id ON entitlement (tenant_id, kind, id);

-- What a list of people is searched and sorted by, so that a search does not read whole people.
CREATE INDEX person_search ON person (key, status, username_key, email_key, full_name_key);
CREATE INDEX import_run_by_tenant ON import_run (tenant_id, id);
CREATE INDEX task_by_tenant ON task (tenant_id, id);
CREATE INDEX open_task ON task (tenant_id, id) WHERE state IN ('waiting', 'failed');
CREATE INDEX plan_by_tenant ON plan (tenant_id, id);
-- Tenants are looked for without regard to case, which the index of migration 1 does not serve.
DROP INDEX audit_by_tenant;
CREATE INDEX audit_by_tenant ON audit (tenant COLLATE NOCASE, id) WHERE tenant IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);
