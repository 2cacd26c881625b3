-- name: count
-- How many facts there are in some books up to a position.
SELECT count(*) FROM audit WHERE book_id = ANY(%(books)s) AND position <= %(last)s;

-- name: facts
-- The facts of a book past one position and up to another, in order.
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM audit a
  JOIN record.stored_events e ON e.notification_id = a.position
 WHERE a.book_id = %(book_id)s AND a.position > %(after)s AND a.position <= %(last)s
 ORDER BY a.position
 LIMIT %(limit)s;
