-- name: rows
SELECT created_position, created_at, updated_position, updated_at, id, book_id, version, date, type, state,
       expired, expires_at, payee, notes, tags, memos, metadata, cleared, reconciled, reconciliations
  FROM transactions
 WHERE created_position = ANY(%(created)b::bigint[])
 ORDER BY date DESC, created_position DESC

-- name: legs
SELECT t.created_position, p.account_id, p.amount, p.currency
  FROM transactions AS t
  JOIN postings AS p ON p.created_position = t.created_position AND p.version = t.terms_version
 WHERE t.created_position = ANY(%(created)b::bigint[]) AND p.created_position = ANY(%(created)b::bigint[])
 ORDER BY p.created_position, p.line

-- name: legs_known_at
SELECT created_position, account_id, amount, currency, date, state, version
  FROM postings
 WHERE created_position = ANY(%(created)b::bigint[])
   AND believed_from <= %(position)s AND believed_until > %(position)s
 ORDER BY created_position, line
