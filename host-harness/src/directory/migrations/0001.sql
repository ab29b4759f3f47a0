-- Times are milliseconds since 1970. Columns that end in _key hold what records are matched by, in lower case.

CREATE TABLE tenant (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL,
  -- The attributes that the connector last listed; null before the first time.
  attribute_schema TEXT,
  -- Where the next incremental import starts.
  watermark TEXT,
  imported_at INTEGER,
  fully_imported_at INTEGER,
  pushed_at INTEGER,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE secret (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  username TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'deactivated')),
  attributes TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,
  email_key TEXT,
  federation_key TEXT,
  full_name_key TEXT,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX person_by_email ON person (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX person_by_federation ON person (federation_key) WHERE federation_key IS NOT NULL;
CREATE INDEX person_by_full_name ON person (full_name_key) WHERE full_name_key IS NOT NULL;

CREATE TABLE import_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  scope TEXT NOT NULL CHECK (scope IN ('full', 'increment')),
  phase TEXT NOT NULL CHECK (phase IN ('reading', 'settling', 'halted', 'done', 'discarded')),
  actor TEXT NOT NULL,
  since TEXT,
  cursor TEXT,
  watermark TEXT,
  pages INTEGER NOT NULL DEFAULT 0,
  users INTEGER NOT NULL DEFAULT 0,
  counts TEXT NOT NULL DEFAULT '{}',
  -- Whether an admin has let it pass the safeguard.
  accepted INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  started_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_import_run ON import_run (tenant_id) WHERE phase IN ('reading', 'settling', 'halted');

-- The application's users, as the last import saw them.
CREATE TABLE remote_user (
  id INTEGER PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  remote_id TEXT NOT NULL,
  username TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'frozen')),
  modified TEXT NOT NULL,
  attributes TEXT NOT NULL,
  grants TEXT NOT NULL,
  username_key TEXT NOT NULL,
  email_key TEXT,
  federation_key TEXT,
  full_name_key TEXT,
  seen_run INTEGER NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0,
  digest BLOB NOT NULL,
  -- The digest and the status that the directory has taken note of; null for a user that is new to it.
  settled_digest BLOB,
  settled_status TEXT,
  pending INTEGER NOT NULL DEFAULT 1,
  -- Why it waits for an admin; null where it does not.
  waiting TEXT,
  UNIQUE (tenant_id, remote_id)
) STRICT;
CREATE INDEX remote_user_pending ON remote_user (tenant_id, id) WHERE pending;
CREATE INDEX remote_user_waiting ON remote_user (tenant_id, id) WHERE waiting IS NOT NULL;
CREATE INDEX remote_user_by_email ON remote_user (tenant_id, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX remote_user_by_federation ON remote_user (tenant_id, federation_key) WHERE federation_key IS NOT NULL;

CREATE TABLE link (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  remote_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- Names of the application's attributes that a push has set, so that one that is emptied here is cleared there.
  pushed TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, person_id),
  UNIQUE (tenant_id, remote_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_by_person ON link (person_id);

-- People that a waiting user may be.
CREATE TABLE candidate (
  remote_user_id INTEGER NOT NULL REFERENCES remote_user ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  reason TEXT NOT NULL,
  PRIMARY KEY (remote_user_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX candidate_by_person ON candidate (person_id);

CREATE TABLE assignment (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  -- Attributes of the application that are set for this assignment, over those of the person.
  attributes TEXT NOT NULL DEFAULT '{}',
  exact_grants INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_by_person ON assignment (person_id);

CREATE TABLE assignment_grant (
  tenant_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (tenant_id, person_id, kind, name),
  FOREIGN KEY (tenant_id, person_id) REFERENCES assignment ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER REFERENCES person ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('push', 'deactivate', 'reactivate', 'password', 'vanished', 'import')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'failed', 'done', 'cancelled')),
  -- One open task does the same thing once.
  idempotency_key TEXT NOT NULL,
  -- Counts what was asked; a task that was asked again while it ran is not done.
  revision INTEGER NOT NULL DEFAULT 1,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  retry TEXT,
  error_kind TEXT,
  cause TEXT,
  remedy TEXT,
  -- What it carries that nobody may read, such as a new password. Gone once the task ends.
  sealed BLOB,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_task ON task (tenant_id, idempotency_key) WHERE state IN ('waiting', 'failed');
CREATE INDEX task_due ON task (tenant_id, kind, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX task_by_person ON task (person_id);

CREATE TABLE plan (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'superseded')),
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_plan ON plan (tenant_id) WHERE state = 'open';

CREATE TABLE plan_item (
  plan_id INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
  task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  digest TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (plan_id, task_id)
) STRICT, WITHOUT ROWID;

-- Names instead of references: the trail outlives what it tells of.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  tenant TEXT,
  person TEXT,
  action TEXT NOT NULL,
  old TEXT,
  new TEXT,
  result TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_person ON audit (person, id) WHERE person IS NOT NULL;
CREATE INDEX audit_by_tenant ON audit (tenant, id) WHERE tenant IS NOT NULL;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
