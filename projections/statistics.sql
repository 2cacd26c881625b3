-- name: month
-- What each book earned and spent in a month, by currency, where at least so many books did.
SELECT book_id, currency, income, expense
  FROM (SELECT r.book_id, r.currency,
               coalesce(sum(r.credit - r.debit) FILTER (WHERE a.kind = 'income'), 0) AS income,
               coalesce(sum(r.debit - r.credit) FILTER (WHERE a.kind = 'expense'), 0) AS expense,
               count(*) OVER (PARTITION BY r.currency) AS books
          FROM rollup r
          JOIN accounts a ON a.book_id = r.book_id AND a.account_id = r.account_id
         WHERE r.month = %(month)s AND r.count > 0 AND a.kind IN ('income', 'expense')
           AND (%(currency)s::text IS NULL OR r.currency = %(currency)s)
         GROUP BY r.book_id, r.currency) AS totals
 WHERE books >= %(least)s;
