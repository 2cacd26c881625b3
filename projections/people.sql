-- name: schema
-- One row a person, without a word: the book is their home book. epoch and kept say which of their sessions count.
CREATE TABLE people (
    book_id       uuid        NOT NULL,
    user_id       uuid        NOT NULL,
    registered_at timestamptz NOT NULL,
    verified      boolean     NOT NULL,
    roles         text[]      NOT NULL,
    suspended_at  timestamptz,
    erased_at     timestamptz,
    epoch         integer     NOT NULL,
    kept          uuid,
    PRIMARY KEY (book_id, user_id)
);

-- name: indexes
CREATE INDEX people_user_idx ON people (user_id);

-- name: load
SELECT book_id, user_id, registered_at, verified, roles, suspended_at, erased_at, epoch, kept
  FROM people
 WHERE (book_id, user_id) IN (SELECT * FROM unnest(%(books)s::uuid[], %(users)s::uuid[]));

-- name: put
INSERT INTO people (book_id, user_id, registered_at, verified, roles, suspended_at, erased_at, epoch, kept)
SELECT book_id, user_id, registered_at, verified, string_to_array(roles, ' '), suspended_at, erased_at, epoch, kept
  FROM unnest(%(books)s::uuid[], %(users)s::uuid[], %(registered)s::timestamptz[], %(verified)s::boolean[],
              %(roles)s::text[], %(suspended)s::timestamptz[], %(erased)s::timestamptz[], %(epochs)s::integer[],
              %(kept)s::uuid[])
       AS p (book_id, user_id, registered_at, verified, roles, suspended_at, erased_at, epoch, kept)
    ON CONFLICT (book_id, user_id) DO UPDATE
   SET verified = EXCLUDED.verified, roles = EXCLUDED.roles, suspended_at = EXCLUDED.suspended_at,
       erased_at = EXCLUDED.erased_at, epoch = EXCLUDED.epoch, kept = EXCLUDED.kept;

-- name: listed
-- People from the newest on, with how many of their sessions are open.
SELECT p.user_id, p.registered_at, p.verified, p.roles, p.suspended_at,
       (SELECT count(*)
          FROM sessions s
         WHERE s.book_id = p.user_id AND s.ended_at IS NULL AND s.expires_at > %(now)s
           AND (s.epoch = p.epoch OR s.session_id = p.kept))
  FROM people p
 WHERE p.erased_at IS NULL
   AND (%(before)s::uuid IS NULL OR p.user_id < %(before)s)
   AND (%(only)s::uuid IS NULL OR p.user_id = %(only)s)
   AND (%(role)s::text IS NULL OR %(role)s = ANY(p.roles))
   AND (%(suspended)s::boolean IS NULL OR %(suspended)s = (p.suspended_at IS NOT NULL))
 ORDER BY p.user_id DESC
 LIMIT %(limit)s;
