"""The tables of the PostgreSQL store, and the steps that bring those of an older version up to date.

The rule of this file: each step from one version to the next is one entry of `_STEPS`, which never changes. A step only
adds tables, functions, and columns that need no value, so that running servers of older versions go on. All missing
steps are done in one transaction under a lock; tables of a newer version are not changed. Clients' strings are octets
(bytea), since PostgreSQL's text can't have NUL and must be UTF-8.
"""

from .seam import StorageError
from .sql import Connection

__all__ = ["VERSION", "prepare"]

_LOCK = 0x697070666173  # "ippfas": this program's number among the advisory locks of the database

_STEPS = (
    """
CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE queues (
    name TEXT PRIMARY KEY, active INTEGER NOT NULL DEFAULT 0, processing INTEGER NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE settings (
    queue TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (queue, name)
) WITH (fillfactor = 50);
CREATE TABLE jobs (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue TEXT NOT NULL, uuid TEXT NOT NULL,
    state SMALLINT NOT NULL, reasons TEXT NOT NULL, message BYTEA NOT NULL DEFAULT '', name BYTEA NOT NULL,
    "user" BYTEA NOT NULL, host TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, processing DOUBLE PRECISION,
    completed DOUBLE PRECISION, priority SMALLINT NOT NULL, position BIGINT NOT NULL, release DOUBLE PRECISION,
    held SMALLINT NOT NULL DEFAULT 0, open SMALLINT NOT NULL, touched DOUBLE PRECISION NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, octets BIGINT NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0,
    ticket BYTEA NOT NULL, output BYTEA NOT NULL DEFAULT '', epoch INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT ''
) WITH (fillfactor = 70);
CREATE INDEX jobs_by_order ON jobs (queue, priority DESC, position, id) WHERE state < 7;
CREATE INDEX jobs_by_user ON jobs (queue, "user") WHERE state < 7;
CREATE INDEX jobs_by_end ON jobs (queue, completed DESC, id DESC) WHERE state >= 7;
CREATE INDEX jobs_by_worker ON jobs (worker) WHERE state = 5;
CREATE INDEX jobs_ready ON jobs (queue) WHERE state = 3 AND open = 0;
CREATE TABLE documents (
    job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, number INTEGER NOT NULL, key TEXT NOT NULL,
    octets BIGINT NOT NULL, format BYTEA NOT NULL, name BYTEA NOT NULL, state SMALLINT NOT NULL,
    created DOUBLE PRECISION NOT NULL, ticket BYTEA NOT NULL, PRIMARY KEY (job_id, number)
);
CREATE INDEX documents_by_key ON documents (key);
CREATE TABLE contents (key TEXT PRIMARY KEY, octets BYTEA NOT NULL);
ALTER TABLE contents ALTER octets SET STORAGE EXTERNAL;
CREATE TABLE uploads (
    key TEXT PRIMARY KEY, begun DOUBLE PRECISION NOT NULL, doomed SMALLINT NOT NULL DEFAULT 0
);
CREATE TABLE workers (name TEXT PRIMARY KEY, beat BIGINT NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE subscriptions (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue TEXT NOT NULL, uuid TEXT NOT NULL, events TEXT NOT NULL,
    job_id INTEGER, "user" BYTEA NOT NULL, charset BYTEA NOT NULL, language BYTEA NOT NULL, user_data BYTEA,
    attributes BYTEA NOT NULL, interval INTEGER NOT NULL, lease INTEGER, expires DOUBLE PRECISION,
    ended SMALLINT NOT NULL DEFAULT 0, counted BIGINT NOT NULL DEFAULT 0, after BIGINT NOT NULL DEFAULT 0, last BIGINT
);
CREATE INDEX subscriptions_by_job ON subscriptions (queue, job_id);
CREATE INDEX subscriptions_by_user ON subscriptions (queue, "user");
CREATE TABLE events (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue TEXT NOT NULL, name TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL, printer_state SMALLINT NOT NULL, printer_reasons TEXT NOT NULL,
    accepting SMALLINT NOT NULL, job_id INTEGER, job_uuid TEXT NOT NULL, job_state SMALLINT NOT NULL,
    job_reasons TEXT NOT NULL, job_message BYTEA NOT NULL, job_name BYTEA NOT NULL, job_user BYTEA NOT NULL,
    job_octets BIGINT NOT NULL, job_documents INTEGER NOT NULL
);
CREATE INDEX events_by_queue ON events (queue, number);
CREATE FUNCTION ippfast_count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more INTEGER := 0;
    busier INTEGER := 0;
    of_queue TEXT;
BEGIN
    IF TG_OP != 'DELETE' THEN
        more := (new.state < 7)::integer;
        busier := (new.state = 5)::integer;
        of_queue := new.queue;
    END IF;
    IF TG_OP != 'INSERT' THEN
        more := more - (old.state < 7)::integer;
        busier := busier - (old.state = 5)::integer;
        of_queue := old.queue;
    END IF;
    IF more != 0 OR busier != 0 THEN
        UPDATE queues SET active = active + more, processing = processing + busier WHERE name = of_queue;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_counted AFTER INSERT OR DELETE OR UPDATE OF state ON jobs
    FOR EACH ROW EXECUTE FUNCTION ippfast_count_jobs();
""",
    # The resources of a system, and subscriptions to the events of all queues.
    """
CREATE TABLE resources (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue TEXT NOT NULL, uuid TEXT NOT NULL, type TEXT NOT NULL,
    "user" BYTEA NOT NULL, name BYTEA NOT NULL, info BYTEA NOT NULL, language BYTEA NOT NULL, state SMALLINT NOT NULL,
    reasons TEXT NOT NULL, message BYTEA NOT NULL, format TEXT NOT NULL DEFAULT '', key TEXT NOT NULL DEFAULT '',
    octets BIGINT NOT NULL DEFAULT 0, created DOUBLE PRECISION NOT NULL, installed DOUBLE PRECISION,
    canceled DOUBLE PRECISION, ticket BYTEA NOT NULL DEFAULT ''
);
CREATE INDEX resources_by_key ON resources (key);
CREATE TABLE allocations (
    printer BYTEA NOT NULL, resource_id INTEGER NOT NULL REFERENCES resources ON DELETE CASCADE,
    PRIMARY KEY (printer, resource_id)
);
CREATE INDEX allocations_by_resource ON allocations (resource_id);
CREATE TABLE printers (queue TEXT PRIMARY KEY);
INSERT INTO printers SELECT substr(name, 9) || '/' || ((value::jsonb #>> '{}')::jsonb ->> 'id') FROM settings
    WHERE queue = '/system' AND name LIKE 'printer/%';
ALTER TABLE subscriptions ADD printers BYTEA NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD resource_id INTEGER;
ALTER TABLE events ADD printer BYTEA NOT NULL DEFAULT '';
ALTER TABLE events ADD resource_id INTEGER;
ALTER TABLE events ADD resource_state SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD resource_reasons TEXT NOT NULL DEFAULT '';
""",
    # The pages of documents, and the numbers of printed impressions and sheets.
    """
ALTER TABLE jobs ADD pages BIGINT;
ALTER TABLE jobs ADD impressions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD sheets BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD pages BIGINT;
ALTER TABLE events ADD job_impressions BIGINT NOT NULL DEFAULT 0;
""",
    # The user of a subscription as a URI.
    "ALTER TABLE subscriptions ADD user_uri BYTEA NOT NULL DEFAULT ''",
    # This function makes a job with at most one document. It returns the job's number and the number of jobs that are
    # processed before it, or NULL in unusual cases: then it has done nothing.
    """
CREATE FUNCTION ippfast_create(
    of_queue TEXT, its_uuid TEXT, its_state INTEGER, its_reasons TEXT, its_name BYTEA, its_user BYTEA, its_host TEXT,
    its_moment DOUBLE PRECISION, its_priority INTEGER, its_release DOUBLE PRECISION, is_held INTEGER, is_open INTEGER,
    its_ticket BYTEA, its_pages BIGINT, most_jobs BIGINT, most_user_jobs BIGINT, most_user_octets BIGINT,
    document_key TEXT, document_octets BIGINT, document_format BYTEA, document_name BYTEA, document_ticket BYTEA,
    document_content BYTEA, is_fenced INTEGER
) RETURNS BIGINT[] LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    made INTEGER;
    before BIGINT;
    user_jobs BIGINT;
    user_octets BIGINT;
BEGIN
    SELECT active INTO before FROM queues WHERE name = of_queue FOR UPDATE;
    IF before IS NULL OR before >= most_jobs
        OR EXISTS (SELECT 1 FROM settings WHERE queue = of_queue
            AND (name = 'accepting' AND value != '1' OR name IN ('down', 'hold_new') AND value != '0'))
        OR EXISTS (SELECT 1 FROM subscriptions WHERE queue = of_queue AND ended = 0)
        OR EXISTS (SELECT 1 FROM subscriptions WHERE queue = '/system' AND ended = 0)
    THEN
        RETURN NULL;
    END IF;
    IF most_user_jobs IS NOT NULL OR most_user_octets IS NOT NULL THEN
        SELECT count(*), coalesce(sum(octets), 0) INTO user_jobs, user_octets
            FROM jobs WHERE queue = of_queue AND "user" = its_user AND state < 7;
        IF user_jobs >= most_user_jobs OR user_octets + document_octets > most_user_octets THEN
            RETURN NULL;
        END IF;
    END IF;
    IF is_fenced = 1 THEN
        DELETE FROM uploads WHERE key = document_key AND doomed = 0;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    made := nextval('jobs_id_seq');
    INSERT INTO jobs (id, queue, uuid, state, reasons, name, "user", host, created, priority, position, release, held,
        open, touched, octets, documents, ticket, pages)
        OVERRIDING SYSTEM VALUE VALUES (made, of_queue, its_uuid, its_state, its_reasons, its_name, its_user, its_host,
        its_moment, its_priority, 2 * made::bigint, its_release, is_held, is_open, its_moment, document_octets,
        (document_key IS NOT NULL)::integer, its_ticket, its_pages);
    IF document_key IS NOT NULL THEN
        IF document_content IS NOT NULL THEN
            INSERT INTO contents VALUES (document_key, document_content);
        END IF;
        INSERT INTO documents (job_id, number, key, octets, format, name, state, created, ticket, pages)
            VALUES (made, 1, document_key, document_octets, document_format, document_name, 3, its_moment,
            document_ticket, its_pages);
    END IF;
    IF before > 0 THEN
        SELECT (SELECT count(*) FROM jobs WHERE queue = of_queue AND state = 3 AND priority >= its_priority
                AND id != made)
            + (SELECT count(*) FROM jobs WHERE queue = of_queue AND state IN (5, 6)) INTO before;
    END IF;
    RETURN ARRAY[made, before];
END $$;
""",
    # This does the same as the previous function, which older servers still call. But for a job of the default
    # priority it does not count the jobs before it, which may be thousands: it counts the few that are not before it,
    # since the number of all active jobs is in the queue's row.
    """
CREATE INDEX jobs_not_before ON jobs (queue) WHERE state = 4 OR state = 3 AND priority < 50;
CREATE FUNCTION ippfast_make(
    of_queue TEXT, its_uuid TEXT, its_state INTEGER, its_reasons TEXT, its_name BYTEA, its_user BYTEA, its_host TEXT,
    its_moment DOUBLE PRECISION, its_priority INTEGER, its_release DOUBLE PRECISION, is_held INTEGER, is_open INTEGER,
    its_ticket BYTEA, its_pages BIGINT, most_jobs BIGINT, most_user_jobs BIGINT, most_user_octets BIGINT,
    document_key TEXT, document_octets BIGINT, document_format BYTEA, document_name BYTEA, document_ticket BYTEA,
    document_content BYTEA, is_fenced INTEGER
) RETURNS BIGINT[] LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    made INTEGER;
    before BIGINT;
    user_jobs BIGINT;
    user_octets BIGINT;
BEGIN
    SELECT active INTO before FROM queues WHERE name = of_queue FOR UPDATE;
    IF before IS NULL OR before >= most_jobs
        OR EXISTS (SELECT 1 FROM settings WHERE queue = of_queue
            AND (name = 'accepting' AND value != '1' OR name IN ('down', 'hold_new') AND value != '0'))
        OR EXISTS (SELECT 1 FROM subscriptions WHERE queue = of_queue AND ended = 0)
        OR EXISTS (SELECT 1 FROM subscriptions WHERE queue = '/system' AND ended = 0)
    THEN
        RETURN NULL;
    END IF;
    IF most_user_jobs IS NOT NULL OR most_user_octets IS NOT NULL THEN
        SELECT count(*), coalesce(sum(octets), 0) INTO user_jobs, user_octets
            FROM jobs WHERE queue = of_queue AND "user" = its_user AND state < 7;
        IF user_jobs >= most_user_jobs OR user_octets + document_octets > most_user_octets THEN
            RETURN NULL;
        END IF;
    END IF;
    IF is_fenced = 1 THEN
        DELETE FROM uploads WHERE key = document_key AND doomed = 0;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    made := nextval('jobs_id_seq');
    INSERT INTO jobs (id, queue, uuid, state, reasons, name, "user", host, created, priority, position, release, held,
        open, touched, octets, documents, ticket, pages)
        OVERRIDING SYSTEM VALUE VALUES (made, of_queue, its_uuid, its_state, its_reasons, its_name, its_user, its_host,
        its_moment, its_priority, 2 * made::bigint, its_release, is_held, is_open, its_moment, document_octets,
        (document_key IS NOT NULL)::integer, its_ticket, its_pages);
    IF document_key IS NOT NULL THEN
        IF document_content IS NOT NULL THEN
            INSERT INTO contents VALUES (document_key, document_content);
        END IF;
        INSERT INTO documents (job_id, number, key, octets, format, name, state, created, ticket, pages)
            VALUES (made, 1, document_key, document_octets, document_format, document_name, 3, its_moment,
            document_ticket, its_pages);
    END IF;
    IF before > 0 AND its_priority = 50 THEN
        SELECT before - count(*) INTO before
            FROM jobs WHERE queue = of_queue AND (state = 4 OR state = 3 AND priority < 50) AND id != made;
    ELSIF before > 0 THEN
        SELECT (SELECT count(*) FROM jobs WHERE queue = of_queue AND state = 3 AND priority >= its_priority
                AND id != made)
            + (SELECT count(*) FROM jobs WHERE queue = of_queue AND state IN (5, 6)) INTO before;
    END IF;
    RETURN ARRAY[made, before];
END $$;
""",
)
VERSION = len(_STEPS)


def prepare(database: Connection) -> None:
    """Bring the tables to this version, in the caller's transaction. Raises StorageError if they are of a newer
    version."""
    database.execute("SELECT pg_advisory_xact_lock(?::bigint)", (_LOCK,))
    version = 0
    if database.execute("SELECT to_regclass('store')").fetchone()[0] is not None:
        row = database.execute("SELECT value FROM store WHERE name = 'version'").fetchone()
        version = 0 if row is None else int(row[0])
    if version > VERSION:
        raise StorageError(
            f"the database was made by a newer version of ippfast (its tables have version {version}, this program"
            f" knows {VERSION}), which is needed to use it"
        )
    if version == VERSION:
        return
    for step in _STEPS[version:]:
        database.execute(step)
    database.execute(
        "INSERT INTO store (name, value) VALUES ('version', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (str(VERSION),),
    )
