-- name: log
-- The facts of a book, newest first, narrowed down; with their stored bytes.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM audit a
  JOIN record.stored_events e ON e.notification_id = a.position
 WHERE a.book_id = %(book_id)s
   AND a.position < %(before)s
   AND a.position > %(after)s
   AND (%(actor_id)s::uuid IS NULL OR a.actor_id = %(actor_id)s)
   AND (%(command)s::text IS NULL OR a.command = %(command)s)
   AND (%(topic)s::text IS NULL OR a.topic = %(topic)s)
   AND (%(command_id)s::uuid IS NULL OR a.command_id = %(command_id)s)
 ORDER BY a.position DESC
 LIMIT %(limit)s;

-- name: log_of_stream
-- The same for one thing, by the record's own key.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM record.stored_events e
 WHERE e.originator_id = %(stream_id)s
   AND e.book_id = %(book_id)s
   AND e.notification_id < %(before)s
   AND e.notification_id > %(after)s
   AND e.notification_id <= (SELECT position FROM tracking)
   AND (%(actor_id)s::uuid IS NULL OR e.actor_id = %(actor_id)s)
   AND (%(command)s::text IS NULL OR e.command = %(command)s)
   AND (%(topic)s::text IS NULL OR e.topic = %(topic)s)
   AND (%(command_id)s::uuid IS NULL OR e.command_id = %(command_id)s)
 ORDER BY e.originator_version DESC
 LIMIT %(limit)s;

-- name: changes
-- The facts of a book past a position, in order.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM audit a
  JOIN record.stored_events e ON e.notification_id = a.position
 WHERE a.book_id = %(book_id)s AND a.position > %(after)s
 ORDER BY a.position
 LIMIT %(limit)s;

-- name: streams
-- The beginnings of some streams: all facts up to a position.
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at, actor_id, command_id,
       command, state
  FROM record.stored_events
 WHERE originator_id = ANY(%(stream_ids)s) AND notification_id <= %(last)s
 ORDER BY originator_id, originator_version;

-- name: command
-- Where the facts of a command stand, and what they have in common.
SELECT command, actor_id, min(recorded_at), min(position), max(position), count(*)
  FROM audit
 WHERE command_id = %(command_id)s AND book_id = %(book_id)s
 GROUP BY command, actor_id;
