-- Clients that bring people by SCIM: a platform and its tokens, its users and groups.
CREATE TABLE scim_client (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  -- Which platform it is, where its habits matter.
  platform TEXT NOT NULL,
  -- JSON.
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (tenant_id, name_key)
) STRICT;

-- What a client signs in with. The token itself is stored nowhere.
CREATE TABLE scim_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id INTEGER NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  hash BLOB NOT NULL UNIQUE,
  -- Its first characters, by which an admin tells it from the other.
  hint TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  used_at INTEGER
) STRICT;
CREATE INDEX scim_token_by_client ON scim_token (client_id, id);

-- A client's user. Its number is the order in which users are listed.
CREATE TABLE scim_user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id INTEGER NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  public_id TEXT NOT NULL,
  person_id INTEGER NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE,
  external_id TEXT,
  username_key TEXT NOT NULL,
  -- JSON: what the client has set, in the form of the schema.
  document TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (client_id, public_id),
  UNIQUE (client_id, username_key)
) STRICT;
CREATE INDEX scim_user_in_order ON scim_user (client_id, id);
CREATE UNIQUE INDEX scim_user_by_external_id ON scim_user (client_id, external_id) WHERE external_id IS NOT NULL;

-- People whose users a client has deleted. A user of the same two names is the same person again.
CREATE TABLE scim_former_user (
  client_id INTEGER NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  external_id TEXT NOT NULL,
  username_key TEXT NOT NULL,
  person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  PRIMARY KEY (client_id, external_id, username_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_former_user_by_person ON scim_former_user (person_id);

CREATE TABLE scim_group (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id INTEGER NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  public_id TEXT NOT NULL,
  external_id TEXT,
  display_name TEXT NOT NULL,
  display_key TEXT NOT NULL,
  -- Of two groups that give different things of which a user has one, the one with the lower number counts.
  priority INTEGER NOT NULL DEFAULT 100,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (client_id, public_id),
  UNIQUE (client_id, display_key)
) STRICT;
CREATE INDEX scim_group_in_order ON scim_group (client_id, id);
CREATE UNIQUE INDEX scim_group_by_external_id ON scim_group (client_id, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_member (
  group_id INTEGER NOT NULL REFERENCES scim_group ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES scim_user ON DELETE CASCADE,
  -- What the client calls the member.
  display TEXT,
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_member_by_user ON scim_member (user_id);

-- What the members of a group hold in the application.
CREATE TABLE scim_group_grant (
  group_id INTEGER NOT NULL REFERENCES scim_group ON DELETE CASCADE,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (group_id, kind, name)
) STRICT, WITHOUT ROWID;

-- A client's last requests, without what people's records hold.
CREATE TABLE scim_request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id INTEGER NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  body TEXT,
  status INTEGER NOT NULL,
  answer TEXT,
  millis INTEGER NOT NULL
) STRICT;
CREATE INDEX scim_request_by_client ON scim_request (client_id, id);

-- A task may also tell of grants that contradict each other. SQLite changes the list of kinds only with the table.
CREATE TABLE task_of_0003 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id INTEGER NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id INTEGER REFERENCES person ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('push', 'deactivate', 'reactivate', 'password', 'vanished', 'import', 'grants')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'failed', 'done', 'cancelled')),
  idempotency_key TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  retry TEXT,
  error_kind TEXT,
  cause TEXT,
  remedy TEXT,
  upstream TEXT,
  sealed BLOB,
  under_way INTEGER NOT NULL DEFAULT 0,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
INSERT INTO task_of_0003 (id, tenant_id, person_id, kind, state, idempotency_key, revision, attempts, next_attempt_at, retry, error_kind,
    cause, remedy, upstream, sealed, under_way, actor, created_at, changed_at)
  SELECT id, tenant_id, person_id, kind, state, idempotency_key, revision, attempts, next_attempt_at, retry, error_kind, cause, remedy,
    upstream, sealed, under_way, actor, created_at, changed_at FROM task;
CREATE TABLE plan_item_of_0003 (plan_id INTEGER, task_id INTEGER, revision INTEGER, digest TEXT, outcome TEXT) STRICT;
INSERT INTO plan_item_of_0003 (plan_id, task_id, revision, digest, outcome)
  SELECT plan_id, task_id, revision, digest, outcome FROM plan_item;
-- What refers to a table goes before it.
DROP TABLE plan_item;
DROP TABLE task;
ALTER TABLE task_of_0003 RENAME TO task;
CREATE UNIQUE INDEX one_open_task ON task (tenant_id, idempotency_key) WHERE state IN ('waiting', 'failed');
CREATE INDEX task_due ON task (tenant_id, kind, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX task_by_person ON task (person_id);
CREATE INDEX task_by_tenant ON task (tenant_id, id);
CREATE INDEX open_task ON task (tenant_id, id) WHERE state IN ('waiting', 'failed');
CREATE INDEX open_task_by_state ON task (tenant_id, state, error_kind) WHERE state IN ('waiting', 'failed');
CREATE INDEX open_task_by_id ON task (id) WHERE state IN ('waiting', 'failed');
CREATE INDEX ended_task ON task (changed_at) WHERE state IN ('done', 'cancelled');
CREATE TABLE plan_item (
  plan_id INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
  task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  digest TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (plan_id, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_item_by_task ON plan_item (task_id);
INSERT INTO plan_item (plan_id, task_id, revision, digest, outcome)
  SELECT plan_id, task_id, revision, digest, outcome FROM plan_item_of_0003;
DROP TABLE plan_item_of_0003;
