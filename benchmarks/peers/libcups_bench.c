/*
 * The libcups contender: CUPS' own C codec behind the worker protocol (see benchmarks/workers.py).
 *
 * Rule: the clock runs around the loop only. Reading files, checking and answering happen outside it, and the
 * octets go to and come from memory, so nothing but the codec is timed.
 *
 *   in:   WORKLOAD \t ITERATIONS \t OPTION \t FILE [\t FILE ...]
 *   out:  {"results": [{"ns": ..., "count": ...} | {"error": "..."}, ...]}     one result a file, in order
 *
 * "count" is what the last iteration saw (values read, octets written): the harness compares it between contenders.
 */

#define _GNU_SOURCE
#include <cups/cups.h>
#include <cups/ipp.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_NAMES 32
#define FRESH_OCTETS 10000   /* of messages that are made before a timed loop encodes them, as in python_worker.py */
#define LARGE (16u << 20)

/* The octets of one message file, and where the next read begins. */
typedef struct {
    unsigned char *octets;
    size_t length;
    size_t at;
    size_t piece;     /* at most so many octets are handed over at once; 0: as many as are asked for */
    size_t peak;      /* the most heap octets in use seen at a read, when watched */
    int watch;
} source_t;

typedef struct {
    unsigned char *octets;
    size_t capacity;
    size_t used;
} sink_t;

typedef struct {
    source_t source;
    sink_t sink;
    ipp_t *made;                /* build: the message whose attributes are copied and written */
    char *names[MAX_NAMES];     /* serve, monitor: the attributes to look up */
    int n_names;
    const char *option;
} work_t;

static volatile uint64_t seen;   /* where every value read ends up, so that no read is optimised away */

static uint64_t now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (uint64_t)moment.tv_sec * 1000000000u + (uint64_t)moment.tv_nsec;
}

static ssize_t pull(void *context, ipp_uchar_t *buffer, size_t wanted) {
    source_t *source = context;
    size_t left = source->length - source->at, got = wanted < left ? wanted : left;

    if (source->watch) {
        size_t used = mallinfo2().uordblks;
        if (used > source->peak) source->peak = used;
    }
    if (source->piece) {   /* libcups wants all it asked for, so a read is put together from pieces */
        for (size_t done = 0; done < got;) {
            size_t in_piece = source->piece - source->at % source->piece;
            size_t step = got - done < in_piece ? got - done : in_piece;
            memcpy(buffer + done, source->octets + source->at, step);
            source->at += step;
            done += step;
        }
    } else {
        memcpy(buffer, source->octets + source->at, got);
        source->at += got;
    }
    return (ssize_t)got;
}

static ssize_t push(void *context, ipp_uchar_t *buffer, size_t length) {
    sink_t *sink = context;
    if (sink->used + length > sink->capacity) {
        sink->capacity = 2 * (sink->used + length);
        sink->octets = realloc(sink->octets, sink->capacity);
    }
    memcpy(sink->octets + sink->used, buffer, length);
    sink->used += length;
    return (ssize_t)length;
}

static ipp_t *decode(source_t *source) {
    ipp_t *message = ippNew();
    ipp_state_t state;

    source->at = 0;
    while ((state = ippReadIO(source, pull, 1, NULL, message)) != IPP_STATE_DATA) {
        if (state == IPP_STATE_ERROR) {
            ippDelete(message);
            return NULL;
        }
    }
    return message;
}

/* Writes MESSAGE; returns the octets written, or -1. */
static long encode(sink_t *sink, ipp_t *message) {
    ipp_state_t state;

    sink->used = 0;
    ippSetState(message, IPP_STATE_IDLE);
    while ((state = ippWriteIO(sink, push, 1, NULL, message)) != IPP_STATE_DATA)
        if (state == IPP_STATE_ERROR) return -1;
    return (long)sink->used;
}

static long touch_values(ipp_attribute_t *attribute);

static long touch(ipp_t *message) {
    long count = 0;
    for (ipp_attribute_t *attribute = ippFirstAttribute(message); attribute; attribute = ippNextAttribute(message)) {
        const char *name = ippGetName(attribute);
        if (!name) continue;   /* the mark between groups */
        seen += (unsigned char)name[0];
        count += touch_values(attribute);
    }
    return count;
}

/* Reads every value of ATTRIBUTE; returns how many, those of collection members included. */
static long touch_values(ipp_attribute_t *attribute) {
    int elements = ippGetCount(attribute), extra;
    long count = elements;
    const char *language;
    ipp_res_t units;

    switch (ippGetValueTag(attribute)) {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
        for (int i = 0; i < elements; i++) seen += (uint64_t)ippGetInteger(attribute, i);
        break;
    case IPP_TAG_BOOLEAN:
        for (int i = 0; i < elements; i++) seen += (uint64_t)ippGetBoolean(attribute, i);
        break;
    case IPP_TAG_RANGE:
        for (int i = 0; i < elements; i++) seen += (uint64_t)ippGetRange(attribute, i, &extra) + (uint64_t)extra;
        break;
    case IPP_TAG_RESOLUTION:
        for (int i = 0; i < elements; i++) seen += (uint64_t)ippGetResolution(attribute, i, &extra, &units) + (uint64_t)extra;
        break;
    case IPP_TAG_DATE:
        for (int i = 0; i < elements; i++) seen += ippGetDate(attribute, i)[0];
        break;
    case IPP_TAG_TEXT:
    case IPP_TAG_NAME:
    case IPP_TAG_KEYWORD:
    case IPP_TAG_URI:
    case IPP_TAG_URISCHEME:
    case IPP_TAG_CHARSET:
    case IPP_TAG_LANGUAGE:
    case IPP_TAG_MIMETYPE:
    case IPP_TAG_TEXTLANG:
    case IPP_TAG_NAMELANG:
        for (int i = 0; i < elements; i++) {
            const char *text = ippGetString(attribute, i, &language);
            if (text) seen += (unsigned char)text[0];
        }
        break;
    case IPP_TAG_BEGIN_COLLECTION:
        for (int i = 0; i < elements; i++) count += touch(ippGetCollection(attribute, i));
        break;
    default:
        for (int i = 0; i < elements; i++) {
            const unsigned char *octets = ippGetOctetString(attribute, i, &extra);
            if (octets && extra) seen += octets[0];
        }
    }
    return count;
}

/* A message with copies of all of ORIGINAL's attributes, made by ippAdd...: what a program that builds one does. */
static ipp_t *make(ipp_t *original) {
    ipp_t *message = ippNew();
    int minor, major = ippGetVersion(original, &minor);

    ippSetVersion(message, major, minor);
    ippSetStatusCode(message, ippGetStatusCode(original));
    ippSetRequestId(message, ippGetRequestId(original));
    for (ipp_attribute_t *a = ippFirstAttribute(original); a; a = ippNextAttribute(original))
        ippCopyAttribute(message, a, 0);
    return message;
}

/* The workloads: each does one iteration and returns its count, or -1 for an error that cupsLastErrorString tells. */

static long work_read(work_t *work) {
    ipp_t *message = decode(&work->source);
    long count = 0;
    if (!message) return -1;
    for (int i = 0; i < work->n_names; i++) {
        ipp_attribute_t *attribute = ippFindAttribute(message, work->names[i], IPP_TAG_ZERO);
        if (attribute) count += touch_values(attribute);
    }
    ippDelete(message);
    return count;
}

static long work_touch(work_t *work) {
    ipp_t *message = decode(&work->source);
    if (!message) return -1;
    long count = touch(message);
    ippDelete(message);
    return count;
}

static long work_decode(work_t *work) {
    ipp_t *message = decode(&work->source);
    if (!message) return -1;
    ippDelete(message);
    return (long)work->source.at;
}

/* Reads job-id and job-state of each job, walking over the attributes as CUPS' own lpstat does. */
static long work_jobs(work_t *work) {
    ipp_t *message = decode(&work->source);
    long count = 0;
    if (!message) return -1;
    for (ipp_attribute_t *a = ippFirstAttribute(message); a; a = ippNextAttribute(message)) {
        const char *name = ippGetName(a);
        if (ippGetGroupTag(a) != IPP_TAG_JOB || !name) continue;
        if (!strcmp(name, "job-id") || !strcmp(name, "job-state")) {
            seen += (uint64_t)ippGetInteger(a, 0);
            count++;
        }
    }
    ippDelete(message);
    return count;
}

/*
 * Encodes ITERATIONS messages that are freshly made, each once, and adds the time of that, not of making them, to
 * ELAPSED: nothing that the caches keep of a message can help, here as little as in the other workers.
 */
static long build(work_t *work, long iterations, uint64_t *elapsed) {
    long count = 0, most = 1 + FRESH_OCTETS / (long)(work->source.length ? work->source.length : 1);
    ipp_t **fresh = malloc((size_t)most * sizeof *fresh);

    while (iterations > 0 && count >= 0) {
        long n = iterations < most ? iterations : most;
        for (long i = 0; i < n; i++) fresh[i] = make(work->made);
        uint64_t start = now();
        for (long i = 0; i < n && count >= 0; i++) count = encode(&work->sink, fresh[i]);
        *elapsed += now() - start;
        for (long i = 0; i < n; i++) ippDelete(fresh[i]);
        iterations -= n;
    }
    free(fresh);
    return count;
}

static long work_build(work_t *work) {
    uint64_t elapsed = 0;
    return build(work, 1, &elapsed);
}

static long work_make_build(work_t *work) {
    ipp_t *message = make(work->made);
    long count = encode(&work->sink, message);
    ippDelete(message);
    return count;
}

static long work_copy(work_t *work) {
    ipp_t *message = decode(&work->source);
    if (!message) return -1;
    long count = encode(&work->sink, message);
    ippDelete(message);
    return count;
}

static long work_proxy(work_t *work) {
    ipp_t *message = decode(&work->source);
    if (!message) return -1;
    ipp_attribute_t *uri = ippFindAttribute(message, "printer-uri", IPP_TAG_URI);
    long count = ippSetString(message, &uri, 0, work->option) ? encode(&work->sink, message) : -1;
    ippDelete(message);
    return count;
}

/* libcups stops at the first value that breaks a rule; what the registry says of an attribute it doesn't know. */
static long work_validate(work_t *work) {
    ipp_t *message = decode(&work->source);
    if (!message) return -1;
    ippValidateAttributes(message);
    ippDelete(message);
    return (long)work->source.at;
}

static const struct {
    const char *name;
    long (*run)(work_t *);
} workloads[] = {
    {"serve", work_read},   {"monitor", work_read},  {"touch", work_touch}, {"jobs", work_jobs},
    {"decode", work_decode}, {"pieces", work_decode}, {"build", work_build}, {"make-build", work_make_build},
    {"copy", work_copy},    {"proxy", work_proxy},   {"validate", work_validate},
};

static void load(const char *path, source_t *source) {
    FILE *file = fopen(path, "rb");
    long length;
    memset(source, 0, sizeof *source);
    if (!file) return;
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    source->octets = malloc((size_t)length + 1);
    source->length = fread(source->octets, 1, (size_t)length, file);
    fclose(file);
}

static void answer_error(const char *text) {
    printf("{\"error\": \"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    printf("\"}");
}

/*
 * Heap octets that one decoded message holds, and the most in use meanwhile, what it is read from included there.
 * It is decoded once before, and deleted, so that what libcups keeps for each thread does not count either.
 */
static void measure_memory(source_t source) {
    ippDelete(decode(&source));
    source.watch = 1;
    size_t before = mallinfo2().uordblks;
    ipp_t *message = decode(&source);
    if (!message) {
        answer_error(cupsLastErrorString());
    } else {
        size_t held = mallinfo2().uordblks - before;
        long count = touch(message);
        size_t touched = mallinfo2().uordblks - before;
        if (source.peak < before + held) source.peak = before + held;
        printf("{\"untouched\": %zu, \"touched\": %zu, \"peak\": %zu, \"count\": %ld}", held, touched, source.peak - before + source.length, count);
        ippDelete(message);
    }
}

static void measure(const char *workload, long iterations, const char *option, source_t source) {
    work_t work = {.option = option, .source = source};
    char names[1024];
    long (*run)(work_t *) = NULL;
    long count = 0;

    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (!strcmp(workloads[i].name, workload)) run = workloads[i].run;
    if (!run) {
        answer_error("no such workload");
        return;
    }
    snprintf(names, sizeof names, "%s", option);
    for (char *name = strtok(names, ","); name && work.n_names < MAX_NAMES; name = strtok(NULL, ",")) work.names[work.n_names++] = name;
    work.sink.capacity = 2 * work.source.length + 1024;
    work.sink.octets = malloc(work.sink.capacity);
    if (run == work_build || run == work_make_build) work.made = decode(&work.source);
    if (!strcmp(workload, "pieces")) work.source.piece = (size_t)atol(option);

    if ((run == work_build || run == work_make_build) && !work.made) {
        count = -1;
    } else if (iterations > 1) {
        count = run(&work);   /* untimed: fills the caches, and shows whether it works at all */
    }
    uint64_t elapsed = 0;
    if (run == work_build && count >= 0) {
        count = build(&work, iterations, &elapsed);
    } else {
        uint64_t start = now();
        for (long i = 0; i < iterations && count >= 0; i++) count = run(&work);
        elapsed = now() - start;
    }
    if (count < 0)
        answer_error(cupsLastErrorString());
    else
        printf("{\"ns\": %llu, \"count\": %ld}", (unsigned long long)elapsed, count);
    if (work.made) ippDelete(work.made);
    free(work.sink.octets);
}

/* Measures all files that REST names, parted by tabs. All are read before anything is timed. */
static void measure_all(const char *workload, long iterations, const char *option, char *rest) {
    source_t *sources = NULL;
    size_t n = 0;

    for (char *path; (path = strsep(&rest, "\t")); n++) {
        sources = realloc(sources, (n + 1) * sizeof *sources);
        load(path, &sources[n]);
    }
    printf("{\"results\": [");
    for (size_t i = 0; i < n; i++) {
        if (i) printf(", ");
        if (!sources[i].octets)
            answer_error("no such file");
        else if (!strcmp(workload, "memory"))
            measure_memory(sources[i]);
        else
            measure(workload, iterations, option, sources[i]);
    }
    printf("]}\n");
    for (size_t i = 0; i < n; i++) free(sources[i].octets);
    free(sources);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    /* As in a program that had something large before: after it the C library keeps what is freed for the next use. */
    void *volatile large = malloc(LARGE);
    free(large);
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        char *rest = line, *workload, *iterations, *option;
        line[strcspn(line, "\n")] = '\0';
        workload = strsep(&rest, "\t");
        iterations = strsep(&rest, "\t");
        option = strsep(&rest, "\t");
        if (!strcmp(workload, "version")) {
            printf("{\"version\": \"%d.%d.%d\"}\n", CUPS_VERSION_MAJOR, CUPS_VERSION_MINOR, CUPS_VERSION_PATCH);
        } else if (!iterations || !option) {
            printf("{\"error\": \"WORKLOAD, ITERATIONS, OPTION and files, parted by tabs\"}\n");
        } else {
            measure_all(workload, atol(iterations), option, rest);
        }
        fflush(stdout);
    }
    free(line);
    return 0;
}
