/*
 * libcups' side of the raster races: libcups FILE WIDTH HEIGHT COLORS, where FILE holds the page's pixels.
 *
 * Each line on standard input is "encode N" or "decode N": do it N times. The answer is the CPU time in seconds of one,
 * and the octets of the document.
 *
 * The rule of this file: what is written goes nowhere and what is read comes from memory, as in ippfast's side.
 */

#include <cups/raster.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GIVEN 512 /* lines at once, as in worker.py */
#define TAKEN 4   /* the number with which libcups reads blank pages fastest */

static unsigned char *document; /* one that libcups wrote */
static size_t size, at;
static int keep;

static ssize_t take(void *context, unsigned char *octets, size_t count)
{
    (void)context;
    if (keep)
        memcpy(document + size, octets, count);
    size += count;
    return (ssize_t)count;
}

static ssize_t give(void *context, unsigned char *octets, size_t count)
{
    (void)context;
    if (count > size - at)
        count = size - at;
    memcpy(octets, document + at, count);
    at += count;
    return (ssize_t)count;
}

static void encode(cups_page_header2_t *header, unsigned char *pixels)
{
    cups_raster_t *raster;
    unsigned line, lines;

    size = 0;
    raster = cupsRasterOpenIO(take, NULL, CUPS_RASTER_WRITE_PWG);
    cupsRasterWriteHeader2(raster, header);
    for (line = 0; line < header->cupsHeight; line += lines)
    {
        lines = header->cupsHeight - line < GIVEN ? header->cupsHeight - line : GIVEN;
        cupsRasterWritePixels(raster, pixels + (size_t)line * header->cupsBytesPerLine,
                              lines * header->cupsBytesPerLine);
    }
    cupsRasterClose(raster);
}

static unsigned decode(unsigned char *buffer)
{
    cups_raster_t *raster;
    cups_page_header2_t header;
    unsigned lines = 0;

    at = 0;
    raster = cupsRasterOpenIO(give, NULL, CUPS_RASTER_READ);
    if (!cupsRasterReadHeader2(raster, &header))
        exit(1);
    while (lines < header.cupsHeight)
    {
        unsigned more = header.cupsHeight - lines < TAKEN ? header.cupsHeight - lines : TAKEN;

        if (!cupsRasterReadPixels(raster, buffer, more * header.cupsBytesPerLine))
            exit(1);
        lines += more;
    }
    cupsRasterClose(raster);
    return lines;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    cups_page_header2_t header;
    unsigned char *pixels, *buffer;
    char what[16];
    int times, each, colors;
    FILE *file;
    size_t octets;

    if (count != 5 || (file = fopen(arguments[1], "rb")) == NULL)
        return 1;
    memset(&header, 0, sizeof(header));
    colors = atoi(arguments[4]);
    strcpy(header.MediaClass, "PwgRaster");
    header.cupsWidth = (unsigned)atoi(arguments[2]);
    header.cupsHeight = (unsigned)atoi(arguments[3]);
    header.HWResolution[0] = header.HWResolution[1] = 300;
    header.cupsBitsPerColor = 8;
    header.cupsBitsPerPixel = 8 * (unsigned)colors;
    header.cupsBytesPerLine = header.cupsWidth * (unsigned)colors;
    header.cupsNumColors = (unsigned)colors;
    header.cupsColorSpace = colors == 1 ? CUPS_CSPACE_SW : CUPS_CSPACE_SRGB;
    octets = (size_t)header.cupsBytesPerLine * header.cupsHeight;
    pixels = malloc(octets);
    buffer = malloc((size_t)TAKEN * header.cupsBytesPerLine);
    document = malloc(2 * octets + 10000);
    if (fread(pixels, 1, octets, file) != octets)
        return 1;
    keep = 1;
    encode(&header, pixels);
    keep = 0;
    while (scanf("%15s %d", what, &times) == 2)
    {
        size_t whole = size;
        double begin = now();

        for (each = 0; each < times; each++)
        {
            if (strcmp(what, "encode") == 0)
                encode(&header, pixels);
            else if (decode(buffer) != header.cupsHeight)
                return 1;
        }
        printf("%.9f %zu\n", (now() - begin) / times, whole);
        fflush(stdout);
        size = whole;
    }
    return 0;
}
