-- name: positions
-- Facts that are missing, out of time, or whose predecessor in their stream is missing or later.
SELECT position, CASE
         WHEN e.notification_id IS NULL THEN 'is missing'
         WHEN e.recorded_at < before.recorded_at THEN 'was recorded before the fact in front of it'
         ELSE 'has no earlier fact in front of it in its stream'
       END
  FROM generate_series(%(after)s::bigint + 1, %(last)s::bigint) AS position
  LEFT JOIN record.stored_events AS e ON e.notification_id = position
  LEFT JOIN record.stored_events AS before ON before.notification_id = position - 1
  LEFT JOIN record.stored_events AS previous
    ON previous.originator_id = e.originator_id AND previous.originator_version = e.originator_version - 1
 WHERE e.notification_id IS NULL
    OR e.recorded_at < before.recorded_at
    OR (e.originator_version > 1 AND (previous.notification_id IS NULL OR previous.notification_id > position));

-- name: commands
-- Facts that begin the facts of a command which has others further in front: its effect came twice.
SELECT e.notification_id, e.command_id
  FROM record.stored_events AS e
  JOIN record.stored_events AS before ON before.notification_id = e.notification_id - 1
 WHERE e.notification_id > %(after)s AND e.notification_id <= %(last)s
   AND before.command_id <> e.command_id
   AND EXISTS (SELECT FROM views.audit AS a
                WHERE a.command_id = e.command_id AND a.position < e.notification_id);

-- name: answers
-- Remembered commands whose facts are not where the register says. One that changed nothing has first 0.
SELECT c.command_id, c.first, c.last
  FROM registers.commands AS c
  LEFT JOIN record.stored_events AS f ON f.notification_id = c.first
  LEFT JOIN record.stored_events AS l ON l.notification_id = c.last
 WHERE c.command_id > %(after)s AND c.command_id <= %(last)s
   AND c.first > 0
   AND c.last <= %(head)s
   AND (f.command_id IS DISTINCT FROM c.command_id OR l.command_id IS DISTINCT FROM c.command_id);

-- name: answers_end
SELECT command_id
  FROM (SELECT command_id
          FROM registers.commands
         WHERE command_id > %(after)s
         ORDER BY command_id
         LIMIT %(limit)s) AS page
 ORDER BY command_id DESC
 LIMIT 1;

-- name: trail
-- Facts that the audit trail lacks or tells otherwise.
SELECT e.notification_id
  FROM record.stored_events AS e
  LEFT JOIN views.audit AS a ON a.book_id = e.book_id AND a.position = e.notification_id
 WHERE e.notification_id > %(after)s AND e.notification_id <= %(last)s
   AND (a.position IS NULL
        OR (a.actor_id, a.command_id, a.command, a.recorded_at, a.topic, a.stream_id, a.version)
           IS DISTINCT FROM
           (e.actor_id, e.command_id, e.command, e.recorded_at, e.topic, e.originator_id, e.originator_version));

-- name: head
-- The end of the record as its head tells it, and as it is.
SELECT h.position, h.recorded_at, coalesce(e.notification_id, 0), e.recorded_at
  FROM record.head AS h
  LEFT JOIN LATERAL (SELECT notification_id, recorded_at
                       FROM record.stored_events
                      ORDER BY notification_id DESC
                      LIMIT 1) AS e ON true;

-- name: reached
SELECT position FROM views.tracking;
