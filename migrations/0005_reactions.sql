-- How far each reaction has come in the record: what it has done in the world cannot be done again by a rebuild, so
-- it is kept here and not among the read models.

CREATE SCHEMA reactions;

CREATE TABLE reactions.positions (
    reaction text        PRIMARY KEY,
    position bigint      NOT NULL CHECK (position >= 0),
    moved_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

-- Facts that a reaction could not deal with: it has gone on, and tries them again when they are due, until they are
-- set aside. The reason names kinds of failure, and nothing that anybody wrote.
CREATE TABLE reactions.trials (
    reaction     text        NOT NULL,
    position     bigint      NOT NULL,
    tries        integer     NOT NULL CHECK (tries > 0),
    due_at       timestamptz NOT NULL,
    reason       text        NOT NULL,
    set_aside_at timestamptz,
    PRIMARY KEY (reaction, position)
);
CREATE INDEX trials_due_idx ON reactions.trials (reaction, due_at) WHERE set_aside_at IS NULL;

GRANT USAGE ON SCHEMA reactions TO numina_service;
GRANT SELECT, INSERT, UPDATE ON reactions.positions TO numina_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON reactions.trials TO numina_service;

-- Nobody is written to about what was recorded before there was mail.
INSERT INTO reactions.positions (reaction, position) SELECT 'letters', position FROM record.head;
