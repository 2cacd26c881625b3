-- How long is remembered what a request said: the digest of it and what was answered. That it was made is remembered
-- for ever, so that sending it again never has its effect a second time.

-- Empties up to `most` remembered requests past `past`, in the order of their ids, of those whose facts stand at or
-- before `last`; the last id looked at, NULL at the end.
CREATE FUNCTION registers.forget_requests(past uuid, most integer, last_position bigint) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
BEGIN
    SELECT array_agg(command_id ORDER BY command_id) INTO ids
      FROM (SELECT command_id FROM registers.commands WHERE command_id > past ORDER BY command_id LIMIT most) AS page;
    UPDATE registers.commands SET request = '', answer = '[]'
     WHERE command_id = ANY(ids) AND last <= last_position AND last > 0 AND request <> '';
    RETURN ids[cardinality(ids)];
END
$$;
REVOKE ALL ON FUNCTION registers.forget_requests(uuid, integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registers.forget_requests(uuid, integer, bigint) TO numina_service;
