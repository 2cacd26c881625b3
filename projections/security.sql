-- name: schema
-- Which facts are about somebody's own security: a row for each person whom a fact concerns.
CREATE TABLE security (
    book_id  uuid   NOT NULL,
    position bigint NOT NULL,
    user_id  uuid   NOT NULL,
    PRIMARY KEY (book_id, position, user_id)
);

-- name: indexes
CREATE INDEX security_user_idx ON security (user_id, position);

-- name: log
-- The facts that concern a person, newest first, narrowed down; with their stored bytes.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM security s
  JOIN record.stored_events e ON e.notification_id = s.position
 WHERE s.user_id = %(user_id)s
   AND s.position < %(before)s
   AND s.position > %(after)s
   AND (%(actor_id)s::uuid IS NULL OR e.actor_id = %(actor_id)s)
   AND (%(command)s::text IS NULL OR e.command = %(command)s)
   AND (%(topic)s::text IS NULL OR e.topic = %(topic)s)
   AND (%(command_id)s::uuid IS NULL OR e.command_id = %(command_id)s)
   AND (%(stream_id)s::uuid IS NULL OR e.originator_id = %(stream_id)s)
 ORDER BY s.position DESC
 LIMIT %(limit)s;

-- name: beginnings
-- The first facts of some streams.
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at, actor_id, command_id,
       command, state
  FROM record.stored_events
 WHERE originator_id = ANY(%(stream_ids)s) AND originator_version = 1;
