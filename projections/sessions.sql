-- name: schema
CREATE TABLE sessions (
    book_id     uuid        NOT NULL,
    session_id  uuid        NOT NULL,
    epoch       integer     NOT NULL,
    methods     text[]      NOT NULL,
    device      text        NOT NULL,
    address     text        NOT NULL,
    opened_at   timestamptz NOT NULL,
    used_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ended       text,
    PRIMARY KEY (book_id, session_id)
);

-- name: refresh
UPDATE sessions s
   SET used_at = later.used_at, expires_at = later.expires_at
  FROM unnest(%(books)s::uuid[], %(sessions)s::uuid[], %(used)s::timestamptz[], %(expires)s::timestamptz[])
       AS later (book_id, session_id, used_at, expires_at)
 WHERE s.book_id = later.book_id AND s.session_id = later.session_id;

-- name: step_up
UPDATE sessions s
   SET methods = string_to_array(proved.methods, ' ')
  FROM unnest(%(books)s::uuid[], %(sessions)s::uuid[], %(methods)s::text[])
       AS proved (book_id, session_id, methods)
 WHERE s.book_id = proved.book_id AND s.session_id = proved.session_id;

-- name: end
UPDATE sessions s
   SET ended_at = gone.ended_at, ended = gone.reason
  FROM unnest(%(books)s::uuid[], %(sessions)s::uuid[], %(ended)s::timestamptz[], %(reasons)s::text[])
       AS gone (book_id, session_id, ended_at, reason)
 WHERE s.book_id = gone.book_id AND s.session_id = gone.session_id;

-- name: from_network
SELECT EXISTS (SELECT FROM sessions WHERE book_id = %(user_id)s AND address = %(network)s);

-- name: earlier
-- Releases of the same browser are one device.
SELECT count(*),
       coalesce(bool_or(regexp_replace(device, '[0-9._]+', '', 'g')
                        = regexp_replace(%(device)s, '[0-9._]+', '', 'g')), false),
       coalesce(bool_or(address = %(network)s), false)
  FROM sessions
 WHERE book_id = %(user_id)s AND session_id <> %(session_id)s;

-- name: of_person
SELECT session_id, epoch, methods, device, address, opened_at, used_at, expires_at
  FROM sessions
 WHERE book_id = %(user_id)s AND ended_at IS NULL AND expires_at > %(now)s
 ORDER BY used_at DESC, session_id;

-- name: seen
-- Whether a person was signed in on such a device before a session of theirs: releases of the same browser are one.
SELECT t.position, count(s.session_id),
       bool_or(regexp_replace(s.device, '[0-9._]+', '', 'g')
               = regexp_replace(%(device)s, '[0-9._]+', '', 'g'))
  FROM tracking t
  LEFT JOIN sessions s
    ON s.book_id = %(user_id)s
   AND s.opened_at < (SELECT opened_at FROM sessions WHERE book_id = %(user_id)s AND session_id = %(session_id)s)
 GROUP BY t.position;

-- name: erase
UPDATE sessions SET device = '', address = '' WHERE book_id = ANY(%(subjects)s);
