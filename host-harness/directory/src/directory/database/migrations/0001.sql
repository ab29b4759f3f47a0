-- The first version. Times are milliseconds since 1970. Columns that end in _key hold what records are matched by, in lower case.
-- Words in braces are those of each engine; `schema.rs` has them.

CREATE TABLE tenant (
  id {id},
  name {text} NOT NULL,
  name_key {text} NOT NULL UNIQUE,
  config {text} NOT NULL,
  -- The attributes that the connector last listed; null before the first time.
  attribute_schema {text},
  -- Where the next incremental import starts.
  watermark {text},
  imported_at {number},
  fully_imported_at {number},
  pushed_at {number},
  -- Why the last job ended before its work was done; null where it did not. JSON.
  last_failure {text},
  -- When the tenant was removed. From then on it is hidden; what it had is deleted piece by piece, and its row goes last.
  removed_at {number},
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL
) {rows};

-- What is left to do of a change that concerns too many rows for one transaction.
CREATE TABLE chore (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  -- JSON; what it means is not the directory's concern.
  what {text} NOT NULL,
  -- Up to where it is done.
  after {text} NOT NULL DEFAULT ''
) {rows};
CREATE INDEX chore_by_tenant ON chore (tenant_id, id);

CREATE TABLE secret (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name {text} NOT NULL,
  sealed {bytes} NOT NULL,
  changed_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, name)
) {keyed};

CREATE TABLE person (
  id {id},
  key {text} NOT NULL UNIQUE,
  username {text} NOT NULL,
  status {text} NOT NULL CHECK (status IN ('active', 'suspended', 'deactivated')),
  attributes {text} NOT NULL,
  username_key {text} NOT NULL UNIQUE,
  email_key {text},
  federation_key {text},
  full_name_key {text},
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL,
  -- One text that a search looks through. Of 100,000 people this takes 23 ms, and looking through each column took 79 ms.
-- sqlite
  search {text} GENERATED ALWAYS AS (
    lower(key) || char(10) || username_key || char(10) || coalesce(email_key, '') || char(10)
      || coalesce(replace(full_name_key, char(31), ' '), '')
  ) VIRTUAL
-- postgres
  search {text} GENERATED ALWAYS AS (
    lower(key) || chr(10) || username_key || chr(10) || coalesce(email_key, '') || chr(10)
      || coalesce(replace(full_name_key, chr(31), ' '), '')
  ) STORED
-- both
) {rows};
-- What a list of people is searched and sorted by, so that a search does not read whole people.
-- sqlite
CREATE INDEX person_search ON person (key, status, search);
-- postgres
-- An entry of an index has 2,704 bytes at most, which the searched text may exceed.
CREATE INDEX person_search ON person (key, status);
-- both
CREATE INDEX person_by_email ON person (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX person_by_federation ON person (federation_key) WHERE federation_key IS NOT NULL;
CREATE INDEX person_by_full_name ON person (full_name_key) WHERE full_name_key IS NOT NULL;

CREATE TABLE import_run (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  scope {text} NOT NULL CHECK (scope IN ('full', 'increment')),
  phase {text} NOT NULL CHECK (phase IN ('reading', 'settling', 'halted', 'done', 'discarded')),
  actor {text} NOT NULL,
  since {text},
  cursor {text},
  watermark {text},
  pages {number} NOT NULL DEFAULT 0,
  users {number} NOT NULL DEFAULT 0,
  counts {text} NOT NULL DEFAULT '{}',
  -- Whether an admin has let it pass the safeguard.
  accepted {flag} NOT NULL DEFAULT FALSE,
  reason {text},
  started_at {number} NOT NULL,
  changed_at {number} NOT NULL
) {rows};
CREATE INDEX import_run_by_tenant ON import_run (tenant_id, id);
CREATE INDEX ended_import_run ON import_run (changed_at) WHERE phase IN ('done', 'discarded');
CREATE UNIQUE INDEX one_open_import_run ON import_run (tenant_id) WHERE phase IN ('reading', 'settling', 'halted');

-- The application's users, as the last import saw them.
CREATE TABLE remote_user (
  id {row_id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  remote_id {text} NOT NULL,
  username {text} NOT NULL,
  status {text} NOT NULL CHECK (status IN ('active', 'inactive', 'frozen')),
  modified {text} NOT NULL,
  attributes {text} NOT NULL,
  grants {text} NOT NULL,
  username_key {text} NOT NULL,
  email_key {text},
  federation_key {text},
  full_name_key {text},
  seen_run {number} NOT NULL,
  gone {flag} NOT NULL DEFAULT FALSE,
  digest {bytes} NOT NULL,
  -- The digest and the status that the directory has taken note of; null for a user that is new to it.
  settled_digest {bytes},
  settled_status {text},
  pending {flag} NOT NULL DEFAULT TRUE,
  -- Why it waits for an admin; null where it does not.
  waiting {text},
  UNIQUE (tenant_id, remote_id)
) {rows};
CREATE INDEX remote_user_pending ON remote_user (tenant_id, id) WHERE pending;
CREATE INDEX remote_user_waiting ON remote_user (tenant_id, id) WHERE waiting IS NOT NULL;
-- What users are matched by.
CREATE INDEX remote_user_by_username ON remote_user (tenant_id, username_key);
CREATE INDEX remote_user_by_email ON remote_user (tenant_id, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX remote_user_by_federation ON remote_user (tenant_id, federation_key) WHERE federation_key IS NOT NULL;

CREATE TABLE link (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  remote_id {text} NOT NULL,
  reason {text} NOT NULL,
  -- Names of the application's attributes that a push has set, so that one that is emptied here is cleared there.
  pushed {text} NOT NULL DEFAULT '[]',
  created_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, person_id),
  UNIQUE (tenant_id, remote_id)
) {keyed};
CREATE INDEX link_by_person ON link (person_id);

-- People that a waiting user may be.
CREATE TABLE candidate (
  remote_user_id {number} NOT NULL REFERENCES remote_user ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  reason {text} NOT NULL,
  PRIMARY KEY (remote_user_id, person_id)
) {keyed};
CREATE INDEX candidate_by_person ON candidate (person_id);

CREATE TABLE assignment (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  -- Attributes of the application that are set for this assignment, over those of the person.
  attributes {text} NOT NULL DEFAULT '{}',
  exact_grants {flag} NOT NULL DEFAULT FALSE,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
) {keyed};
CREATE INDEX assignment_by_person ON assignment (person_id);

CREATE TABLE assignment_grant (
  tenant_id {number} NOT NULL,
  person_id {number} NOT NULL,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  PRIMARY KEY (tenant_id, person_id, kind, name),
  FOREIGN KEY (tenant_id, person_id) REFERENCES assignment ON DELETE CASCADE
) {keyed};

CREATE TABLE task (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} REFERENCES person ON DELETE CASCADE,
  kind {text} NOT NULL CHECK (kind IN ('push', 'deactivate', 'reactivate', 'password', 'vanished', 'import')),
  state {text} NOT NULL CHECK (state IN ('waiting', 'failed', 'done', 'cancelled')),
  -- One open task does the same thing once.
  idempotency_key {text} NOT NULL,
  -- Counts what was asked; a task that was asked again while it ran is not done.
  revision {number} NOT NULL DEFAULT 1,
  attempts {number} NOT NULL DEFAULT 0,
  next_attempt_at {number} NOT NULL,
  retry {text},
  error_kind {text},
  cause {text},
  remedy {text},
  -- What the application itself answered, where it refused something: JSON of status, code, message, fields and request_id.
  upstream {text},
  -- What it carries that nobody may read, such as a new password. Gone once the task ends.
  sealed {bytes},
  -- Whether it was handed to the connector and nothing has been heard of it since: the process ended, or the answer was lost. The
  -- application may have done it.
  under_way {flag} NOT NULL DEFAULT FALSE,
  actor {text} NOT NULL,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL
) {rows};
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
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  state {text} NOT NULL CHECK (state IN ('open', 'applied', 'superseded')),
  actor {text} NOT NULL,
  created_at {number} NOT NULL,
  changed_at {number} NOT NULL
) {rows};
CREATE INDEX plan_by_tenant ON plan (tenant_id, id);
CREATE INDEX ended_plan ON plan (changed_at) WHERE state <> 'open';
CREATE UNIQUE INDEX one_open_plan ON plan (tenant_id) WHERE state = 'open';

CREATE TABLE plan_item (
  plan_id {number} NOT NULL REFERENCES plan ON DELETE CASCADE,
  task_id {number} NOT NULL REFERENCES task ON DELETE CASCADE,
  revision {number} NOT NULL,
  digest {text} NOT NULL,
  outcome {text} NOT NULL,
  PRIMARY KEY (plan_id, task_id)
) {keyed};
-- A task takes its place in plans with it when it goes.
CREATE INDEX plan_item_by_task ON plan_item (task_id);

-- Names instead of references: the trail outlives what it tells of.
CREATE TABLE audit (
  id {id},
  at {number} NOT NULL,
  actor {text} NOT NULL,
  tenant {text},
  person {text},
  action {text} NOT NULL,
  old {text},
  new {text},
  result {text} NOT NULL,
  upstream {text}
) {rows};
CREATE INDEX audit_by_person ON audit (person, id) WHERE person IS NOT NULL;
-- sqlite
CREATE INDEX audit_by_tenant ON audit (tenant COLLATE NOCASE, id) WHERE tenant IS NOT NULL;
-- both
CREATE INDEX audit_by_time ON audit (at);
-- sqlite
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
-- both

-- What was asked of the application, by day of UTC since 1970 and by the connector's function. `times` is a histogram.
CREATE TABLE api_usage (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  day {number} NOT NULL,
  operation {text} NOT NULL,
  failures {number} NOT NULL,
  times {text} NOT NULL,
  PRIMARY KEY (tenant_id, day, operation)
) {keyed};

-- What the application last said of its allowance of calls on each day.
CREATE TABLE api_allowance (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  day {number} NOT NULL,
  used {number} NOT NULL,
  allowed {number} NOT NULL,
  seen_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, day)
) {keyed};

-- The kinds of things that can be assigned, as the connector last listed them.
CREATE TABLE entitlement_kind (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  position {number} NOT NULL,
  name {text} NOT NULL,
  label {text} NOT NULL,
  many {flag} NOT NULL,
  -- Whether the connector can list this kind.
  listed {flag} NOT NULL,
  listed_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, position)
) {keyed};

CREATE TABLE entitlement (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  kind {text} NOT NULL,
  id {text} NOT NULL,
  name {text} NOT NULL,
  name_key {text} NOT NULL,
  -- A list of tags.
  compatibility {text} NOT NULL,
  seats_used {number},
  seats_total {number},
  PRIMARY KEY (tenant_id, kind, name_key, id)
) {keyed};
CREATE INDEX entitlement_by_id ON entitlement (tenant_id, kind, id);

-- What a job has begun to write for a person, until it is known what became of it. One of each kind of task at most.
CREATE TABLE attempt (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  kind {text} NOT NULL,
  -- The user's id; null while it is to be made and nobody has heard of it.
  remote_id {text},
  -- JSON: a list of [object, field, old, new].
  changes {text} NOT NULL,
  -- JSON: the same of attempts before it, of which nobody knows the end either.
  earlier {text} NOT NULL DEFAULT '[]',
  -- JSON: positions of those changes that are known to be written.
  written {text} NOT NULL DEFAULT '[]',
  -- JSON: names of the attributes that it sets.
  names {text} NOT NULL,
  -- Whether the audit trail has it already.
  noted {flag} NOT NULL DEFAULT FALSE,
  begun_at {number} NOT NULL,
  PRIMARY KEY (person_id, tenant_id, kind)
) {keyed};
CREATE INDEX attempt_to_note ON attempt (tenant_id, noted);

-- Whose a user was before its link was taken away, or its person removed: keys, since people go. An admin's decision ends it.
CREATE TABLE former_link (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  remote_id {text} NOT NULL,
  key {text} NOT NULL,
  -- Whether an admin took the link away, so that no import puts it back by itself.
  given_up {flag} NOT NULL DEFAULT FALSE,
  ended_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, remote_id, key)
) {keyed};

-- Users of the application that may be a person's, where a push could not tell.
CREATE TABLE claim (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  remote_id {text} NOT NULL,
  username {text} NOT NULL,
  status {text} NOT NULL CHECK (status IN ('active', 'inactive', 'frozen')),
  -- JSON: lists of clauses.
  evidence {text} NOT NULL,
  objections {text} NOT NULL,
  PRIMARY KEY (person_id, tenant_id, remote_id)
) {keyed};
CREATE INDEX claim_by_user ON claim (tenant_id, remote_id);

-- What attempts that were cut off may have left in the application beside a person's user, such as a contact, or may still set.
CREATE TABLE leftover (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  person_id {number} NOT NULL REFERENCES person ON DELETE CASCADE,
  -- JSON: a list of [object, field, old, new].
  begun {text} NOT NULL,
  -- JSON: names of the attributes that they set.
  names {text} NOT NULL,
  begun_at {number} NOT NULL,
  PRIMARY KEY (person_id, tenant_id)
) {keyed};
CREATE INDEX leftover_by_time ON leftover (tenant_id, begun_at);
