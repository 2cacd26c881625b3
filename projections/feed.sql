-- name: size
-- How many bytes some facts have, and the last one's position. Sizes are read without fetching large values.
SELECT sum(octet_length(state)), max(notification_id)
  FROM record.stored_events
 WHERE notification_id > %(after)s AND notification_id <= %(last)s;

-- name: bound
-- The last position of a window that begins after one position, is to end at another at most, and is not to
-- hold more than so many bytes (but one fact at least).
SELECT coalesce(max(notification_id) FILTER (WHERE bytes <= %(bytes)s), min(notification_id))
  FROM (SELECT notification_id, sum(octet_length(state)) OVER (ORDER BY notification_id) AS bytes
          FROM record.stored_events
         WHERE notification_id > %(after)s AND notification_id <= %(last)s) AS sized;

-- name: head
SELECT position FROM record.head;
