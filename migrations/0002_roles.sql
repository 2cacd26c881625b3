-- Least privilege. Processes connect as the database's owner and at once take one of these roles: the service
-- may add to the record and never change it; the projector may read it and owns the read models.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'numina_service') THEN
        CREATE ROLE numina_service NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'numina_projector') THEN
        CREATE ROLE numina_projector NOLOGIN;
    END IF;
    EXECUTE format('GRANT numina_service, numina_projector TO %I', current_user);
    EXECUTE format('GRANT CREATE ON DATABASE %I TO numina_projector', current_database());
END
$$;

GRANT USAGE ON SCHEMA record, registers, vault TO numina_service, numina_projector;

GRANT SELECT, INSERT ON record.stored_events TO numina_service;
GRANT SELECT, UPDATE (position, recorded_at) ON record.head TO numina_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON registers.balances, registers.days, registers.claims TO numina_service;
GRANT SELECT, INSERT ON registers.commands TO numina_service;
GRANT SELECT, INSERT, UPDATE ON vault.data_keys, vault.signing_keys TO numina_service;

GRANT SELECT ON ALL TABLES IN SCHEMA record, registers TO numina_projector;
GRANT SELECT ON vault.data_keys, vault.signing_keys TO numina_projector;
