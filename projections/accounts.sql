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
       floor, policy, net_worth, archived, withdrawn, version, opened_at, changed_at, text
  FROM accounts
 WHERE (book_id, account_id) IN (SELECT * FROM unnest(%(books)s::uuid[], %(accounts)s::uuid[]));

-- name: of_book
SELECT book_id, account_id, kind, type, currency, currencies, any_currency, exponent, parent_id, role,
       floor, policy, net_worth, archived, withdrawn, version, opened_at, changed_at, text
  FROM accounts
 WHERE book_id = %(book_id)s;
