-- name: schema
CREATE TABLE balances (
    book_id    uuid    NOT NULL,
    account_id uuid    NOT NULL,
    currency   text    NOT NULL,
    posted     numeric NOT NULL,
    pending    numeric NOT NULL,
    reserved   numeric NOT NULL,
    PRIMARY KEY (book_id, account_id, currency)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- name: add
INSERT INTO balances AS b (book_id, account_id, currency, posted, pending, reserved)
SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::text[], %s::numeric[], %s::numeric[], %s::numeric[])
    ON CONFLICT (book_id, account_id, currency) DO UPDATE SET
       posted   = b.posted + excluded.posted,
       pending  = b.pending + excluded.pending,
       reserved = b.reserved + excluded.reserved;

-- name: now
SELECT currency, posted, pending, reserved
  FROM balances
 WHERE book_id = %(book_id)s AND account_id = %(account_id)s
 ORDER BY currency;

-- name: all_now
SELECT account_id, currency, posted, pending, reserved
  FROM balances
 WHERE book_id = %(book_id)s
 ORDER BY account_id, currency;
