-- When the tenant was removed. From then on it is hidden; what it had is deleted piece by piece, and its row goes last.
ALTER TABLE tenant ADD COLUMN removed_at INTEGER;

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
