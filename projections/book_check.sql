-- name: page
-- The next facts of a book, by the audit trail (which the walk through the record has held against it).
SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.book_id, e.recorded_at, e.actor_id,
       e.command_id, e.command, e.state
  FROM views.audit AS a
  JOIN record.stored_events AS e ON e.notification_id = a.position
 WHERE a.book_id = %(book_id)s AND a.position > %(after)s AND a.position <= %(last)s
 ORDER BY a.position
 LIMIT %(limit)s;

-- name: tail
-- The facts of a book that the read models do not contain yet.
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at, actor_id, command_id,
       command, state
  FROM record.stored_events
 WHERE notification_id > %(after)s AND notification_id <= %(last)s AND book_id = %(book_id)s
 ORDER BY notification_id;

-- name: positions
SELECT (SELECT position FROM views.tracking), (SELECT position FROM record.head);
