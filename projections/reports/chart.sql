-- name: chart
SELECT account_id, parent_id, kind, type, net_worth, coalesce(text->>'name', '')
  FROM accounts
 WHERE book_id = %(book_id)s;
