-- name: schema
-- What the continuous auditor has found. It stands apart from the read models, which a rebuild replaces.
CREATE SCHEMA verification;
GRANT USAGE ON SCHEMA verification TO numina_service;
CREATE TABLE verification.progress (
    cell          smallint    PRIMARY KEY DEFAULT 1 CHECK (cell = 1),
    pass          bigint      NOT NULL,
    began_at      timestamptz NOT NULL,
    began_from    bigint      NOT NULL,
    part          text        NOT NULL,
    position      bigint      NOT NULL,
    book_id       uuid        NOT NULL,
    facts         bigint      NOT NULL,
    books         bigint      NOT NULL,
    mismatches    bigint      NOT NULL,
    updated_at    timestamptz NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE verification.passes (
    pass       bigint      PRIMARY KEY,
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    position   bigint      NOT NULL,
    facts      bigint      NOT NULL,
    books      bigint      NOT NULL,
    mismatches bigint      NOT NULL
);
CREATE TABLE verification.mismatches (
    number   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pass     bigint      NOT NULL,
    found_at timestamptz NOT NULL,
    book_id  uuid,
    rule     text        NOT NULL,
    detail   text        NOT NULL,
    position bigint
);
GRANT SELECT ON ALL TABLES IN SCHEMA verification TO numina_service;

-- name: exists
SELECT to_regclass('verification.progress') IS NOT NULL;

-- name: load
SELECT pass, began_at, began_from, part, position, book_id, facts, books, mismatches FROM verification.progress;

-- name: save
INSERT INTO verification.progress (pass, began_at, began_from, part, position, book_id, facts, books,
                                   mismatches, updated_at)
VALUES (%(pass_)s, %(began_at)s, %(began_from)s, %(part)s, %(position)s, %(book_id)s, %(facts)s, %(books)s,
        %(mismatches)s, now())
    ON CONFLICT (cell) DO UPDATE SET
       (pass, began_at, began_from, part, position, book_id, facts, books, mismatches, updated_at)
       = (EXCLUDED.pass, EXCLUDED.began_at, EXCLUDED.began_from, EXCLUDED.part, EXCLUDED.position,
          EXCLUDED.book_id, EXCLUDED.facts, EXCLUDED.books, EXCLUDED.mismatches, EXCLUDED.updated_at);

-- name: report
INSERT INTO verification.mismatches (pass, found_at, book_id, rule, detail, position)
VALUES (%(pass_)s, now(), %(book_id)s, %(rule)s, %(detail)s, %(position)s);

-- name: end
INSERT INTO verification.passes (pass, began_at, ended_at, position, facts, books, mismatches)
VALUES (%(pass_)s, %(began_at)s, now(), %(began_from)s, %(facts)s, %(books)s, %(mismatches)s);

-- name: trim
-- A year of passes, and the mismatches of the last hundred.
DELETE FROM verification.passes WHERE ended_at < now() - interval '1 year';
DELETE FROM verification.mismatches WHERE pass < (SELECT max(pass) - 100 FROM verification.passes);

-- name: next_book
-- Whatever facts are grouped by: books, and people, whose sessions and keys bear their id in place of a book's. The
-- walk along the record has held the trail against it.
SELECT a.book_id, EXISTS (SELECT FROM views.books b WHERE b.book_id = a.book_id)
  FROM views.audit a
 WHERE a.book_id > %(book_id)s
 ORDER BY a.book_id
 LIMIT 1;

-- name: orphans
-- Rows that belong to no account or person of any book: no book's turn would come upon them.
SELECT 'registers.balances', account_id::text
  FROM registers.balances AS r
 WHERE NOT EXISTS (SELECT FROM record.stored_events AS e
                    WHERE e.originator_id = r.account_id AND e.originator_version = 1)
 UNION ALL
SELECT 'registers.days', account_id::text
  FROM registers.days AS r
 WHERE NOT EXISTS (SELECT FROM record.stored_events AS e
                    WHERE e.originator_id = r.account_id AND e.originator_version = 1)
 UNION ALL
SELECT 'registers.claims', holder::text
  FROM registers.claims AS r
 WHERE NOT EXISTS (SELECT FROM record.stored_events AS e
                    WHERE e.originator_id = r.holder AND e.originator_version = 1)
 LIMIT 100;

-- name: status
SELECT p.pass, p.position, p.ended_at, p.facts, p.books, p.mismatches,
       g.pass, g.began_at, g.began_from, g.part, g.facts, g.books, g.mismatches
  FROM verification.progress AS g
  LEFT JOIN LATERAL (SELECT * FROM verification.passes ORDER BY pass DESC LIMIT 1) AS p ON true;

-- name: findings
SELECT found_at, rule, detail, position
  FROM verification.mismatches
 WHERE book_id IS NOT DISTINCT FROM %(book_id)s::uuid OR book_id IS NULL
 ORDER BY number DESC
 LIMIT %(limit)s;
