"""The SQLite authorizer, which decides what a statement may do."""

from dataclasses import dataclass, field

import apsw

from bot.sandbox.platform.hrana.errors import StatementError, blocked, unsupported_statement

NO_WRITE_PERMISSION = "SQL write operations are forbidden (current session doesn't have write permission)"
WRITES_BLOCKED = "SQL write operations are forbidden (writes are blocked, do you need to upgrade your plan?)"
READS_BLOCKED = "SQL read operations are forbidden (reads are blocked, do you need to upgrade your plan?)"
READ_ONLY_TRANSACTION = "SQL write operations are forbidden (the transaction is read-only)"

_READS = {
    apsw.SQLITE_SELECT,
    apsw.SQLITE_READ,
    apsw.SQLITE_FUNCTION,
    apsw.SQLITE_RECURSIVE,
    apsw.SQLITE_TRANSACTION,
    apsw.SQLITE_SAVEPOINT,
}
_ROW_WRITES = {apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE}
# How the names of shadow tables end, in which virtual tables store their content. SQLite prepares writes to shadow
# tables even when an R-tree is only read, so these writes are allowed here. SQLite itself refuses statements that write
# to shadow tables directly. For a session that may not write, `Run` refuses each statement that isn't read-only just
# before it runs.
_SHADOWS = ("_node", "_parent", "_rowid", "_data", "_idx", "_content", "_docsize", "_config", "_segments", "_segdir")
_FORBIDDEN = {apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH, apsw.SQLITE_ANALYZE}
_FORBIDDEN_WORDS = {"ATTACH", "DETACH", "ANALYZE", "VACUUM"}
_FORBIDDEN_FUNCTIONS = {"load_extension", "fts3_tokenizer"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Every session may use these pragmas.
_READ_PRAGMAS = _words(
    """table_list table_info table_xinfo index_list index_info index_xinfo database_list function_list module_list
    pragma_list compile_options encoding"""
)
# Only sessions that may write can use these pragmas.
_WRITE_PRAGMAS = _words(
    """defer_foreign_keys foreign_keys foreign_key_list foreign_key_check collation_list data_version freelist_count
    integrity_check legacy_file_format page_count quick_check stats user_version"""
)
# Sessions that may write can read these pragmas, but not set them. Other sessions can read only `schema_version`.
_READ_ONLY_PRAGMAS = _words(
    """analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check
    checkpoint_fullfsync fullfsync hard_heap_limit journal_mode journal_size_limit legacy_alter_table locking_mode
    max_page_count mmap_size page_size query_only read_uncommitted recursive_triggers reverse_unordered_selects
    schema_version secure_delete soft_heap_limit synchronous temp_store threads trusted_schema wal_autocheckpoint"""
)


@dataclass(frozen=True)
class Rights:
    """Why the session may not read or write, in libSQL's words. A reason is empty if the session may do it."""

    no_reads: str = ""
    no_writes: str = ""


@dataclass
class Guard:
    """The authorizer of one connection, and what it found out about the current statement."""

    rights: Rights = field(default_factory=Rights)
    off: bool = False
    explains: bool = False
    running: bool = False
    refusal: StatementError | None = None
    inserts: bool = False
    changes: bool = False
    counts: bool = False

    def begin(self, rights: Rights, word: str) -> None:
        """Prepare for a statement that starts with `word`. Raises StatementError if such a statement isn't allowed."""
        self.rights, self.refusal, self.explains, self.running = rights, None, word == "EXPLAIN", False
        self.inserts = self.changes = self.counts = False
        if word in _FORBIDDEN_WORDS:
            raise unsupported_statement()
        if rights.no_reads and word not in ("COMMIT", "END", "ROLLBACK", ""):
            raise blocked(rights.no_reads)
        if rights.no_writes and word == "REINDEX":
            raise blocked(rights.no_writes)

    def authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, inner: str | None
    ) -> int:
        """Allow or deny one access, and keep the reason for a denial. SQLite calls this as it prepares a statement."""
        if self.off:
            return apsw.SQLITE_OK
        refusal = self._refusal(action, first, second)
        if refusal is not None:
            self.refusal = refusal
            return apsw.SQLITE_DENY
        self._note_effects(action, first, second, inner)
        return apsw.SQLITE_OK

    def _refusal(self, action: int, first: str | None, second: str | None) -> StatementError | None:
        if action in _FORBIDDEN or (action == apsw.SQLITE_FUNCTION and second in _FORBIDDEN_FUNCTIONS):
            return unsupported_statement()
        if action == apsw.SQLITE_PRAGMA:
            return self._pragma((first or "").lower(), second)
        if action in _ROW_WRITES and (first or "").endswith(_SHADOWS):
            return None
        if action not in _READS and not self.explains and self.rights.no_writes:
            return blocked(self.rights.no_writes)
        return None

    def _pragma(self, name: str, argument: str | None) -> StatementError | None:
        if self.running and name == "data_version":
            return None
        if name in _READ_PRAGMAS or (name == "schema_version" and argument is None):
            return None
        if name not in _WRITE_PRAGMAS and not (name in _READ_ONLY_PRAGMAS and argument is None):
            return unsupported_statement()
        return blocked(self.rights.no_writes) if self.rights.no_writes else None

    def _note_effects(self, action: int, first: str | None, second: str | None, inner: str | None) -> None:
        if action == apsw.SQLITE_FUNCTION:
            self.counts = self.counts or (second or "").lower() == "count"
        elif action in _ROW_WRITES:
            direct = inner is None and first not in ("sqlite_master", "sqlite_temp_master")
            self.changes = self.changes or direct
            self.inserts = self.inserts or (direct and action == apsw.SQLITE_INSERT)
