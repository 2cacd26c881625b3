-- name: lines
-- The posted legs on an account in one currency, oldest first, past a place in that order.
SELECT p.date, p.created_position, p.line, p.amount, t.id, t.type, t.payee, t.notes, t.memos[p.line + 1],
       p.account_id = ANY(t.cleared), t.reconciled, t.reconciliations
  FROM postings p
  JOIN transactions t USING (created_position)
 WHERE p.account_id = %(account_id)s
   AND p.currency = %(currency)s
   AND p.state = 'posted'
   AND p.believed_until = 9223372036854775807
   AND p.date BETWEEN %(first)s AND %(last)s
   AND (p.date, p.created_position, p.line) > (%(date)s, %(created)s, %(line)s)
 ORDER BY p.date, p.created_position, p.line
 LIMIT %(limit)s;

-- name: cleared
-- The posted transactions whose leg on an account is marked cleared and on no statement yet.
SELECT DISTINCT t.id, p.date, p.created_position
  FROM postings p
  JOIN transactions t USING (created_position)
 WHERE p.account_id = %(account_id)s
   AND p.currency = %(currency)s
   AND p.state = 'posted'
   AND p.believed_until = 9223372036854775807
   AND p.date <= %(last)s
   AND p.account_id = ANY(t.cleared)
   AND p.account_id <> ALL(coalesce(t.reconciled, '{}'))
 ORDER BY p.date, p.created_position
 LIMIT %(limit)s;
