-- name: spending
-- What was posted on categories, by who recorded the first fact of its transaction. That fact stands in the audit at
-- the position by which the read models know the transaction. What is dated in some stretch of time was mostly
-- recorded in one too: only that stretch of the audit is read.
WITH spent AS MATERIALIZED (
    SELECT created_position, account_id, currency, date_trunc(%(by)s::text, date::timestamp)::date AS start, amount
      FROM postings
     WHERE account_id = ANY(%(expenses)s::uuid[]) AND date BETWEEN %(first)s::date AND %(last)s::date
       AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted'
), entered AS MATERIALIZED (
    SELECT position, actor_id
      FROM audit
     WHERE book_id = %(book_id)s
       AND position BETWEEN (SELECT min(created_position) FROM spent) AND (SELECT max(created_position) FROM spent)
)
SELECT e.actor_id, s.account_id, s.currency, s.start, sum(s.amount)
  FROM spent AS s
  JOIN entered AS e ON e.position = s.created_position
 GROUP BY 1, 2, 3, 4;
