-- name: schema
CREATE TABLE accounts (
    book_id      uuid        NOT NULL,
    account_id   uuid        NOT NULL,
    kind         text        NOT NULL,
    type         text        NOT NULL,
    currency     text        NOT NULL,
    currencies   text[]      NOT NULL,
    any_currency boolean     NOT NULL,
    exponent     integer,
    parent_id    uuid,
    role         text,
    floor        numeric,
    policy       text        NOT NULL,
    net_worth    boolean     NOT NULL,
    private_to   uuid,
    archived     boolean     NOT NULL,
    withdrawn    boolean     NOT NULL,
    version      bigint      NOT NULL,
    opened_at    timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    text         jsonb       NOT NULL,
    PRIMARY KEY (book_id, account_id)
);

-- name: load
SELECT book_id, account_id, kind, type, currency, currencies, any_currency, exponent, parent_id, role,
       floor, policy, net_worth, private_to, archived, withdrawn, version, opened_at, changed_at, text
  FROM accounts
 WHERE (book_id, account_id) IN (SELECT * FROM unnest(%(books)s::uuid[], %(accounts)s::uuid[]));

-- name: with_ancestors
-- An account and those above it. No command makes a circle of parents; were there one, it would end.
WITH RECURSIVE up AS (
    SELECT a.*, 1 AS depth
      FROM accounts AS a
     WHERE a.book_id = %(book_id)s AND a.account_id = %(account_id)s
     UNION ALL
    SELECT a.*, up.depth + 1
      FROM up
      JOIN accounts AS a ON a.book_id = up.book_id AND a.account_id = up.parent_id
     WHERE up.depth < 100
)
SELECT DISTINCT ON (account_id)
       book_id, account_id, kind, type, currency, currencies, any_currency, exponent, parent_id, role,
       floor, policy, net_worth, private_to, archived, withdrawn, version, opened_at, changed_at, text
  FROM up;

-- name: of_book
SELECT book_id, account_id, kind, type, currency, currencies, any_currency, exponent, parent_id, role,
       floor, policy, net_worth, private_to, archived, withdrawn, version, opened_at, changed_at, text
  FROM accounts
 WHERE book_id = %(book_id)s;

-- name: erase
UPDATE accounts SET text = '{}' WHERE book_id = ANY(%(subjects)s) AND text <> '{}';
