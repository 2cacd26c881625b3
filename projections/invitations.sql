-- name: schema
CREATE TABLE invitations (
    book_id       uuid        NOT NULL,
    invitation_id uuid        NOT NULL,
    status        text        NOT NULL,
    role          text        NOT NULL,
    sent_by       uuid        NOT NULL,
    sent_at       timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    email         text        NOT NULL,
    address       text        NOT NULL,
    message       text        NOT NULL,
    PRIMARY KEY (book_id, invitation_id)
);

-- name: indexes
CREATE INDEX invitations_address_idx ON invitations (address) WHERE status = 'open';

-- name: end
UPDATE invitations i
   SET status = ended.status
  FROM unnest(%(books)s::uuid[], %(invitations)s::uuid[], %(statuses)s::text[])
       AS ended (book_id, invitation_id, status)
 WHERE i.book_id = ended.book_id AND i.invitation_id = ended.invitation_id;

-- name: of_book
SELECT invitation_id, book_id, '', role, sent_by, sent_at, expires_at, email, message
  FROM invitations
 WHERE book_id = %(book_id)s AND status = 'open'
 ORDER BY sent_at DESC, invitation_id DESC;

-- name: to_address
SELECT i.invitation_id, i.book_id, b.name, i.role, i.sent_by, i.sent_at, i.expires_at, i.email, i.message
  FROM invitations i
  JOIN books b USING (book_id)
 WHERE i.status = 'open' AND i.address = %(address)s AND i.expires_at > %(now)s
   AND EXISTS (SELECT FROM members m WHERE m.book_id = i.book_id)
   AND NOT EXISTS (SELECT FROM members m WHERE m.book_id = i.book_id AND m.user_id = %(user_id)s)
 ORDER BY i.sent_at DESC, i.invitation_id DESC
 LIMIT 500;

-- name: erase
UPDATE invitations SET email = '', address = '', message = ''
 WHERE invitation_id = ANY(%(subjects)s) OR book_id = ANY(%(subjects)s);
