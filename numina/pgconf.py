"""The configuration files of the embedded PostgreSQL, written anew at each start."""

from pathlib import Path

PORT = 5432
"""Names the socket file only: the server listens on no network address."""

SUPERUSER = "postgres"
ROLE = "numina"
DATABASE = "numina"

SETTINGS: dict[str, object] = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": 60,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    # Nobody follows this server's log: what is made in one go, as indexes are, need not go through it.
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": 0.9,
    "random_page_cost": 1.1,
    # Tables that only grow: freeze and refresh the visibility map by inserts, and do it in small steps.
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    "autovacuum_vacuum_scale_factor": 0.05,
    "autovacuum_analyze_scale_factor": 0.05,
    "autovacuum_naptime": "20s",
    "autovacuum_max_workers": 2,
    # So long autovacuum may hold up whoever drops a table that it works on, as a rebuild does in the end.
    "deadlock_timeout": "200ms",
    # Statements carry amounts and (sealed) text: the log keeps what went wrong, not what was said.
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    # No DETAIL and no CONTEXT, which quote the row at fault: the read models hold words in plain.
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}

DURABLE: dict[str, object] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY: dict[str, object] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": 200,
    "shared_buffers": "128MB",
    "checkpoint_timeout": "1h",
}


def write(folder: Path, socket_folder: Path, user: str, *, durable: bool) -> Path:
    """Writes postgresql.conf, pg_hba.conf and pg_ident.conf into the folder; returns the first one's path.

    Only the operating system user `user` may connect, through the socket: `peer` lets the kernel vouch for
    it, so there is no password to keep, and whoever else gets at the socket is still refused. The files lie
    outside the data folder, so that the server's account may read but not change them. Local amendments
    belong into local.conf beside them.
    """
    access, names = folder / "pg_hba.conf", folder / "pg_ident.conf"
    chosen = SETTINGS | {"unix_socket_directories": _list_item(socket_folder)}
    chosen |= {"hba_file": access, "ident_file": names} | (DURABLE if durable else THROW_AWAY)
    lines = [f"{name} = {_quoted(value)}" for name, value in chosen.items()]
    escaped = user.replace('"', '""')
    settings = folder / "postgresql.conf"
    _put(settings, "\n".join([*lines, "include_if_exists 'local.conf'", ""]))
    _put(access, "local all all peer map=numina\n")
    _put(names, f'numina "{escaped}" all\n')
    return settings


def _put(path: Path, text: str) -> None:
    """Writes a file that everybody may read, whatever the umask says."""
    path.write_text(text)
    path.chmod(0o644)


def _quoted(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _list_item(folder: Path) -> str:
    """One element of a comma-separated list of names: the socket folder may hold spaces or commas."""
    return '"' + str(folder).replace('"', '""') + '"'
