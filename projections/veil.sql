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
-- The versions of transactions whose assets and liabilities are all hidden: they have a leg on a hidden account and
-- none on one of `own`.
unseen AS MATERIALIZED (
    SELECT DISTINCT p.created_position, p.version
      FROM views.postings AS p
     WHERE p.account_id = ANY({hidden}::uuid[])
       AND CASE WHEN p.other_id IS NOT NULL THEN p.other_id <> ALL({own}::uuid[])
                ELSE NOT EXISTS (SELECT FROM views.postings AS leg
                                  WHERE leg.created_position = p.created_position AND leg.version = p.version
                                    AND leg.account_id = ANY({own}::uuid[]))
           END
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

-- name: postings
-- A hidden leg of a transaction that is seen stands on the account that stands for all hidden ones.
postings AS NOT MATERIALIZED (
    SELECT created_position, believed_from, believed_until, date, version, line, book_id, account_id,
           CASE WHEN other_id = ANY({hidden}::uuid[]) THEN {side} ELSE other_id END AS other_id, currency, state,
           amount
      FROM views.postings
     WHERE book_id = {book} AND account_id <> ALL({hidden}::uuid[])
       AND (account_id = ANY({own}::uuid[])
            OR (created_position, version) NOT IN (SELECT created_position, version FROM unseen))
     UNION ALL
    SELECT created_position, believed_from, believed_until, date, version, line, book_id, {side},
           CASE WHEN other_id = ANY({hidden}::uuid[]) THEN {side} ELSE other_id END, currency, state, amount
      FROM views.postings
     WHERE account_id = ANY({hidden}::uuid[])
       AND (created_position, version) NOT IN (SELECT created_position, version FROM unseen)
)

-- name: transactions
transactions AS NOT MATERIALIZED (
    SELECT *
      FROM views.transactions
     WHERE book_id = {book}
       AND (created_position, terms_version) NOT IN (SELECT created_position, version FROM unseen)
)

-- name: rollup
-- The sums of everything, less those of what is not seen: it costs a walk along the hidden accounts, and no table.
rollup AS NOT MATERIALIZED (
    SELECT account_id, month, currency, {book} AS book_id, sum(count)::integer AS count, sum(debit) AS debit,
           sum(credit) AS credit
      FROM (SELECT account_id, month, currency, count, debit, credit
              FROM views.rollup
             WHERE account_id <> ALL({hidden}::uuid[])
             UNION ALL
            SELECT {side}, month, currency, count, debit, credit
              FROM views.rollup
             WHERE account_id = ANY({hidden}::uuid[])
             UNION ALL
            SELECT CASE WHEN p.account_id = ANY({hidden}::uuid[]) THEN {side} ELSE p.account_id END,
                   date_trunc('month', p.date::timestamp)::date, p.currency, -1, -greatest(p.amount, 0),
                   least(p.amount, 0)
              FROM unseen
              JOIN views.postings AS p USING (created_position, version)
             WHERE p.believed_until = 9223372036854775807 AND p.state = 'posted') AS parts
     GROUP BY account_id, month, currency
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
