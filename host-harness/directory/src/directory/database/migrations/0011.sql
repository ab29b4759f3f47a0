-- What hosts of one directory share about those who ask them.

-- A name that tells this directory from others, such as in the names of cookies. No secret.
CREATE TABLE directory_name (name {text} PRIMARY KEY) {keyed};
-- sqlite
INSERT INTO directory_name (name) VALUES (lower(hex(randomblob(4))));
-- postgres
INSERT INTO directory_name (name) VALUES (substr(md5(random()::text || clock_timestamp()::text), 1, 8));
-- both

-- Who may sign in to the console: names in lower case, and Argon2id hashes in the PHC string format.
CREATE TABLE console_admin (name {text} PRIMARY KEY, hash {text} NOT NULL) {keyed};

-- Browsers that somebody has signed in with.
CREATE TABLE console_session (
  -- The SHA-256 of what the browser's cookie says, so that a copy of the database signs nobody in.
  id {bytes} PRIMARY KEY,
  -- Empty: by the token of a console.
  admin {text} NOT NULL,
  -- The SHA-256 of what the sign-in was checked against. Where that has changed, the session is over.
  proof {bytes} NOT NULL,
  address {text} NOT NULL,
  since {number} NOT NULL,
  seen {number} NOT NULL
) {keyed};
CREATE INDEX console_session_by_use ON console_session (seen);

-- What waits for a browser, sealed: a word for its next page, a page, a form.
CREATE TABLE console_shelf (
  id {bytes} NOT NULL,
  kind {text} NOT NULL,
  sealed {bytes} NOT NULL,
  kept_at {number} NOT NULL,
  PRIMARY KEY (kind, id)
) {keyed};
CREATE INDEX console_shelf_by_age ON console_shelf (kind, kept_at);

-- Who has failed to sign in, by a keyed hash: what was typed as a name is often a password.
CREATE TABLE console_failure (
  id {bytes} PRIMARY KEY,
  failures {number} NOT NULL,
  -- Until when the next try has to wait.
  until {number} NOT NULL
) {keyed};
CREATE INDEX console_failure_by_end ON console_failure (until, failures);

-- Jobs that are shown to people: how far each is, or what has come of it.
CREATE TABLE job_status (
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  -- What it is, for the pages that show it.
  kind {text} NOT NULL,
  -- JSON.
  status {text} NOT NULL,
  is_running {flag} NOT NULL,
  started_at {number} NOT NULL,
  -- When it was last heard of.
  told_at {number} NOT NULL,
  PRIMARY KEY (tenant_id, kind)
) {keyed};

-- How much each SCIM client may still ask at once, in thousandths of a request.
CREATE TABLE scim_allowance (
  client_id {number} PRIMARY KEY REFERENCES scim_client ON DELETE CASCADE,
  thousandths {number} NOT NULL,
  at {number} NOT NULL
) {keyed};

-- postgres
-- Leases that are somebody's, or were when their host went.
CREATE INDEX tenant_lease_in_use ON tenant_lease (until) WHERE until > 0;
