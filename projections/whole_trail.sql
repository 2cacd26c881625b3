-- name: log
-- The facts of all books between two positions (both exclusive), newest first, narrowed down.
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at, actor_id, command_id,
       command, state
  FROM record.stored_events
 WHERE notification_id < %(before)s
   AND notification_id > %(after)s
   AND notification_id <= (SELECT position FROM tracking)
   AND (%(book_id)s::uuid IS NULL OR book_id = %(book_id)s)
   AND (%(actor_id)s::uuid IS NULL OR actor_id = %(actor_id)s)
   AND (%(command)s::text IS NULL OR command = %(command)s)
   AND (%(topic)s::text IS NULL OR topic = %(topic)s)
   AND (%(command_id)s::uuid IS NULL OR command_id = %(command_id)s)
   AND (%(stream_id)s::uuid IS NULL OR originator_id = %(stream_id)s)
 ORDER BY notification_id DESC
 LIMIT %(limit)s;
