-- name: bookkeeping
-- How far the tables beside this one have come.
CREATE TABLE tracking (
    cell       smallint    PRIMARY KEY DEFAULT 1 CHECK (cell = 1),
    position   bigint      NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000);
INSERT INTO tracking (position, updated_at) VALUES (0, now());
-- Which code the tables were made by.
CREATE TABLE versions (
    name    text    PRIMARY KEY,
    version integer NOT NULL,
    tables  text[]  NOT NULL
);

-- name: remember
INSERT INTO versions (name, version, tables) VALUES (%(name)s, %(version)s, %(tables)s)
    ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, tables = EXCLUDED.tables;

-- name: forget
DELETE FROM versions WHERE name = %(name)s;

-- name: versions
SELECT name, version, tables FROM versions;

-- name: exists
SELECT to_regclass(%(table)s) IS NOT NULL;

-- name: position
SELECT position FROM tracking;

-- name: move
UPDATE tracking SET position = %(position)s, updated_at = now();

-- name: window_lock
SELECT pg_advisory_xact_lock(%(space)s, %(key)s);

-- name: keep
BEGIN ISOLATION LEVEL REPEATABLE READ;
-- Takes no snapshot: one that is taken after this is as young as every row of the tables that stand now.
LOCK TABLE views.versions IN ACCESS SHARE MODE;

-- name: exchange
LOCK TABLE views.versions IN ACCESS EXCLUSIVE MODE;

-- name: notify
SELECT pg_notify('projected', %(position)s);

-- name: share
-- Whoever serves requests may read whatever the projector makes, from the moment it stands in `views`.
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO numina_service;

-- name: try_lock
SELECT pg_try_advisory_lock(%(space)s, %(key)s);
