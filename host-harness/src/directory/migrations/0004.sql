-- Why the tenant's last job ended before its work was done; null where it did not. JSON.
ALTER TABLE tenant ADD COLUMN last_failure TEXT;
