-- name: schema
-- The present state of each transaction. created_position names it within the read models: eight rising bytes
-- instead of sixteen. terms_version is the version of the postings that it shows: those in force, or for a
-- voided one those that were last; memos has one entry a posting. Array and text columns are NULL where there
-- is nothing. Each of reconciliations locks the leg on the account at its place in reconciled.
CREATE TABLE transactions (
    created_position bigint      NOT NULL,
    updated_position bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    date             date        NOT NULL,
    version          integer     NOT NULL,
    terms_version    integer     NOT NULL,
    expired          boolean     NOT NULL,
    id               uuid        NOT NULL,
    book_id          uuid        NOT NULL,
    type             text        NOT NULL,
    state            text        NOT NULL,
    payee            text,
    notes            text,
    tags             text[],
    memos            text[],
    metadata         text,
    cleared          uuid[],
    reconciled       uuid[],
    reconciliations  uuid[],
    words            tsvector    NOT NULL,
    PRIMARY KEY (created_position)
);
-- A fact names its transaction by id.
CREATE UNIQUE INDEX transactions_id ON transactions (id);

-- Every version of every posting, believed from the fact at believed_from (inclusive) until that at
-- believed_until (exclusive; the largest bigint: still). A void ends belief and begins none. other_id is the
-- account of the other posting where there are just two.
CREATE TABLE postings (
    created_position bigint  NOT NULL,
    believed_from    bigint  NOT NULL,
    believed_until   bigint  NOT NULL,
    date             date    NOT NULL,
    version          integer NOT NULL,
    line             integer NOT NULL,
    book_id          uuid    NOT NULL,
    account_id       uuid    NOT NULL,
    other_id         uuid,
    currency         text    NOT NULL,
    state            text    NOT NULL,
    amount           numeric NOT NULL,
    PRIMARY KEY (created_position, version, line)
);

-- name: indexes
-- The longest to make is begun first.
-- Words, tags, types, accounts and amounts; see projections/words.py. Entries wait in a list, and go into the tree
-- some thousands at a time: one by one they cost two thirds more of the whole window. The list is short, because
-- every search reads it, and the window that fills it empties it: 256 kB take some milliseconds.
CREATE INDEX transactions_words ON transactions USING gin (words)
    WITH (fastupdate = on, gin_pending_list_limit = 256);
-- The list of a book, newest first, and any stretch of dates in it.
CREATE INDEX transactions_by_date ON transactions (book_id, date, created_position);
-- The few that are pending or voided, which the index above would be walked in vain for.
CREATE INDEX transactions_not_posted ON transactions (book_id, date, created_position) WHERE state <> 'posted';
-- The holds that lapse by themselves, the next one first.
CREATE INDEX transactions_expiring ON transactions (expires_at) WHERE state = 'pending' AND expires_at IS NOT NULL;
-- The list of an account, newest first; the days of one month of it; every version of its postings. As it
-- does not hold believed_until, ending belief changes no index.
CREATE INDEX postings_by_account ON postings (account_id, date, created_position);
-- The holds on an account.
CREATE INDEX postings_pending ON postings (account_id) WHERE state = 'pending';

-- name: take_out
-- The rows that a window changes are taken out, changed in memory, and put back with the new ones.
DELETE FROM transactions WHERE id = ANY(%(ids)b)
RETURNING created_position, updated_position, created_at, updated_at, expires_at, date, version, terms_version,
          expired, id, book_id, type, state, payee, notes, tags, memos, metadata, cleared, reconciled,
          reconciliations, words;

-- name: legs
SELECT account_id, currency, amount
  FROM postings
 WHERE created_position = %(created)s AND version = %(version)s;

-- name: stop_believing
UPDATE postings AS p SET believed_until = ended.position
  FROM unnest(%(created)b::bigint[], %(versions)b::int[], %(positions)b::bigint[])
       AS ended (created, version, position)
 WHERE p.created_position = ended.created AND p.version = ended.version;

-- name: copy_transactions
COPY transactions (created_position, updated_position, created_at, updated_at, expires_at, date, version,
                   terms_version, expired, id, book_id, type, state, payee, notes, tags, memos, metadata, cleared,
                   reconciled, reconciliations, words)
FROM STDIN (FORMAT BINARY);

-- name: copy_postings
-- What the postings of a transaction have in common comes first.
COPY postings (created_position, believed_from, believed_until, date, version, book_id, state, line, account_id,
               other_id, currency, amount)
FROM STDIN (FORMAT BINARY);
