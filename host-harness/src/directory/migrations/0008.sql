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
