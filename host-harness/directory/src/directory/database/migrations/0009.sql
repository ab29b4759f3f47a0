-- The keys that secrets are sealed with, by their ids: the one in use; during its rotation the one before it, each sealed for the
-- other; and former ones, of which only what links of the audit trail were made with is kept, sealed for the one in use.
CREATE TABLE data_key (
  id {text} PRIMARY KEY,
  state {text} NOT NULL CHECK (state IN ('current', 'leaving', 'former')),
  sealed {bytes},
  changed_at {number} NOT NULL
) {keyed};
CREATE UNIQUE INDEX one_current_key ON data_key (state) WHERE state = 'current';
CREATE UNIQUE INDEX one_leaving_key ON data_key (state) WHERE state = 'leaving';

-- What is sealed again when the key changes.
CREATE INDEX sealed_task ON task (id) WHERE sealed IS NOT NULL;
