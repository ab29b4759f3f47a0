-- Components that somebody has added, from a file or a registry: where each came from, and who has signed it. One that is here stays in
-- `component` until it is removed; the others go with the file that they were read from.
CREATE TABLE added_component (
  digest {text} PRIMARY KEY REFERENCES component,
  -- What it calls itself.
  name {text} NOT NULL,
  version {text} NOT NULL,
  -- A path, or the address in a registry.
  source {text} NOT NULL,
  -- The name of the key, and the comment that was signed with it. NULL if nobody's signature was asked for.
  signed_by {text},
  signed_comment {text},
  added_by {text} NOT NULL,
  added_at {number} NOT NULL
) {rows};
