-- name: schema
CREATE TABLE reconciliations (
    book_id           uuid        NOT NULL,
    reconciliation_id uuid        NOT NULL,
    account_id        uuid        NOT NULL,
    date              date        NOT NULL,
    currency          text        NOT NULL,
    closing_balance   numeric     NOT NULL,
    locked            boolean     NOT NULL,
    transaction_ids   uuid[]      NOT NULL,
    notes             text        NOT NULL,
    version           bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    changed_at        timestamptz NOT NULL,
    PRIMARY KEY (book_id, reconciliation_id)
);
CREATE TABLE assertions (
    book_id      uuid        NOT NULL,
    assertion_id uuid        NOT NULL,
    account_id   uuid        NOT NULL,
    date         date        NOT NULL,
    currency     text        NOT NULL,
    amount       numeric     NOT NULL,
    withdrawn    boolean     NOT NULL,
    notes        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (book_id, assertion_id)
);

-- name: load_reconciliations
SELECT book_id, reconciliation_id, account_id, date, currency, closing_balance, locked, transaction_ids,
       notes, version, created_at, changed_at
  FROM reconciliations
 WHERE (book_id, reconciliation_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]));

-- name: load_assertions
SELECT book_id, assertion_id, account_id, date, currency, amount, withdrawn, notes, created_at, changed_at
  FROM assertions
 WHERE (book_id, assertion_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]));

-- name: reconciliations
SELECT book_id, reconciliation_id, account_id, date, currency, closing_balance, locked, transaction_ids,
       notes, version, created_at, changed_at
  FROM reconciliations
 WHERE book_id = %(book_id)s
   AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
   AND (%(reconciliation_id)s::uuid IS NULL OR reconciliation_id = %(reconciliation_id)s)
 ORDER BY date DESC, created_at DESC, reconciliation_id;

-- name: assertions
SELECT book_id, assertion_id, account_id, date, currency, amount, withdrawn, notes, created_at, changed_at
  FROM assertions
 WHERE book_id = %(book_id)s
   AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
   AND (%(assertion_id)s::uuid IS NULL OR assertion_id = %(assertion_id)s)
 ORDER BY date DESC, created_at DESC, assertion_id;

-- name: erase_reconciliations
UPDATE reconciliations SET notes = '' WHERE book_id = ANY(%(subjects)s) AND notes <> '';

-- name: erase_assertions
UPDATE assertions SET notes = '' WHERE book_id = ANY(%(subjects)s) AND notes <> '';
