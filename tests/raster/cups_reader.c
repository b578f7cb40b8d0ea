/*
 * CUPS' reader of raster documents, given a file and how many pages to read at most: prints each page's header as lines
 * "name value", then a line "lines N", and then the octets of its N lines as libcups gives them.
 *
 * The rule of this file: it knows nothing of the formats. Whatever is printed comes from libcups.
 */

#include <cups/raster.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT(name, field) printf("%s %s\n", name, header.field)
#define NUMBER(field) printf("%s %u\n", #field, (unsigned)header.field)
#define PAIR(field) printf("%s %u %u\n", #field, header.field[0], header.field[1])

int main(int count, char **arguments)
{
    int file = count == 3 ? open(arguments[1], O_RDONLY) : -1;
    cups_raster_t *raster = file < 0 ? NULL : cupsRasterOpen(file, CUPS_RASTER_READ);
    cups_page_header2_t header;
    int most = count == 3 ? atoi(arguments[2]) : 0;

    if (raster == NULL)
    {
        fprintf(stderr, "cannot open: %s\n", cupsRasterErrorString());
        return 1;
    }
    while (most-- > 0 && cupsRasterReadHeader2(raster, &header))
    {
        unsigned char *line = malloc(header.cupsBytesPerLine);
        char *lines;
        size_t size;
        FILE *memory = open_memstream(&lines, &size);
        unsigned done;

        TEXT("MediaClass", MediaClass);
        TEXT("MediaColor", MediaColor);
        TEXT("MediaType", MediaType);
        TEXT("PrintContentOptimize", OutputType);
        TEXT("RenderingIntent", cupsRenderingIntent);
        TEXT("PageSizeName", cupsPageSizeName);
        NUMBER(Duplex);
        NUMBER(Tumble);
        NUMBER(MediaPosition);
        NUMBER(MediaWeight);
        NUMBER(NumCopies);
        NUMBER(Orientation);
        PAIR(HWResolution);
        PAIR(PageSize);
        NUMBER(cupsWidth);
        NUMBER(cupsHeight);
        NUMBER(cupsBitsPerColor);
        NUMBER(cupsBitsPerPixel);
        NUMBER(cupsBytesPerLine);
        NUMBER(cupsColorOrder);
        NUMBER(cupsColorSpace);
        NUMBER(cupsNumColors);
        printf("TotalPageCount %u\n", header.cupsInteger[0]);
        printf("Transform %d %d\n", (int)header.cupsInteger[1], (int)header.cupsInteger[2]);
        printf("ImageBox %u %u %u %u\n", header.cupsInteger[3], header.cupsInteger[4], header.cupsInteger[5],
               header.cupsInteger[6]);
        printf("AlternatePrimary %u\n", header.cupsInteger[7]);
        printf("PrintQuality %u\n", header.cupsInteger[8]);
        for (done = 0; done < header.cupsHeight; done++)
        {
            if (cupsRasterReadPixels(raster, line, header.cupsBytesPerLine) != header.cupsBytesPerLine)
                break;
            fwrite(line, 1, header.cupsBytesPerLine, memory);
        }
        fclose(memory);
        printf("lines %u\n", done);
        fwrite(lines, 1, size, stdout);
        free(lines);
        free(line);
    }
    cupsRasterClose(raster);
    return 0;
}
