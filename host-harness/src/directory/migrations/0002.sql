-- Whether the task was handed to the connector and nothing has been heard of it since: the process ended, or the answer was
-- lost. The application may have done it.
ALTER TABLE task ADD COLUMN under_way INTEGER NOT NULL DEFAULT 0;
