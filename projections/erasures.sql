-- name: schema
-- Who asked to be forgotten, or was: due_at is NULL once they thought better of it, and books is NULL until it is
-- done, when it names those that were forgotten with the person.
CREATE TABLE erasures (
    book_id uuid        NOT NULL,
    user_id uuid        NOT NULL,
    due_at  timestamptz,
    books   uuid[],
    PRIMARY KEY (book_id, user_id)
);

-- name: indexes
CREATE INDEX erasures_due ON erasures (due_at) WHERE books IS NULL;

-- name: put
INSERT INTO erasures (book_id, user_id, due_at, books)
SELECT book_id, user_id, due_at, books::uuid[]
  FROM unnest(%(book_ids)s::uuid[], %(user_ids)s::uuid[], %(due_ats)s::timestamptz[], %(books)s::text[])
       AS said (book_id, user_id, due_at, books)
    ON CONFLICT (book_id, user_id) DO UPDATE SET due_at = EXCLUDED.due_at, books = EXCLUDED.books;
