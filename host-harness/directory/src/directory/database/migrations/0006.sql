-- When a worker looks at a tenant next; it isn't due before. Null: not until something is changed. Whatever may make it due
-- earlier says so in its own transaction, by a trigger, whichever program and version runs it. It may be too early, since the look
-- works it out; it is never too late.
ALTER TABLE tenant ADD COLUMN due_at {number} DEFAULT 0;
-- How many of its jobs have failed in a row, and until when it is left alone for that.
ALTER TABLE tenant ADD COLUMN failures {number} NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN rests_until {number} NOT NULL DEFAULT 0;
CREATE INDEX tenant_due ON tenant (due_at) WHERE removed_at IS NULL AND due_at IS NOT NULL;

-- sqlite
CREATE TRIGGER task_is_asked AFTER INSERT ON task WHEN NEW.state = 'waiting' BEGIN
  UPDATE tenant SET due_at = NEW.next_attempt_at
    WHERE id = NEW.tenant_id AND (due_at IS NULL OR due_at > NEW.next_attempt_at);
END;
CREATE TRIGGER task_is_asked_again AFTER UPDATE OF state, next_attempt_at ON task WHEN NEW.state = 'waiting' BEGIN
  UPDATE tenant SET due_at = NEW.next_attempt_at
    WHERE id = NEW.tenant_id AND (due_at IS NULL OR due_at > NEW.next_attempt_at);
END;
-- Another plan may be made.
CREATE TRIGGER plan_is_over AFTER UPDATE OF state ON plan WHEN NEW.state <> 'open' BEGIN
  UPDATE tenant SET due_at = 0 WHERE id = NEW.tenant_id;
END;
-- What has failed may go well with other settings or secrets.
CREATE TRIGGER tenant_is_edited AFTER UPDATE OF config ON tenant BEGIN
  UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE id = NEW.id;
END;
CREATE TRIGGER secret_is_new AFTER INSERT ON secret BEGIN
  UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER secret_is_changed AFTER UPDATE ON secret BEGIN
  UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE id = NEW.tenant_id;
END;
-- postgres
-- A worker that stores when a tenant is due next locks its row against the keys that others refer to (FOR UPDATE). So whoever has a
-- task that it hasn't seen either has the key's lock before it, and is waited for, or comes after it, and finds what it has stored.
CREATE FUNCTION task_is_asked() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN
     PERFORM 1 FROM tenant WHERE id = NEW.tenant_id FOR KEY SHARE;
     UPDATE tenant SET due_at = NEW.next_attempt_at
       WHERE id = NEW.tenant_id AND (due_at IS NULL OR due_at > NEW.next_attempt_at);
     RETURN NULL;
   END';
CREATE TRIGGER task_is_asked AFTER INSERT ON task FOR EACH ROW WHEN (NEW.state = 'waiting')
  EXECUTE FUNCTION task_is_asked();
CREATE TRIGGER task_is_asked_again AFTER UPDATE OF state, next_attempt_at ON task FOR EACH ROW WHEN (NEW.state = 'waiting')
  EXECUTE FUNCTION task_is_asked();
-- Another plan may be made.
CREATE FUNCTION plan_is_over() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE tenant SET due_at = 0 WHERE id = NEW.tenant_id; RETURN NULL; END';
CREATE TRIGGER plan_is_over AFTER UPDATE OF state ON plan FOR EACH ROW WHEN (NEW.state <> 'open')
  EXECUTE FUNCTION plan_is_over();
-- What has failed may go well with other settings or secrets.
CREATE FUNCTION tenant_is_edited() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE id = NEW.id; RETURN NULL; END';
CREATE TRIGGER tenant_is_edited AFTER UPDATE OF config ON tenant FOR EACH ROW EXECUTE FUNCTION tenant_is_edited();
CREATE FUNCTION secret_is_changed() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE id = NEW.tenant_id; RETURN NULL; END';
CREATE TRIGGER secret_is_changed AFTER INSERT OR UPDATE ON secret FOR EACH ROW EXECUTE FUNCTION secret_is_changed();

-- Tells hosts that listen, once the transaction is kept: a word, a tenant, and the schema, since one database may have several.
CREATE FUNCTION tell_hosts() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN
     IF TG_TABLE_NAME = ''task'' THEN
       PERFORM pg_notify(''provisioning'', ''ended '' || NEW.tenant_id || '' '' || TG_TABLE_SCHEMA);
     ELSE
       PERFORM pg_notify(''provisioning'', ''due '' || NEW.id || '' '' || TG_TABLE_SCHEMA);
     END IF;
     RETURN NULL;
   END';
CREATE TRIGGER tenant_is_new AFTER INSERT ON tenant FOR EACH ROW EXECUTE FUNCTION tell_hosts();
CREATE TRIGGER tenant_is_due AFTER UPDATE OF due_at ON tenant FOR EACH ROW
  WHEN (NEW.due_at < OLD.due_at OR NEW.due_at IS NOT NULL AND OLD.due_at IS NULL) EXECUTE FUNCTION tell_hosts();
CREATE TRIGGER task_has_ended AFTER UPDATE OF state ON task FOR EACH ROW
  WHEN (OLD.state = 'waiting' AND NEW.state <> 'waiting') EXECUTE FUNCTION tell_hosts();
-- both
