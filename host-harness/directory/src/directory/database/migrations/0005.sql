-- Clients that bring people by SCIM: a platform and its tokens, its users and groups.
CREATE TABLE scim_client (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name {text} NOT NULL,
  name_key {text} NOT NULL,
  -- Which platform it is, where its habits matter.
  platform {text} NOT NULL,
  -- JSON.
  settings {text} NOT NULL,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL,
  UNIQUE (tenant_id, name_key)
) {rows};

-- What a client signs in with. The token itself is stored nowhere.
CREATE TABLE scim_token (
  id {id},
  client_id {number} NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  hash {bytes} NOT NULL UNIQUE,
  -- Its first characters, by which an admin tells it from the other.
  hint {text} NOT NULL,
  created_at {number} NOT NULL,
  expires_at {number},
  used_at {number}
) {rows};
CREATE INDEX scim_token_by_client ON scim_token (client_id, id);

-- A client's user. Its number is the order in which users are listed.
CREATE TABLE scim_user (
  id {id},
  client_id {number} NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  public_id {text} NOT NULL,
  person_id {number} NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE,
  external_id {text},
  username_key {text} NOT NULL,
  -- JSON: what the client has set, in the form of the schema.
  document {text} NOT NULL,
  version {number} NOT NULL DEFAULT 1,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL,
  UNIQUE (client_id, public_id),
  UNIQUE (client_id, username_key)
) {rows};
CREATE INDEX scim_user_in_order ON scim_user (client_id, id);
CREATE UNIQUE INDEX scim_user_by_external_id ON scim_user (client_id, external_id) WHERE external_id IS NOT NULL;

-- People whose users a client has deleted. A user of the same two names is the same person again.
CREATE TABLE scim_former_user (
  client_id {number} NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  external_id {text} NOT NULL,
  username_key {text} NOT NULL,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  PRIMARY KEY (client_id, external_id, username_key)
) {keyed};
CREATE INDEX scim_former_user_by_person ON scim_former_user (person_id);

CREATE TABLE scim_group (
  id {id},
  client_id {number} NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  public_id {text} NOT NULL,
  external_id {text},
  display_name {text} NOT NULL,
  display_key {text} NOT NULL,
  -- Of two groups that give different things of which a user has one, the one with the lower number counts.
  priority {number} NOT NULL DEFAULT 100,
  version {number} NOT NULL DEFAULT 1,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL,
  UNIQUE (client_id, public_id),
  UNIQUE (client_id, display_key)
) {rows};
CREATE INDEX scim_group_in_order ON scim_group (client_id, id);
CREATE UNIQUE INDEX scim_group_by_external_id ON scim_group (client_id, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_member (
  group_id {number} NOT NULL REFERENCES scim_group ON DELETE CASCADE,
  user_id {number} NOT NULL REFERENCES scim_user ON DELETE CASCADE,
  -- What the client calls the member.
  display {text},
  PRIMARY KEY (group_id, user_id)
) {keyed};
CREATE INDEX scim_member_by_user ON scim_member (user_id);

-- What the members of a group hold in the application.
CREATE TABLE scim_group_grant (
  group_id {number} NOT NULL REFERENCES scim_group ON DELETE CASCADE,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  PRIMARY KEY (group_id, kind, name)
) {keyed};

-- A client's last requests, without what people's records hold.
CREATE TABLE scim_request (
  id {id},
  client_id {number} NOT NULL REFERENCES scim_client ON DELETE CASCADE,
  at {number} NOT NULL,
  method {text} NOT NULL,
  path {text} NOT NULL,
  body {text},
  status {number} NOT NULL,
  answer {text},
  millis {number} NOT NULL
) {rows};
CREATE INDEX scim_request_by_client ON scim_request (client_id, id);

-- A task may also tell of grants that contradict each other.
-- postgres
ALTER TABLE task DROP CONSTRAINT task_kind_check;
ALTER TABLE task ADD CONSTRAINT task_kind_check
  CHECK (kind IN ('push', 'deactivate', 'reactivate', 'password', 'vanished', 'import', 'grants'));
-- sqlite
-- SQLite changes the list of kinds only with the table.
CREATE TABLE task_of_0005 (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} REFERENCES person ON DELETE CASCADE,
  kind {text} NOT NULL CHECK (kind IN ('push', 'deactivate', 'reactivate', 'password', 'vanished', 'import', 'grants')),
  state {text} NOT NULL CHECK (state IN ('waiting', 'failed', 'done', 'cancelled')),
  idempotency_key {text} NOT NULL,
  revision {number} NOT NULL DEFAULT 1,
  attempts {number} NOT NULL DEFAULT 0,
  next_attempt_at {number} NOT NULL,
  retry {text},
  error_kind {text},
  cause {text},
  remedy {text},
  upstream {text},
  sealed {bytes},
  under_way {flag} NOT NULL DEFAULT FALSE,
  actor {text} NOT NULL,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL
) {rows};
INSERT INTO task_of_0005 (id, tenant_id, person_id, kind, state, idempotency_key, revision, attempts, next_attempt_at, retry, error_kind,
    cause, remedy, upstream, sealed, under_way, actor, created_at, changed_at)
  SELECT id, tenant_id, person_id, kind, state, idempotency_key, revision, attempts, next_attempt_at, retry, error_kind, cause, remedy,
    upstream, sealed, under_way, actor, created_at, changed_at FROM task;
CREATE TABLE plan_item_of_0005 (plan_id {number}, task_id {number}, revision {number}, digest {text}, outcome {text}) {rows};
INSERT INTO plan_item_of_0005 (plan_id, task_id, revision, digest, outcome)
  SELECT plan_id, task_id, revision, digest, outcome FROM plan_item;
-- What refers to a table goes before it.
DROP TABLE plan_item;
DROP TABLE task;
ALTER TABLE task_of_0005 RENAME TO task;
CREATE UNIQUE INDEX one_open_task ON task (tenant_id, idempotency_key) WHERE state IN ('waiting', 'failed');
CREATE INDEX task_due ON task (tenant_id, kind, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX task_by_person ON task (person_id);
CREATE INDEX task_by_tenant ON task (tenant_id, id);
CREATE INDEX open_task ON task (tenant_id, id) WHERE state IN ('waiting', 'failed');
CREATE INDEX open_task_by_state ON task (tenant_id, state, error_kind) WHERE state IN ('waiting', 'failed');
CREATE INDEX open_task_by_id ON task (id) WHERE state IN ('waiting', 'failed');
CREATE INDEX ended_task ON task (changed_at) WHERE state IN ('done', 'cancelled');
CREATE TABLE plan_item (
  plan_id {number} NOT NULL REFERENCES plan ON DELETE CASCADE,
  task_id {number} NOT NULL REFERENCES task ON DELETE CASCADE,
  revision {number} NOT NULL,
  digest {text} NOT NULL,
  outcome {text} NOT NULL,
  PRIMARY KEY (plan_id, task_id)
) {keyed};
CREATE INDEX plan_item_by_task ON plan_item (task_id);
INSERT INTO plan_item (plan_id, task_id, revision, digest, outcome)
  SELECT plan_id, task_id, revision, digest, outcome FROM plan_item_of_0005;
DROP TABLE plan_item_of_0005;
-- both
