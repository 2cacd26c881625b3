-- name: schema
-- What was posted on an account in one currency in one month (its first day): debits and credits, both positive,
-- of the terms in force, and the number of postings. Ten years of an account are 120 rows.
CREATE TABLE rollup (
    account_id uuid    NOT NULL,
    month      date    NOT NULL,
    currency   text    NOT NULL,
    book_id    uuid    NOT NULL,
    count      integer NOT NULL,
    debit      numeric NOT NULL,
    credit     numeric NOT NULL,
    PRIMARY KEY (account_id, month, currency)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- name: add
-- In the order of the key, so that neighbours in its index are written together.
INSERT INTO rollup AS r (account_id, month, currency, book_id, count, debit, credit)
SELECT * FROM unnest(%b::uuid[], %b::date[], %b::text[], %b::uuid[], %b::bigint[], %s::numeric[], %s::numeric[])
 ORDER BY 1, 2, 3
    ON CONFLICT (account_id, month, currency) DO UPDATE SET
       count  = r.count + excluded.count,
       debit  = r.debit + excluded.debit,
       credit = r.credit + excluded.credit;
