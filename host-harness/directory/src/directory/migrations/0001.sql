-- The first version. Times are milliseconds since 1970. Columns that end in _key hold what records are matched by, in lower case.

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
  -- Why the last job ended before its work was done; null where it did not. JSON.
  last_failure TEXT,
  -- When the tenant was removed. From then on it is hidden; what it had is deleted piece by piece, and its row goes last.
  removed_at INTEGER,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- What is left to do of a change that concerns too many rows for one transaction.
CREATE TABLE chore (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  -- JSON; what it means is not the directory's concern.
  what TEXT NOT NULL,
  -- Up to where it is done.
  after TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX chore_by_tenant ON chore (tenant_id, id);

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
  changed_at INTEGER NOT NULL,
  -- One text that a search looks through. Of 100,000 people this takes 23 ms, and looking through each column took 79 ms.
  search TEXT GENERATED ALWAYS AS (
    lower(key) || char(10) || username_key || char(10) || coalesce(email_key, '') || char(10)
      || coalesce(replace(full_name_key, char(31), ' '), '')
  ) VIRTUAL
) STRICT;
-- What a list of people is searched and sorted by, so that a search does not read whole people.
CREATE INDEX person_search ON person (key, status, search);
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
CREATE INDEX import_run_by_tenant ON import_run (tenant_id, id);
CREATE INDEX ended_import_run ON import_run (changed_at) WHERE phase IN ('done', 'discarded');
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
-- What users are matched by.
CREATE INDEX remote_user_by_username ON remote_user (tenant_id, username_key);
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
  -- What the application itself answered, where it refused something: JSON of status, code, message, fields and request_id.
  upstream TEXT,
  -- What it carries that nobody may read, such as a new password. Gone once the task ends.
  sealed BLOB,
  -- Whether it was handed to the connector and nothing has been heard of it since: the process ended, or the answer was lost. The
  -- application may have done it.
  under_way INTEGER NOT NULL DEFAULT 0,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_task ON task (tenant_id, idempotency_key) WHERE state IN ('waiting', 'failed');
CREATE INDEX task_due ON task (tenant_id, kind, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX task_by_person ON task (person_id);
CREATE INDEX task_by_tenant ON task (tenant_id, id);
CREATE INDEX open_task ON task (tenant_id, id) WHERE state IN ('waiting', 'failed');
CREATE INDEX open_task_by_state ON task (tenant_id, state, error_kind) WHERE state IN ('waiting', 'failed');
-- What is open of all tenants, in the order in which it is listed.
CREATE INDEX open_task_by_id ON task (id) WHERE state IN ('waiting', 'failed');
-- What is old enough to be taken away.
CREATE INDEX ended_task ON task (changed_at) WHERE state IN ('done', 'cancelled');

CREATE TABLE plan (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'superseded')),
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_by_tenant ON plan (tenant_id, id);
CREATE INDEX ended_plan ON plan (changed_at) WHERE state <> 'open';
CREATE UNIQUE INDEX one_open_plan ON plan (tenant_id) WHERE state = 'open';

CREATE TABLE plan_item (
  plan_id INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
  task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  digest TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (plan_id, task_id)
) STRICT, WITHOUT ROWID;
-- A task takes its place in plans with it when it goes.
CREATE INDEX plan_item_by_task ON plan_item (task_id);

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
  result TEXT NOT NULL,
  upstream TEXT
) STRICT;
CREATE INDEX audit_by_person ON audit (person, id) WHERE person IS NOT NULL;
-- Tenants are looked for without regard to case.
CREATE INDEX audit_by_tenant ON audit (tenant COLLATE NOCASE, id) WHERE tenant IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

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

-- What a job has begun to write for a person, until it is known what became of it. One of each kind of task at most.
CREATE TABLE attempt (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  kind TEXT NOT NULL,
  -- The user's id; null while it is to be made and nobody has heard of it.
  remote_id TEXT,
  -- JSON: a list of [object, field, old, new].
  changes TEXT NOT NULL,
  -- JSON: the same of attempts before it, of which nobody knows the end either.
  earlier TEXT NOT NULL DEFAULT '[]',
  -- JSON: positions of those changes that are known to be written.
  written TEXT NOT NULL DEFAULT '[]',
  -- JSON: names of the attributes that it sets.
  names TEXT NOT NULL,
  -- Whether the audit trail has it already.
  noted INTEGER NOT NULL DEFAULT 0,
  begun_at INTEGER NOT NULL,
  PRIMARY KEY (person_id, tenant_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_to_note ON attempt (tenant_id, noted);

-- Whose a user was before its link was taken away, or its person removed: keys, since people go. An admin's decision ends it.
CREATE TABLE former_link (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  remote_id TEXT NOT NULL,
  key TEXT NOT NULL,
  -- Whether an admin took the link away, so that no import puts it back by itself.
  given_up INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, remote_id, key)
) STRICT, WITHOUT ROWID;

-- Users of the application that may be a person's, where a push could not tell.
CREATE TABLE claim (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  remote_id TEXT NOT NULL,
  username TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'frozen')),
  -- JSON: lists of clauses.
  evidence TEXT NOT NULL,
  objections TEXT NOT NULL,
  PRIMARY KEY (person_id, tenant_id, remote_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_by_user ON claim (tenant_id, remote_id);

-- What attempts that were cut off may have left in the application beside a person's user, such as a contact, or may still set.
CREATE TABLE leftover (
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  -- JSON: a list of [object, field, old, new].
  begun TEXT NOT NULL,
  -- JSON: names of the attributes that they set.
  names TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  PRIMARY KEY (person_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX leftover_by_time ON leftover (tenant_id, begun_at);
