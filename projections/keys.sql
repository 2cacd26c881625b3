-- name: schema
CREATE TABLE keys (
    book_id     uuid        NOT NULL,
    key_id      uuid        NOT NULL,
    name        text        NOT NULL,
    scopes      text[]      NOT NULL,
    only_book   uuid,
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz,
    used_at     timestamptz,
    used_from   text        NOT NULL,
    misused_at  timestamptz,
    revoked_at  timestamptz,
    PRIMARY KEY (book_id, key_id)
);

-- name: rename
UPDATE keys k
   SET name = later.name
  FROM unnest(%(books)s::uuid[], %(keys)s::uuid[], %(names)s::text[]) AS later (book_id, key_id, name)
 WHERE k.book_id = later.book_id AND k.key_id = later.key_id;

-- name: use
UPDATE keys k
   SET used_at = later.used_at, used_from = later.used_from
  FROM unnest(%(books)s::uuid[], %(keys)s::uuid[], %(used)s::timestamptz[], %(places)s::text[])
       AS later (book_id, key_id, used_at, used_from)
 WHERE k.book_id = later.book_id AND k.key_id = later.key_id;

-- name: misuse
UPDATE keys k
   SET misused_at = later.misused_at
  FROM unnest(%(books)s::uuid[], %(keys)s::uuid[], %(misused)s::timestamptz[])
       AS later (book_id, key_id, misused_at)
 WHERE k.book_id = later.book_id AND k.key_id = later.key_id;

-- name: revoke
UPDATE keys k
   SET revoked_at = gone.revoked_at
  FROM unnest(%(books)s::uuid[], %(keys)s::uuid[], %(revoked)s::timestamptz[])
       AS gone (book_id, key_id, revoked_at)
 WHERE k.book_id = gone.book_id AND k.key_id = gone.key_id;

-- name: of_person
SELECT key_id, name, scopes, only_book, made_at, expires_at, used_at, used_from, misused_at
  FROM keys
 WHERE book_id = %(user_id)s AND revoked_at IS NULL
 ORDER BY made_at, key_id;

-- name: erase
UPDATE keys SET name = '', used_from = '' WHERE book_id = ANY(%(subjects)s);
