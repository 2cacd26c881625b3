-- name: facts
-- In the order of ledger.leaf.Leaf.
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at,
       actor_id, command_id, command, state
  FROM record.stored_events
 WHERE notification_id > %(after)s AND notification_id <= %(last)s;
