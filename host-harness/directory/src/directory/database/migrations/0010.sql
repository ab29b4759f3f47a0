-- What jobs have come to: every import and push that did something, with who started it.
CREATE TABLE job_run (
  id {id},
  tenant_id {number} NOT NULL REFERENCES tenant ON DELETE CASCADE,
  kind {text} NOT NULL,
  actor {text} NOT NULL,
  -- done, partly, halted, paused or failed.
  outcome {text} NOT NULL,
  -- JSON: how many of what.
  counts {text} NOT NULL,
  -- JSON: what ended it.
  failure {text},
  requests {number} NOT NULL,
  started_at {number} NOT NULL,
  ended_at {number} NOT NULL
) {rows};
CREATE INDEX job_run_by_tenant ON job_run (tenant_id, id);
CREATE INDEX job_run_by_end ON job_run (ended_at);
