-- name: count_now
SELECT count(*)
  FROM transactions
 WHERE book_id = %(book_id)s AND date BETWEEN %(first)s::date AND %(last)s::date AND state = 'posted';

-- name: count_known_at
SELECT count(DISTINCT created_position)
  FROM postings
 WHERE account_id = ANY(%(accounts)b::uuid[]) AND date BETWEEN %(first)s::date AND %(last)s::date
   AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted';

-- name: largest
-- The transactions that spent most in a currency: the sum of their legs on expense accounts.
SELECT t.id, t.date, t.payee, spent.amount, spent.accounts
  FROM (SELECT created_position, sum(amount) AS amount, array_agg(DISTINCT account_id) AS accounts
          FROM postings
         WHERE account_id = ANY(%(expenses)b::uuid[]) AND date BETWEEN %(first)s::date AND %(last)s::date
           AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted'
           AND currency = %(currency)s
         GROUP BY created_position
        HAVING sum(amount) > 0
         ORDER BY sum(amount) DESC, created_position
         LIMIT %(limit)s) AS spent
  JOIN transactions AS t USING (created_position)
 ORDER BY spent.amount DESC, created_position;
