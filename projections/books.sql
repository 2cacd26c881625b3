-- name: schema
CREATE TABLE books (
    book_id    uuid        PRIMARY KEY,
    owner_id   uuid        NOT NULL,
    currency   text        NOT NULL,
    time_zone  text        NOT NULL,
    name       text        NOT NULL,
    version    bigint      NOT NULL,
    opened_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE members (
    book_id   uuid        NOT NULL,
    user_id   uuid        NOT NULL,
    role      text        NOT NULL,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (book_id, user_id)
);

-- name: indexes
CREATE INDEX members_user_idx ON members (user_id, book_id);

-- name: load
SELECT book_id, owner_id, currency, time_zone, name, version, opened_at, changed_at
  FROM books
 WHERE book_id = ANY(%(books)s);

-- name: one
SELECT b.book_id, b.owner_id, b.currency, b.time_zone, b.name, b.version, b.opened_at, b.changed_at, m.role
  FROM members m
  JOIN books b USING (book_id)
 WHERE m.user_id = %(user_id)s AND m.book_id = %(book_id)s;

-- name: of_user
SELECT b.book_id, b.owner_id, b.currency, b.time_zone, b.name, b.version, b.opened_at, b.changed_at, m.role
  FROM members m
  JOIN books b USING (book_id)
 WHERE m.user_id = %(user_id)s
 ORDER BY b.opened_at, b.book_id;

-- name: share_a_book
SELECT FROM members AS one JOIN members AS other USING (book_id)
 WHERE one.user_id = %(one)s AND other.user_id = %(other)s
 LIMIT 1;

-- name: load_members
SELECT book_id, user_id, role, joined_at FROM members WHERE book_id = ANY(%(books)s);

-- name: members
SELECT user_id, role, joined_at FROM members WHERE book_id = %(book_id)s ORDER BY joined_at, user_id;

-- name: clear
DELETE FROM members WHERE book_id = ANY(%(books)s);

-- name: erase
UPDATE books SET name = '' WHERE book_id = ANY(%(subjects)s) AND name <> '';
