-- The audit trail as a chain of links for each tenant, and one for what concerns all; `audit/chain.rs` says what a link covers. Rows
-- from before have none until the directory is next opened.
ALTER TABLE audit ADD COLUMN chain {text};
ALTER TABLE audit ADD COLUMN seq {number};
-- What the digest of the content begins with. It goes with the content of a row that is erased.
ALTER TABLE audit ADD COLUMN salt {bytes};
ALTER TABLE audit ADD COLUMN digest {bytes};
ALTER TABLE audit ADD COLUMN link {bytes};
-- Which key the link was made with.
ALTER TABLE audit ADD COLUMN key_id {text};
CREATE UNIQUE INDEX audit_by_link ON audit (chain, seq) WHERE link IS NOT NULL;
CREATE INDEX audit_without_link ON audit (id) WHERE link IS NULL;

CREATE TABLE audit_chain (
  -- The tenant's name in lower case; empty for what concerns all.
  name {text} PRIMARY KEY,
  -- The last row's number and link.
  seq {number} NOT NULL,
  link {bytes} NOT NULL,
  -- Those of the last row that was pruned; 0 and zeros before that.
  pruned {number} NOT NULL,
  anchor {bytes} NOT NULL,
  -- In the chain of what concerns all: how many others there are, and whether rows from before are still being linked.
  others {number} NOT NULL,
  adopting {flag} NOT NULL,
  key_id {text} NOT NULL,
  -- Covers all of this row, so that nobody without the key can cut off a chain's end.
  seal {bytes} NOT NULL
) {keyed};

-- What is erased of a person is emptied, under the same condition under which rows are pruned.
-- sqlite
DROP TRIGGER audit_is_not_rewritten;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit WHEN NOT EXISTS (SELECT 1 FROM audit_pruning)
  BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
-- postgres
CREATE OR REPLACE FUNCTION audit_is_not_rewritten() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN
     IF EXISTS (SELECT 1 FROM audit_pruning) THEN RETURN NEW; END IF;
     RAISE EXCEPTION ''audit rows are never changed'';
   END';
-- both

-- Which users were a person's, where that is given out or erased.
CREATE INDEX former_link_by_key ON former_link (key);
