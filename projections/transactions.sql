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

-- name: indexes
-- The longest to make is begun first.
-- Words, tags, types and amounts; see projections/words.py. Entries wait in a list, and go into the tree
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
-- name: take_out
-- The rows that a window changes are taken out, changed in memory, and put back with the new ones.
DELETE FROM transactions WHERE id = ANY(%(ids)b)
RETURNING created_position, updated_position, created_at, updated_at, expires_at, date, version, terms_version,
          expired, id, book_id, type, state, payee, notes, tags, memos, metadata, cleared, reconciled,
          reconciliations, words;

-- name: story
-- What was recorded of a transaction below a version, latest first.
SELECT topic, state
  FROM record.stored_events
 WHERE originator_id = %(id)s AND originator_version < %(version)s
 ORDER BY originator_version DESC;

-- name: copy
COPY transactions (created_position, updated_position, created_at, updated_at, expires_at, date, version,
                   terms_version, expired, id, book_id, type, state, payee, notes, tags, memos, metadata, cleared,
                   reconciled, reconciliations, words)
FROM STDIN (FORMAT BINARY);

-- name: erase
-- Types and amounts are not words: their lexemes stay (see projections/words.py).
UPDATE transactions
   SET payee = NULL, notes = NULL, tags = NULL, memos = NULL, metadata = NULL,
       words = ts_delete(words, ARRAY(SELECT lexeme FROM unnest(words) WHERE substr(lexeme, 9, 1) NOT IN ('=', '$')))
 WHERE book_id = ANY(%(subjects)s);
