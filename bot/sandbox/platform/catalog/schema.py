"""The tables of the catalogue, and the migrations from older versions."""

VERSION = 4

TABLES = """
CREATE TABLE organizations(slug TEXT PRIMARY KEY, uuid TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    overages INT NOT NULL DEFAULT 0, blocked_reads INT NOT NULL DEFAULT 0, blocked_writes INT NOT NULL DEFAULT 0,
    plan TEXT NOT NULL DEFAULT 'scaler', quotas TEXT NOT NULL DEFAULT '{}');
CREATE TABLE groups(uuid TEXT PRIMARY KEY, organization TEXT NOT NULL REFERENCES organizations(slug),
    name TEXT NOT NULL, locations TEXT NOT NULL, key_id TEXT NOT NULL, key_secret BLOB NOT NULL,
    delete_protection INT NOT NULL DEFAULT 0, archived INT NOT NULL DEFAULT 0,
    UNIQUE(organization, name));
CREATE TABLE databases(id TEXT PRIMARY KEY, organization TEXT NOT NULL REFERENCES organizations(slug),
    name TEXT NOT NULL, group_name TEXT NOT NULL, key_id TEXT NOT NULL, key_secret BLOB NOT NULL,
    size_limit INT NOT NULL DEFAULT 0, block_reads INT NOT NULL DEFAULT 0, block_writes INT NOT NULL DEFAULT 0,
    delete_protection INT NOT NULL DEFAULT 0, allow_attach INT NOT NULL DEFAULT 0,
    allowed_ips TEXT NOT NULL DEFAULT '[]', allowed_aws_vpc_ids TEXT NOT NULL DEFAULT '[]',
    parent TEXT, ready_at REAL NOT NULL DEFAULT 0, created_at REAL NOT NULL, deleted_at REAL,
    recorded_since REAL NOT NULL DEFAULT 0, encryption_cipher TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX databases_by_name ON databases(organization, name) WHERE deleted_at IS NULL;
CREATE INDEX databases_by_group ON databases(organization, group_name, name) WHERE deleted_at IS NULL;
CREATE TABLE instances(uuid TEXT PRIMARY KEY, database_id TEXT NOT NULL REFERENCES databases(id), name TEXT NOT NULL,
    type TEXT NOT NULL, region TEXT NOT NULL, deleted_at REAL);
CREATE INDEX instances_by_database ON instances(database_id);
CREATE TABLE usage(database_id TEXT NOT NULL, instance TEXT NOT NULL, day TEXT NOT NULL, rows_read INT NOT NULL,
    rows_written INT NOT NULL, storage_bytes INT NOT NULL, bytes_synced INT NOT NULL,
    PRIMARY KEY(database_id, instance, day)) WITHOUT ROWID;
CREATE TABLE queries(database_id TEXT NOT NULL, hour INT NOT NULL, query TEXT NOT NULL, rows_read INT NOT NULL,
    rows_written INT NOT NULL, PRIMARY KEY(database_id, hour, query)) WITHOUT ROWID;
CREATE TABLE api_tokens(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL UNIQUE,
    organization TEXT, group_name TEXT, scopes TEXT, created_at REAL NOT NULL);
CREATE TABLE audit_log(id INTEGER PRIMARY KEY, organization TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    origin TEXT NOT NULL, author TEXT NOT NULL, created_at REAL NOT NULL, data TEXT NOT NULL);
CREATE TABLE journal(id INTEGER PRIMARY KEY, booked INT NOT NULL);
"""

MIGRATIONS = (
    "CREATE TABLE journal(id INTEGER PRIMARY KEY, booked INT NOT NULL);",
    "ALTER TABLE groups ADD COLUMN archived INT NOT NULL DEFAULT 0;",
    """ALTER TABLE organizations ADD COLUMN plan TEXT NOT NULL DEFAULT 'scaler';
    ALTER TABLE organizations ADD COLUMN quotas TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE databases ADD COLUMN recorded_since REAL NOT NULL DEFAULT 0;
    ALTER TABLE databases ADD COLUMN encryption_cipher TEXT NOT NULL DEFAULT '';
    UPDATE databases SET recorded_since = unixepoch();""",
)
"""The migrations: the first one upgrades version 1 to 2, the second 2 to 3, and so on."""
