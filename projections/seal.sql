-- name: schema
CREATE TABLE seal_tiles (
    level  integer NOT NULL CHECK (level >= 0),
    number bigint  NOT NULL CHECK (number >= 0),
    hashes bytea   NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, number)
);
-- Hashes do not compress; trying would cost more than hashing them.
ALTER TABLE seal_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- name: tiles
SELECT level, number, hashes
  FROM seal_tiles
 WHERE (level, number) IN (SELECT * FROM unnest(%(levels)s::int[], %(numbers)s::bigint[]));

-- name: write
INSERT INTO seal_tiles (level, number, hashes)
SELECT * FROM unnest(%(levels)b::int[], %(numbers)b::bigint[], %(hashes)b::bytea[])
    ON CONFLICT (level, number) DO UPDATE SET hashes = EXCLUDED.hashes;

-- name: size
SELECT coalesce((SELECT number * 256 + octet_length(hashes) / 32
                   FROM seal_tiles
                  WHERE level = 0
                  ORDER BY number DESC
                  LIMIT 1), 0)::bigint;

-- name: fact
SELECT notification_id, originator_id, originator_version, topic, book_id, recorded_at,
       actor_id, command_id, command, state
  FROM record.stored_events
 WHERE notification_id = %(position)s;
