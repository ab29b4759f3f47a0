-- Components that tenants bring, so that each host of the database has them, whichever host's file they came from. By the SHA-256 of
-- their bytes, which is looked at again before they are used.
CREATE TABLE component (
  digest {text} PRIMARY KEY,
  bytes {bytes} NOT NULL,
  added_at {number} NOT NULL
) {rows};
-- Which one a file held last, by the path in the tenants' settings.
CREATE TABLE component_file (
  path {text} PRIMARY KEY,
  digest {text} NOT NULL REFERENCES component
) {rows};
CREATE INDEX component_file_by_digest ON component_file (digest);
