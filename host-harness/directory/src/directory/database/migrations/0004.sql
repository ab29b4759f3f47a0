-- Who works for which tenant, where several hosts share the database; SQLite's hosts lock files instead. An owner is known by its
-- name and its number, which grows with each owner. Nobody has one whose time is over.
CREATE TABLE tenant_lease (
  tenant_id {number} PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
  holder {text} NOT NULL,
  epoch {number} NOT NULL,
  until {number} NOT NULL
) {keyed};
CREATE INDEX tenant_lease_by_holder ON tenant_lease (holder);

-- postgres
-- Milliseconds since 1970 by the server's clock, which all hosts go by.
CREATE FUNCTION clock_millis() RETURNS bigint LANGUAGE sql VOLATILE AS
  'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';
-- both
