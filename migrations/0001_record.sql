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

-- Stores a batch: one statement, so one round trip and one flush for up to thousands of commands. The batch was
-- decided when the log ended at `expected`; it moves to `reached`, or raises NU001 when another process has moved
-- it meanwhile, so that a writer may decide before it holds the lock and learn here whether what it knew was true.
-- Each group of arrays is one table's rows, column by column; an empty group is nothing to do.
CREATE FUNCTION record.append(
    expected bigint, reached bigint, at timestamptz,
    fact_stream uuid[], fact_version bigint[], fact_book uuid[], fact_actor uuid[], fact_command_id uuid[],
    fact_command text[], fact_topic text[], fact_state bytea[],
    sum_account uuid[], sum_currency text[], sum_posted numeric[], sum_pending numeric[], sum_reserved numeric[],
    day_account uuid[], day_currency text[], day_date date[], day_posted numeric[], day_reserved numeric[],
    freed_scope uuid[], freed_kind text[], freed_digest bytea[],
    taken_scope uuid[], taken_kind text[], taken_digest bytea[], taken_holder uuid[],
    command_id uuid[], command_first bigint[], command_last bigint[], command_request bytea[], command_answer bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE record.head SET position = reached, recorded_at = at WHERE position = expected;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the log has grown past position %', expected USING ERRCODE = 'NU001';
    END IF;
    IF cardinality(fact_stream) > 0 THEN
        INSERT INTO record.stored_events (notification_id, recorded_at, originator_id, originator_version,
                                          book_id, actor_id, command_id, command, topic, state)
        SELECT expected + fact.place, at, fact.stream, fact.version,
               fact.book, fact.actor, fact.command_id, fact.command, fact.topic, fact.state
        FROM unnest(fact_stream, fact_version, fact_book, fact_actor, fact_command_id, fact_command, fact_topic,
                    fact_state) WITH ORDINALITY
             AS fact (stream, version, book, actor, command_id, command, topic, state, place);
        PERFORM pg_notify('stored_events', reached::text);
    END IF;
    IF cardinality(sum_account) > 0 THEN
        INSERT INTO registers.balances AS b (account_id, currency, posted, pending, reserved)
        SELECT * FROM unnest(sum_account, sum_currency, sum_posted, sum_pending, sum_reserved)
        ON CONFLICT (account_id, currency) DO UPDATE SET
            posted = b.posted + excluded.posted,
            pending = b.pending + excluded.pending,
            reserved = b.reserved + excluded.reserved;
    END IF;
    IF cardinality(day_account) > 0 THEN
        INSERT INTO registers.days AS d (account_id, currency, date, posted, reserved)
        SELECT * FROM unnest(day_account, day_currency, day_date, day_posted, day_reserved)
        ON CONFLICT (account_id, currency, date) DO UPDATE SET
            posted = d.posted + excluded.posted,
            reserved = d.reserved + excluded.reserved;
    END IF;
    -- All names are freed before any is taken: a batch may free one and give it to somebody else.
    IF cardinality(freed_scope) > 0 THEN
        DELETE FROM registers.claims c
        USING unnest(freed_scope, freed_kind, freed_digest) AS freed (scope, kind, digest)
        WHERE c.scope = freed.scope AND c.kind = freed.kind AND c.digest = freed.digest;
    END IF;
    IF cardinality(taken_scope) > 0 THEN
        INSERT INTO registers.claims (scope, kind, digest, holder)
        SELECT * FROM unnest(taken_scope, taken_kind, taken_digest, taken_holder);
    END IF;
    IF cardinality(command_id) > 0 THEN
        INSERT INTO registers.commands (command_id, first, last, request, answer)
        SELECT * FROM unnest(command_id, command_first, command_last, command_request, command_answer);
    END IF;
END
$$;
