-- name: schema
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
-- The list of an account, newest first; the days of one month of it; every version of its postings. As it
-- does not hold believed_until, ending belief changes no index.
CREATE INDEX postings_by_account ON postings (account_id, date, created_position);
-- The holds on an account.
CREATE INDEX postings_pending ON postings (account_id) WHERE state = 'pending';

-- name: beginnings
-- Where transactions began. The read model of transactions may be further, or not as far.
SELECT originator_id, notification_id
  FROM record.stored_events
 WHERE originator_id = ANY(%(ids)b) AND originator_version = 1;

-- name: stop_believing
-- Only the newest version can be believed still: the others are not looked at.
UPDATE postings AS p SET believed_until = ended.position
  FROM unnest(%(created)b::bigint[], %(positions)b::bigint[]) AS ended (created, position)
 CROSS JOIN LATERAL (SELECT max(version) FROM postings WHERE created_position = ended.created) AS newest (version)
 WHERE p.created_position = ended.created AND p.version = newest.version;

-- name: copy
-- What the postings of a transaction have in common comes first.
COPY postings (created_position, believed_from, believed_until, date, version, book_id, state, line, account_id,
               other_id, currency, amount)
FROM STDIN (FORMAT BINARY);
