/* The protocol of leases (-DLEASES) and of documents, for `spin`: three hosts, each of which may die or stand still at every step.

   The rule of this file: a step that is one transaction in the store is one `atomic` here, and its names are those of
   the code. Whoever stands still is modelled by the order of steps: between two of them all others may do anything.

   | here | in ippfast/printer/storage |
   |---|---|
   | begin_upload, put, create | objects.IncomingObject.write, sql_jobs.SQLJobs.create |
   | doom, delete, end_uploads | objects.Objects.clean |
   | claim, end, reap | sql_leases.SQLLeases |

   What holds (the assertions): an acknowledged job is there; no document is removed that a job has; a job ends once; what
   a worker says of a job whose lease was taken over is refused. */

#ifndef HOSTS
#define HOSTS 3
#endif
#define MAX_ATTEMPTS 3

mtype = { none, pending, processing, completed, aborted };

mtype state = none;
byte epoch = 0;
byte attempts = 0;
byte ended = 0;
byte document = 0;            /* the number of the upload that the job has; 0: none */
bool acknowledged = false;
bool upload[HOSTS + 1];       /* a row of uploads, by the number of the upload */
bool doomed[HOSTS + 1];
bool object[HOSTS + 1];       /* what the document store has */
byte acknowledged_document = 0;
byte holder = 0;               /* who has the latest lease */

#define CHECK assert(ended <= 1); \
              assert(!acknowledged || (state != none && document == acknowledged_document)); \
              assert(document == 0 || object[document])

/* A front end receives a document and makes the job; the others find that it is there, as for a client that asks again. */
proctype FrontEnd(byte me)
{
    upload[me] = true;                                        /* begin_upload */
    if :: skip :: goto dead fi;
    object[me] = true;                                        /* put */
    if :: skip :: goto dead fi;
    atomic {                                                  /* create: one transaction */
        if
        :: upload[me] && !doomed[me] && state == none ->
            upload[me] = false;
            document = me;
            state = pending
        :: else -> goto refused
        fi;
        CHECK
    }
    if :: skip :: goto dead fi;
    atomic { acknowledged = true; acknowledged_document = me; CHECK }
    goto dead;
refused:
    object[me] = false;                                       /* what was not kept is removed */
    upload[me] = false;
dead:
    skip
}

/* Each host removes what no job got in time, and an upload may take too long at any moment. */
proctype Cleaner()
{
    byte key = 0;
    do
    :: key < HOSTS ->
        key++;
        if
        :: atomic { upload[key] -> doomed[key] = true }       /* doom_uploads */
            if :: skip :: goto dead fi;
            atomic { object[key] = false; CHECK }             /* remove */
            if :: skip :: goto dead fi;
            upload[key] = false                               /* end_uploads */
        :: skip
        fi
    :: key >= HOSTS -> break
    od;
dead:
    skip
}

proctype Worker()
{
    byte mine = 0;
    do
    :: atomic {                                               /* claim */
            state == pending ->
            state = processing;
            attempts++;
            epoch++;
            mine = epoch;
            holder = _pid;
            CHECK
        }
        if :: skip :: goto dead fi;                           /* the output runs; the worker may die */
        atomic {                                              /* end */
            if
            :: state == processing && epoch == mine ->
                assert(holder == _pid);
                state = completed;
                ended++
            :: else -> skip                                   /* the lease is lost */
            fi;
            CHECK
        }
    :: state == completed || state == aborted -> break
    :: break
    od;
dead:
    skip
}

/* A worker that died, or only stood still for too long, loses its job. */
proctype Reaper()
{
    do
    :: atomic {                                               /* reap */
            state == processing ->
            if
            :: attempts < MAX_ATTEMPTS -> state = pending
            :: else -> state = aborted; ended++
            fi;
            CHECK
        }
    :: break
    od
}

/* The two halves meet in one transaction, `create`: each is checked whole, with the other as small as it can be. */
init
{
    byte host = 1;
    atomic {
#ifdef LEASES
        run FrontEnd(1);
        run Reaper();
        do
        :: host <= HOSTS -> run Worker(); host++
        :: else -> break
        od
#else
        do
        :: host <= HOSTS -> run FrontEnd(host); host++
        :: else -> break
        od;
        run Cleaner();
        run Cleaner()
#endif
    }
}
