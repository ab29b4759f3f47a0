-- What the application itself answered, where it refused something: JSON of status, code, message and fields.
ALTER TABLE task ADD COLUMN upstream TEXT;
ALTER TABLE audit ADD COLUMN upstream TEXT;
