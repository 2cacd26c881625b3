-- name: schema
-- What the facts say of accounts, balances, floors and unique names; the registers are held against it.
CREATE TABLE derived_effects (
    position   bigint  NOT NULL,
    book_id    uuid    NOT NULL,
    account_id uuid    NOT NULL,
    currency   text    NOT NULL,
    date       date    NOT NULL,
    posted     numeric NOT NULL,
    pending    numeric NOT NULL,
    reserved   numeric NOT NULL
);
CREATE TABLE derived_accounts (
    account_id uuid PRIMARY KEY,
    book_id    uuid NOT NULL,
    kind       text NOT NULL
);
CREATE TABLE derived_floors (
    account_id uuid    PRIMARY KEY,
    currency   text    NOT NULL,
    floor      numeric,
    policy     text    NOT NULL
);
CREATE TABLE derived_holders (
    stream_id uuid PRIMARY KEY
);
-- Books whose words are forgotten: their names are freed with their keys, a moment after the fact.
CREATE TABLE derived_erased (
    book_id uuid PRIMARY KEY
);
CREATE TABLE derived_claims (
    scope  uuid  NOT NULL,
    kind   text  NOT NULL,
    digest bytea NOT NULL,
    holder uuid  NOT NULL
);

-- name: hold
INSERT INTO derived_holders SELECT * FROM unnest(%(streams)s::uuid[]) ON CONFLICT DO NOTHING;

-- name: erased
INSERT INTO derived_erased SELECT * FROM unnest(%(books)s::uuid[]) ON CONFLICT DO NOTHING;

-- name: guard
UPDATE derived_floors AS f SET floor = g.floor, policy = g.policy
  FROM unnest(%(accounts)s::uuid[], %(floors)s::numeric[], %(policies)s::text[]) AS g (account_id, floor, policy)
 WHERE f.account_id = g.account_id;

-- name: holders
SELECT stream_id FROM derived_holders WHERE stream_id > %(after)s ORDER BY stream_id LIMIT %(limit)s;

-- name: balances
SELECT account_id, currency, d.posted, d.pending, d.reserved, s.posted, s.pending, s.reserved
  FROM (SELECT account_id, currency, sum(posted) AS posted, sum(pending) AS pending, sum(reserved) AS reserved
          FROM derived_effects
         GROUP BY account_id, currency) AS d
  FULL JOIN (SELECT account_id, currency, posted, pending, reserved
               FROM registers.balances
              WHERE %(everything)s OR account_id IN (SELECT account_id FROM derived_accounts)) AS s
       USING (account_id, currency)
 WHERE coalesce(d.posted, 0) <> coalesce(s.posted, 0)
    OR coalesce(d.pending, 0) <> coalesce(s.pending, 0)
    OR coalesce(d.reserved, 0) <> coalesce(s.reserved, 0)
 LIMIT 1000;

-- name: days
SELECT account_id, currency, date, d.posted, d.reserved, s.posted, s.reserved
  FROM (SELECT account_id, currency, date, sum(posted) AS posted, sum(reserved) AS reserved
          FROM derived_effects
          JOIN derived_accounts USING (account_id)
         WHERE kind IN ('asset', 'liability')
         GROUP BY account_id, currency, date) AS d
  FULL JOIN (SELECT account_id, currency, date, posted, reserved
               FROM registers.days
              WHERE %(everything)s OR account_id IN (SELECT account_id FROM derived_accounts)) AS s
       USING (account_id, currency, date)
 WHERE coalesce(d.posted, 0) <> coalesce(s.posted, 0) OR coalesce(d.reserved, 0) <> coalesce(s.reserved, 0)
 LIMIT 1000;

-- name: claims
SELECT scope, kind, d.holder, s.holder
  FROM derived_claims AS d
  FULL JOIN (SELECT scope, kind, digest, holder
               FROM registers.claims
              WHERE %(everything)s OR holder IN (SELECT stream_id FROM derived_holders)) AS s
       USING (scope, kind, digest)
 WHERE d.holder IS DISTINCT FROM s.holder
   AND scope NOT IN (SELECT book_id FROM derived_erased)
 LIMIT 1000;

-- name: unbalanced
SELECT position, currency, sum(posted), sum(pending)
  FROM derived_effects
 GROUP BY position, currency
HAVING sum(posted) <> 0 OR sum(pending) <> 0
 LIMIT 1000;

-- name: strangers
SELECT DISTINCT e.position, e.account_id
  FROM derived_effects AS e
  LEFT JOIN derived_accounts AS a USING (account_id)
 WHERE a.book_id IS DISTINCT FROM e.book_id
 LIMIT 1000;

-- name: floors
SELECT account_id, currency, date, available, floor
  FROM (SELECT account_id, currency, date,
               sum(sum(posted + reserved)) OVER (PARTITION BY account_id ORDER BY date) AS available
          FROM derived_effects
          JOIN derived_floors USING (account_id, currency)
         WHERE floor IS NOT NULL AND policy = 'reject'
         GROUP BY account_id, currency, date) AS days
  JOIN derived_floors USING (account_id, currency)
 WHERE available < floor
 LIMIT 1000;
