-- Privacy: pictures, sealed like everything personal, and what is left to do about those who were forgotten.

-- Pictures under the SHA-256 of their sealed bytes: too large for the record, and of no use to a proof.
CREATE TABLE vault.images (
    digest     bytea       PRIMARY KEY,
    subject_id uuid        NOT NULL,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE vault.images ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX images_subject ON vault.images (subject_id);
GRANT SELECT, INSERT, DELETE ON vault.images TO numina_service;

-- Whose keys were destroyed, and when the last trace of them was cleared away (NULL: still to be done).
CREATE TABLE vault.erasures (
    user_id      uuid        PRIMARY KEY,
    destroyed_at timestamptz NOT NULL DEFAULT now(),
    cleared_at   timestamptz
);
GRANT SELECT, UPDATE (cleared_at) ON vault.erasures TO numina_service;

-- Every process asks for those destroyed lately.
CREATE INDEX data_keys_destroyed ON vault.data_keys (destroyed_at) WHERE destroyed_at IS NOT NULL;

-- Destroys the keys of a person and of the books that were theirs alone, with what else depends on them: pictures,
-- names that were taken in those books, and what is remembered of requests (that they were made stays, so that
-- none has its effect again). Once or often, the same.
CREATE FUNCTION vault.forget(person uuid, books uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subjects uuid[] := books || person;
BEGIN
    INSERT INTO vault.data_keys (subject_id, wrapped, destroyed_at)
    SELECT subject, NULL, now() FROM unnest(subjects) AS subject
        ON CONFLICT (subject_id) DO UPDATE SET wrapped = NULL, destroyed_at = now()
        WHERE vault.data_keys.destroyed_at IS NULL;
    DELETE FROM vault.images WHERE subject_id = ANY(subjects);
    DELETE FROM registers.claims WHERE scope = ANY(subjects);
    UPDATE registers.commands SET request = '', answer = '[]'
     WHERE command_id IN (SELECT command_id FROM views.audit WHERE book_id = ANY(subjects)) AND request <> '';
    INSERT INTO vault.erasures (user_id) VALUES (person) ON CONFLICT DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION vault.forget(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.forget(uuid, uuid[]) TO numina_service;
