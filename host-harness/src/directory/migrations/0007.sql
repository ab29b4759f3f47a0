-- What users are matched by. Without it each of them was looked for among all users of its tenant.
CREATE INDEX remote_user_by_username ON remote_user (tenant_id, username_key);
-- A task takes its place in plans with it when it goes.
CREATE INDEX plan_item_by_task ON plan_item (task_id);
-- What is old enough to be taken away.
CREATE INDEX ended_task ON task (changed_at) WHERE state IN ('done', 'cancelled');
CREATE INDEX ended_plan ON plan (changed_at) WHERE state <> 'open';
CREATE INDEX ended_import_run ON import_run (changed_at) WHERE phase IN ('done', 'discarded');
-- What is open of all tenants, in the order in which it is listed.
CREATE INDEX open_task_by_id ON task (id) WHERE state IN ('waiting', 'failed');
