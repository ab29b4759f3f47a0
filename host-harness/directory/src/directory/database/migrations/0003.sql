-- Whether rows of the audit trail may be taken away: while there is a row here, which is never kept beyond a transaction. Dropping
-- the trigger instead would lock everybody out of the trail.
CREATE TABLE audit_pruning (begun_at {number} NOT NULL) {rows};

-- Tenants are looked for without regard to case.
-- sqlite
DROP INDEX audit_by_tenant;
-- both
CREATE INDEX audit_by_tenant ON audit (lower(tenant), id) WHERE tenant IS NOT NULL;

-- sqlite
DROP TRIGGER audit_is_not_erased;
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit WHEN NOT EXISTS (SELECT 1 FROM audit_pruning)
  BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
-- postgres
CREATE FUNCTION audit_is_not_rewritten() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''audit rows are never changed''; END';
CREATE FUNCTION audit_is_not_erased() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN
     IF EXISTS (SELECT 1 FROM audit_pruning) THEN RETURN OLD; END IF;
     RAISE EXCEPTION ''audit rows are never deleted'';
   END';
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_not_rewritten();
CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_not_erased();

-- SQLite's name for `strpos`.
CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT strpos($1, $2)';
-- both
