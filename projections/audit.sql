-- name: schema
CREATE TABLE audit (
    position    bigint      NOT NULL,
    book_id     uuid        NOT NULL,
    actor_id    uuid        NOT NULL,
    command_id  uuid        NOT NULL,
    command     text        NOT NULL,
    recorded_at timestamptz NOT NULL,
    topic       text        NOT NULL,
    stream_id   uuid        NOT NULL,
    version     bigint      NOT NULL
);

-- name: indexes
CREATE UNIQUE INDEX audit_book_idx ON audit (book_id, position);
CREATE INDEX audit_command_idx ON audit (command_id, position);

-- name: add
-- The columns are the record's own, so they need not travel through Python.
INSERT INTO audit (position, book_id, actor_id, command_id, command, recorded_at, topic, stream_id, version)
SELECT notification_id, book_id, actor_id, command_id, command, recorded_at, topic, originator_id,
       originator_version
  FROM record.stored_events
 WHERE notification_id BETWEEN %(first)s AND %(last)s;

-- name: add_some
-- The same for a window that was sieved by book.
INSERT INTO audit (position, book_id, actor_id, command_id, command, recorded_at, topic, stream_id, version)
SELECT notification_id, book_id, actor_id, command_id, command, recorded_at, topic, originator_id,
       originator_version
  FROM record.stored_events
 WHERE notification_id = ANY(%(positions)s);
