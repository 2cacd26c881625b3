-- name: columns
-- PostgreSQL compares text search vectors by their padding too, which depends on how they were made.
SELECT format(CASE atttypid WHEN 'tsvector'::regtype THEN '%%I::text' ELSE '%%I' END, attname)
  FROM pg_attribute
 WHERE attrelid = to_regclass(%(table)s) AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum;
