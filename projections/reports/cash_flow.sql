-- name: flows
-- What came to the cash accounts and what went, by currency, counterpart and period. A transaction of two postings
-- says its counterpart on the posting that is cash. One of more (`several`) is looked at as a whole: its net effect
-- on cash (part "net") is what came or went, and each other leg (part "leg") says where from or where to. What
-- only moves between cash accounts has no effect either way.
WITH cash AS MATERIALIZED (
    SELECT created_position, version, currency, other_id, amount,
           date_trunc(%(by)s::text, date::timestamp)::date AS start
      FROM postings
     WHERE account_id = ANY(%(cash)b::uuid[])
       AND date BETWEEN %(first)s::date AND %(last)s::date
       AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted'
), several AS MATERIALIZED (
    SELECT created_position, version, currency, start, sum(amount) AS net
      FROM cash
     WHERE other_id IS NULL
     GROUP BY created_position, version, currency, start
), flows AS (
    SELECT 'both' AS part, currency, other_id, start, sum(greatest(amount, 0)) AS inflow,
           -sum(least(amount, 0)) AS outflow
      FROM cash
     WHERE other_id IS NOT NULL AND other_id <> ALL(%(cash)b::uuid[])
     GROUP BY currency, other_id, start
     UNION ALL
    SELECT 'net', currency, NULL, start, sum(greatest(net, 0)), -sum(least(net, 0))
      FROM several
     GROUP BY currency, start
     UNION ALL
    SELECT 'leg', p.currency, p.account_id, s.start, -sum(least(p.amount, 0)), sum(greatest(p.amount, 0))
      FROM several AS s
      JOIN postings AS p USING (created_position, version, currency)
     WHERE p.account_id <> ALL(%(cash)b::uuid[])
     GROUP BY p.currency, p.account_id, s.start
)
SELECT part, currency, other_id, array_agg(start - date '0001-01-01' + 1), array_agg(inflow), array_agg(outflow)
  FROM flows
 GROUP BY part, currency, other_id;
