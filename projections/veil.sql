-- name: hidden
-- Whose account each private one of a book is. The register is as new as the record itself; its digests are the ids
-- of account and person.
SELECT digest FROM registers.claims WHERE scope = %(book_id)s AND kind = 'private';

-- name: own
-- The assets and liabilities of a book that are not hidden.
SELECT account_id
  FROM views.accounts
 WHERE book_id = %(book_id)s AND kind IN ('asset', 'liability') AND account_id <> ALL(%(hidden)s::uuid[]);

-- name: unseen
-- What is posted in force by transactions whose assets and liabilities are all hidden: they have a leg on a hidden
-- account and none on one of `own`. Two legs are of one size, so that one of them tells of both.
unseen AS MATERIALIZED (
    SELECT account_id, date_trunc('month', date::timestamp)::date AS month, currency, count(*)::integer AS count,
           sum(greatest(amount, 0)) AS debit, -sum(least(amount, 0)) AS credit
      FROM (SELECT leg.account_id, p.date, p.currency, leg.amount
              FROM views.postings AS p
             CROSS JOIN LATERAL (VALUES (p.account_id, p.amount), (p.other_id, -p.amount)) AS leg (account_id, amount)
             WHERE p.account_id = ANY({hidden}::uuid[]) AND p.other_id <> ALL({own}::uuid[])
               AND p.believed_until = 9223372036854775807 AND p.state = 'posted'
               AND (leg.account_id = p.account_id OR leg.account_id <> ALL({hidden}::uuid[]))
             UNION ALL
            SELECT leg.account_id, leg.date, leg.currency, leg.amount
              FROM (SELECT DISTINCT created_position, version
                      FROM views.postings AS p
                     WHERE p.account_id = ANY({hidden}::uuid[]) AND p.other_id IS NULL
                       AND p.believed_until = 9223372036854775807 AND p.state = 'posted'
                       AND NOT EXISTS (SELECT FROM views.postings AS leg
                                        WHERE leg.created_position = p.created_position
                                          AND leg.version = p.version AND leg.account_id = ANY({own}::uuid[]))
                   ) AS several
              JOIN views.postings AS leg USING (created_position, version)) AS legs
     GROUP BY 1, 2, 3
)

-- name: accounts
-- With one account that stands for all that are hidden. What lies below a hidden one is shown at the top.
accounts AS NOT MATERIALIZED (
    SELECT book_id, account_id, kind, type, currency, currencies, any_currency, exponent,
           CASE WHEN parent_id = ANY({hidden}::uuid[]) THEN NULL ELSE parent_id END AS parent_id,
           role, floor, policy, net_worth, private_to, archived, withdrawn, version, opened_at, changed_at, text
      FROM views.accounts
     WHERE book_id = {book} AND account_id <> ALL({hidden}::uuid[])
     UNION ALL
    SELECT {book}, {side}, 'equity', 'private', 'XXX', '{{}}'::text[], true, NULL, NULL, 'private', NULL, 'allow',
           false, NULL, false, false, 1, '1970-01-01Z', '1970-01-01Z', '{{"name": "Private"}}'::jsonb
)

-- name: balances
-- Those of categories hold what everybody put there, and cannot be told apart.
balances AS NOT MATERIALIZED (
    SELECT * FROM views.balances WHERE book_id = {book} AND account_id = ANY({own}::uuid[])
)

-- name: postings
-- A hidden leg of a transaction that is seen stands on the account that stands for all hidden ones. Of two legs each
-- names the other's account; the legs of several must be looked at.
postings AS NOT MATERIALIZED (
    SELECT created_position, believed_from, believed_until, date, version, line, book_id, account_id,
           CASE WHEN other_id = ANY({hidden}::uuid[]) THEN {side} ELSE other_id END AS other_id, currency, state,
           amount
      FROM views.postings AS p
     WHERE book_id = {book} AND account_id <> ALL({hidden}::uuid[])
       AND CASE WHEN account_id = ANY({own}::uuid[]) THEN true
                WHEN other_id IS NOT NULL THEN other_id <> ALL({hidden}::uuid[])
                ELSE NOT EXISTS (SELECT FROM views.postings AS leg
                                  WHERE leg.created_position = p.created_position AND leg.version = p.version
                                    AND leg.account_id = ANY({hidden}::uuid[]) OFFSET 0)
                     OR EXISTS (SELECT FROM views.postings AS leg
                                 WHERE leg.created_position = p.created_position AND leg.version = p.version
                                   AND leg.account_id = ANY({own}::uuid[]) OFFSET 0)
           END
     UNION ALL
    SELECT created_position, believed_from, believed_until, date, version, line, book_id, {side},
           CASE WHEN other_id = ANY({hidden}::uuid[]) THEN {side} ELSE other_id END, currency, state, amount
      FROM views.postings AS p
     WHERE account_id = ANY({hidden}::uuid[])
       AND CASE WHEN other_id IS NOT NULL THEN other_id = ANY({own}::uuid[])
                ELSE EXISTS (SELECT FROM views.postings AS leg
                              WHERE leg.created_position = p.created_position AND leg.version = p.version
                                AND leg.account_id = ANY({own}::uuid[]) OFFSET 0)
           END
)

-- name: transactions
transactions AS NOT MATERIALIZED (
    SELECT *
      FROM views.transactions AS t
     WHERE book_id = {book}
       AND (NOT EXISTS (SELECT FROM views.postings AS leg
                         WHERE leg.created_position = t.created_position AND leg.version = t.terms_version
                           AND leg.account_id = ANY({hidden}::uuid[]) OFFSET 0)
            OR EXISTS (SELECT FROM views.postings AS leg
                        WHERE leg.created_position = t.created_position AND leg.version = t.terms_version
                          AND leg.account_id = ANY({own}::uuid[]) OFFSET 0))
)

-- name: rollup
-- The sums of everybody less those of what is not seen, which cost a walk along the hidden accounts, and no table.
-- Those of `own` are what they are.
rollup AS NOT MATERIALIZED (
    SELECT account_id, month, currency, book_id, count, debit, credit
      FROM views.rollup
     WHERE account_id = ANY({own}::uuid[])
     UNION ALL
    SELECT r.account_id, r.month, r.currency, r.book_id, r.count - coalesce(u.count, 0),
           r.debit - coalesce(u.debit, 0), r.credit - coalesce(u.credit, 0)
      FROM views.rollup AS r
      LEFT JOIN unseen AS u USING (account_id, month, currency)
     WHERE r.account_id <> ALL({own}::uuid[]) AND r.account_id <> ALL({hidden}::uuid[])
       AND r.count > coalesce(u.count, 0)
     UNION ALL
    SELECT {side}, month, currency, {book}, sum(count)::integer, sum(debit), sum(credit)
      FROM (SELECT month, currency, count, debit, credit
              FROM views.rollup
             WHERE account_id = ANY({hidden}::uuid[])
             UNION ALL
            SELECT month, currency, -count, -debit, -credit
              FROM unseen
             WHERE account_id = ANY({hidden}::uuid[])) AS parts
     GROUP BY month, currency
    HAVING sum(count) <> 0
)

-- name: reconciliations
reconciliations AS NOT MATERIALIZED (
    SELECT * FROM views.reconciliations WHERE book_id = {book} AND account_id <> ALL({hidden}::uuid[])
)

-- name: assertions
assertions AS NOT MATERIALIZED (
    SELECT * FROM views.assertions WHERE book_id = {book} AND account_id <> ALL({hidden}::uuid[])
)
