"""What a printer keeps: jobs, documents, subscriptions, events, behind one seam.

The rule of this package: the printer knows `seam`, `rows` and `limits`, and nothing of what is behind them.

| file | what it does |
|---|---|
| `seam` | the protocols, and what each promises |
| `rows`, `limits` | what is kept, as values; how much of it there may be |
| `sql` | what the SQL below asks of an engine |
| `sql_rows` | rows as values, in the SQL that both engines share |
| `sql_state`, `sql_job_reads` | a queue's state and settings; what is asked about its jobs |
| `sql_jobs`, `sql_resources` | how jobs and resources change |
| `sql_subscriptions`, `sql_leases`, `sql_storage` | subscriptions and events; who processes which job; all queues |
| `places` | where a storage is, as words: `Place` |
| `sqlite` | `SQLiteStorage`, the embedded default: puts its parts together |
| `sqlite_engine`, `sqlite_schema`, `sqlite_leases` | one file with shared commits; its tables; who lives on this host |
| `postgres` | `PostgresStorage`, for many hosts: puts its parts together, and hints between hosts |
| `postgres_engine`, `postgres_schema`, `postgres_leases` | a pool of connections; its tables; who lives on any host |
| `objects` | documents in an object store (S3 and the like) |
| `files` | documents in a directory |
| `memory`, `memory_kept` | `MemoryStorage`, which keeps the same promises until the process ends; what it keeps |
| `memory_jobs`, `memory_job_reads` | how jobs change, and what is asked about them, in memory |
| `memory_resources`, `memory_subscriptions` | the same for resources, subscriptions and events |
"""
