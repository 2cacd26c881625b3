-- name: by_words
-- search.py puts statements together from these blocks: what a question leaves out is left out of the text, so
-- that each kind of question has a plan of its own. OFFSET 0 keeps the planner from turning a walk that ends
-- after a page into a scan of everything.
--
-- When few transactions hold the wanted lexemes, all of these are looked at. `found` is their number; beyond
-- `enough` there are too many, and the rows are not to be used.
WITH found AS MATERIALIZED (
    SELECT created_position, terms_version, book_id, date, state
      FROM transactions
     WHERE words @@ %(words)s::tsquery
     LIMIT %(enough)s + 1
)
SELECT t.created_position, counted.found
  FROM (SELECT count(*) AS found FROM found) AS counted
  LEFT JOIN LATERAL (
       SELECT t.created_position
         FROM found AS t
        WHERE counted.found <= %(enough)s AND {conditions}
        ORDER BY t.date DESC, t.created_position DESC
        LIMIT %(limit)s) AS t ON true

-- name: near
-- The first dates down from where the list begins. `walked` says how many transactions were there to look at: less
-- than `steps`, and these were all.
WITH walked AS MATERIALIZED (
    SELECT *
      FROM transactions AS t
     WHERE {range}
     ORDER BY t.date DESC, t.created_position DESC
     LIMIT %(steps)s
)
SELECT t.created_position, counted.walked
  FROM (SELECT count(*) AS walked FROM walked) AS counted
  LEFT JOIN LATERAL (
       SELECT t.created_position
         FROM walked AS t
        WHERE {conditions}
        ORDER BY t.date DESC, t.created_position DESC
        LIMIT %(limit)s) AS t ON true

-- name: by_date
-- Down the dates of the book until there are enough.
SELECT t.created_position
  FROM (SELECT *
          FROM transactions AS t
         WHERE {range}
         ORDER BY t.date DESC, t.created_position DESC
        OFFSET 0) AS t
 WHERE {conditions}
 LIMIT %(limit)s

-- name: by_account
-- Down the dates of each account until there are enough; then the latest of all of them. A transaction that has
-- several postings there counts once.
SELECT DISTINCT p.date, p.created_position
  FROM unnest(%(walked)b::uuid[]) AS walked (account_id)
 CROSS JOIN LATERAL (
       SELECT DISTINCT p.date, p.created_position
         FROM (SELECT *
                 FROM postings AS p
                WHERE p.account_id = walked.account_id AND {range}
                ORDER BY p.date DESC, p.created_position DESC
               OFFSET 0) AS p
        WHERE {conditions}
        ORDER BY p.date DESC, p.created_position DESC
        LIMIT %(limit)s) AS p
 ORDER BY p.date DESC, p.created_position DESC
 LIMIT %(limit)s

-- name: has_words
EXISTS (SELECT FROM transactions AS t
         WHERE t.created_position = p.created_position AND t.words @@ %(words)s::tsquery OFFSET 0)

-- name: has_said
-- Found outside of memos, or with no leg that is shown without its account.
(t.words @@ %(said)s::tsquery OR NOT {has_account})

-- name: leg_has_said
EXISTS (SELECT FROM transactions AS t WHERE t.created_position = p.created_position AND {has_said} OFFSET 0)

-- name: has_amount
EXISTS (SELECT FROM postings AS leg
         WHERE leg.created_position = {created} AND leg.version = {version}
           AND abs(leg.amount) BETWEEN %(least)s AND %(most)s OFFSET 0)

-- name: has_account
EXISTS (SELECT FROM postings AS leg
         WHERE leg.created_position = {created} AND leg.version = {version}
           AND leg.account_id = ANY({accounts}::uuid[]) OFFSET 0)

-- name: leg_has_amount
-- Two legs are of one size.
CASE WHEN p.other_id IS NOT NULL THEN abs(p.amount) BETWEEN %(least)s AND %(most)s ELSE {has_amount} END

-- name: leg_has_account
CASE WHEN p.other_id IS NOT NULL
     THEN p.account_id = ANY({accounts}::uuid[]) OR p.other_id = ANY({accounts}::uuid[])
     ELSE {has_account} END

-- name: is_shown
EXISTS (SELECT FROM transactions AS t
         WHERE t.created_position = p.created_position AND t.terms_version = p.version OFFSET 0)

-- name: sizes
-- How many postings the two sets of accounts have: the smaller is walked.
SELECT coalesce(sum(count) FILTER (WHERE account_id = %(account_id)s), 0),
       coalesce(sum(count) FILTER (WHERE account_id = ANY(%(categories)b::uuid[])), 0)
  FROM rollup
 WHERE account_id = %(account_id)s OR account_id = ANY(%(categories)b::uuid[])

-- name: categories
-- A category and all below it.
WITH RECURSIVE below AS (
    SELECT account_id FROM accounts WHERE book_id = %(book_id)s AND account_id = %(category_id)s
     UNION
    SELECT a.account_id FROM accounts AS a JOIN below AS b ON a.parent_id = b.account_id WHERE a.book_id = %(book_id)s
)
SELECT account_id FROM below

-- name: accounts
SELECT account_id FROM accounts WHERE book_id = %(book_id)s
