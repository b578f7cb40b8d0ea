"""The storage of a printer: jobs, documents, subscriptions and events, with one interface for all engines.

The rule of this package: the printer uses only `seam`, `rows`, `limits` and `pieces`; the other files implement them.

| file | what it does |
|---|---|
| `seam` | the protocols: what each implementation promises |
| `pieces` | receives the pieces of a document into buffers |
| `rows`, `limits` | what is kept, as values; the limits for it |
| `sql` | what the SQL below needs from an engine |
| `sql_rows` | turns rows into values, for both engines |
| `sql_state`, `sql_job_reads` | a queue's state and settings; reads of its jobs |
| `sql_jobs`, `sql_resources` | changes of jobs and resources |
| `sql_subscriptions`, `sql_leases`, `sql_storage` | subscriptions and events; leases of jobs; all queues |
| `places` | `Place`: opens a storage by a directory or URL |
| `sqlite` | `SQLiteStorage`, the embedded default: puts its parts together |
| `sqlite_engine`, `sqlite_schema`, `sqlite_leases` | one file with shared commits; its tables; its workers |
| `postgres` | `PostgresStorage`, for many hosts: puts its parts together, and hints between hosts |
| `postgres_engine`, `postgres_schema`, `postgres_leases` | a pool of connections; its tables; its workers |
| `postgres_jobs`, `postgres_columns` | statements that threads share; arrays in binary |
| `objects` | documents in an object store (S3 and the like) |
| `files`, `straight` | documents in a directory; files that go to the disk past the system's memory |
| `memory`, `memory_kept` | `MemoryStorage`, which keeps the same promises until the process ends; its data |
| `memory_jobs`, `memory_job_reads` | changes and reads of jobs in memory |
| `memory_resources`, `memory_subscriptions` | the same for resources, subscriptions and events |
"""
