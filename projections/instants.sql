-- name: position_at
-- Instants rise with positions and positions have no gaps, so halving the record finds the place in some
-- thirty look-ups, and no index on instants has to be kept.
WITH RECURSIVE halving (low, high) AS (
    SELECT 0::bigint, position FROM record.head
    UNION ALL
    SELECT CASE WHEN early THEN middle ELSE low END, CASE WHEN early THEN high ELSE middle - 1 END
      FROM halving
     CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) AS m
     CROSS JOIN LATERAL (SELECT recorded_at <= %(instant)s AS early
                           FROM record.stored_events
                          WHERE notification_id = middle) AS e
     WHERE low < high
)
SELECT low FROM halving WHERE low >= high;
