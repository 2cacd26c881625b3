-- The record (what happened), the registers (what a decision needs to know now) and the vault (keys):
-- everything that cannot be rebuilt, or must change in the same transaction as what cannot.

CREATE SCHEMA record;
CREATE SCHEMA registers;
CREATE SCHEMA vault;

-- The eventsourcing library's stored-events table (originator_id, originator_version, topic, state,
-- notification_id), so that its recorders can read it, with our columns beside. notification_id is the
-- position; it is assigned by the writer under the lock on record.head and has no gaps, so that a fact's
-- index in the Merkle tree is its position less one.
CREATE TABLE record.stored_events (
    notification_id    bigint      NOT NULL CHECK (notification_id > 0),
    originator_version bigint      NOT NULL CHECK (originator_version > 0),
    recorded_at        timestamptz NOT NULL,
    originator_id      uuid        NOT NULL,
    book_id            uuid        NOT NULL,
    actor_id           uuid        NOT NULL,
    command_id         uuid        NOT NULL,
    command            text        NOT NULL,
    topic              text        NOT NULL,
    state              bytea       NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_vacuum_insert_scale_factor = 0.2,
    autovacuum_analyze_threshold = 50000,
    autovacuum_analyze_scale_factor = 0.2,
    toast_tuple_target = 8160
);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON record.stored_events (notification_id);
-- Sealed text does not compress; trying costs time on every insert.
ALTER TABLE record.stored_events ALTER COLUMN state SET STORAGE EXTERNAL;

CREATE FUNCTION record.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
ALTER TABLE record.stored_events ENABLE ALWAYS TRIGGER append_only;

-- The end of the log. Its row lock is what makes writers take turns: a table lock would be broken by (and
-- would break) autovacuum for a deadlock_timeout at a time.
CREATE TABLE record.head (
    cell        smallint    PRIMARY KEY DEFAULT 1 CHECK (cell = 1),
    position    bigint      NOT NULL,
    recorded_at timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000);
INSERT INTO record.head (position, recorded_at) VALUES (0, '1970-01-01T00:00:00Z');

-- Debit-positive sums by account and currency. available = posted + reserved.
CREATE TABLE registers.balances (
    account_id uuid    NOT NULL,
    currency   text    NOT NULL,
    posted     numeric NOT NULL,
    pending    numeric NOT NULL,
    reserved   numeric NOT NULL,
    PRIMARY KEY (account_id, currency)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- The change of each day, of the accounts whose balance on a past day may have to be judged (asset, liability).
CREATE TABLE registers.days (
    account_id uuid    NOT NULL,
    currency   text    NOT NULL,
    date       date    NOT NULL,
    posted     numeric NOT NULL,
    reserved   numeric NOT NULL,
    PRIMARY KEY (account_id, currency, date)
) WITH (fillfactor = 70);

-- What may exist once: names, e-mail fingerprints.
CREATE TABLE registers.claims (
    scope  uuid   NOT NULL,
    kind   text   NOT NULL,
    digest bytea  NOT NULL,
    holder uuid   NOT NULL,
    PRIMARY KEY (scope, kind, digest)
);

-- Commands that came with an idempotency key (their id is derived from it): which facts they led to, what the
-- request was (a digest) and the balances that were answered.
CREATE TABLE registers.commands (
    command_id uuid   PRIMARY KEY,
    first      bigint NOT NULL,
    last       bigint NOT NULL,
    request    bytea  NOT NULL,
    answer     bytea  NOT NULL
);
ALTER TABLE registers.commands ALTER COLUMN answer SET STORAGE MAIN;

-- Data keys, wrapped by the master key. A destroyed key leaves its row, so that none is made anew.
CREATE TABLE vault.data_keys (
    subject_id   uuid        PRIMARY KEY,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

-- Ed25519 keys that sign: purpose 'checkpoint' (the log) and 'token' (access tokens).
CREATE TABLE vault.signing_keys (
    kid        text        PRIMARY KEY,
    purpose    text        NOT NULL CHECK (purpose IN ('checkpoint', 'token')),
    public     bytea       NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

-- Moves the end of the log from `expected` to `reached`; raises when another process has moved it meanwhile, so
-- that a writer may decide before it holds the lock and learn here whether what it knew was still true.
CREATE FUNCTION record.advance(expected bigint, reached bigint, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE record.head SET position = reached, recorded_at = at WHERE position = expected;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the log has grown past position %', expected USING ERRCODE = 'NU001';
    END IF;
END
$$;
