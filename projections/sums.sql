-- name: balances_now
-- Sums of posted legs. A posting counts as of a position when it was believed then: believed_from is not after
-- and believed_until is after it. What is believed to this day is believed as of every later position.
--
-- The net of each account up to and with a date: whole months from the rollup, the days of one month from the
-- register (none when the date ends a month: first_day is then after last_day).
SELECT account_id, currency, sum(net)
  FROM (SELECT account_id, currency, sum(debit - credit) AS net
          FROM rollup
         WHERE account_id = ANY(%(accounts)b::uuid[]) AND month < %(first_day)s::date
         GROUP BY account_id, currency
         UNION ALL
        SELECT account_id, currency, sum(amount)
          FROM postings
         WHERE account_id = ANY(%(accounts)b::uuid[])
           AND date BETWEEN %(first_day)s::date AND %(last_day)s::date
           AND believed_until = 9223372036854775807 AND state = 'posted'
         GROUP BY account_id, currency) AS parts
 GROUP BY account_id, currency;

-- name: balances_known_at
SELECT account_id, currency, sum(amount)
  FROM postings
 WHERE account_id = ANY(%(accounts)b::uuid[])
   AND date <= %(last_day)s::date
   AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted'
 GROUP BY account_id, currency;

-- name: net_by_month
-- The net of each account by month: whole months from the rollup, the edges of the range (two stretches of days,
-- each perhaps empty) from the register.
SELECT account_id, currency, month AS start, debit - credit AS net
  FROM rollup
 WHERE account_id = ANY(%(accounts)b::uuid[]) AND month >= %(whole_from)s::date AND month < %(whole_until)s::date
 UNION ALL
SELECT account_id, currency, date_trunc('month', %(head_from)s::timestamp)::date, sum(amount)
  FROM postings
 WHERE account_id = ANY(%(accounts)b::uuid[]) AND date BETWEEN %(head_from)s::date AND %(head_to)s::date
   AND believed_until = 9223372036854775807 AND state = 'posted'
 GROUP BY account_id, currency
 UNION ALL
SELECT account_id, currency, %(tail_from)s::date, sum(amount)
  FROM postings
 WHERE account_id = ANY(%(accounts)b::uuid[]) AND date BETWEEN %(tail_from)s::date AND %(tail_to)s::date
   AND believed_until = 9223372036854775807 AND state = 'posted'
 GROUP BY account_id, currency

-- name: net_by_longer
-- Months as quarters or years.
SELECT account_id, currency, date_trunc(%(by)s::text, start::timestamp)::date AS start, sum(net) AS net
  FROM ({net_by_month}) AS months
 GROUP BY 1, 2, 3

-- name: net_known_at
SELECT account_id, currency, date_trunc(%(by)s::text, date::timestamp)::date AS start, sum(amount) AS net
  FROM postings
 WHERE account_id = ANY(%(accounts)b::uuid[]) AND date BETWEEN %(first_day)s::date AND %(last_day)s::date
   AND believed_from <= %(position)s AND believed_until > %(position)s AND state = 'posted'
 GROUP BY 1, 2, 3

-- name: movements
-- One row an account, with days as numbers (1 for the first day of year 1), and all nets as one text: thousands of
-- rows, dates, or elements of an array take the reader longer than the database.
SELECT account_id, currency, array_agg(start - date '0001-01-01' + 1), string_agg(net::text, ',')
  FROM ({nets}) AS nets
 GROUP BY account_id, currency

-- name: balance_as_of
SELECT currency, sum(posted), sum(pending), sum(reserved)
  FROM (SELECT currency, debit - credit AS posted, 0 AS pending, 0 AS reserved
          FROM rollup
         WHERE account_id = %(account_id)s AND month < %(first_day)s::date
         UNION ALL
        SELECT currency, amount, 0, 0
          FROM postings
         WHERE account_id = %(account_id)s AND date BETWEEN %(first_day)s::date AND %(last_day)s::date
           AND believed_until = 9223372036854775807 AND state = 'posted'
         UNION ALL
        SELECT currency, 0, amount, least(amount, 0)
          FROM postings
         WHERE account_id = %(account_id)s AND state = 'pending' AND date <= %(last_day)s::date
           AND believed_until = 9223372036854775807) AS parts
 GROUP BY currency
 ORDER BY currency;

-- name: balance_known_at
SELECT currency, coalesce(sum(amount) FILTER (WHERE state = 'posted'), 0),
       coalesce(sum(amount) FILTER (WHERE state = 'pending'), 0),
       coalesce(sum(amount) FILTER (WHERE state = 'pending' AND amount < 0), 0)
  FROM postings
 WHERE account_id = %(account_id)s AND date <= %(last_day)s::date
   AND believed_from <= %(position)s AND believed_until > %(position)s
 GROUP BY currency
 ORDER BY currency;
