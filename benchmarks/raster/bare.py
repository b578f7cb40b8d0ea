"""pdfium alone: bare.py FILE TURN TURNS draws every page whose number is TURN of TURNS.

Rule: it does what whoever draws with pdfium cannot go without: load a page, make it white, draw it. Nothing is encoded
or written, so that no converter with pdfium is faster.
"""

import ctypes
import sys

import pypdfium2 as pdfium
import pypdfium2.raw as raw

WIDTH, HEIGHT = 2480, 3508  # as in pages.py, which takes long to load
STRIDE = WIDTH * 3


def main() -> None:
    file, turn, turns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    document = pdfium.PdfDocument(file)
    octets = (ctypes.c_ubyte * (STRIDE * HEIGHT))()
    bitmap = pdfium.PdfBitmap.new_native(WIDTH, HEIGHT, raw.FPDFBitmap_BGR, buffer=octets, stride=STRIDE)
    for number in range(turn, len(document), turns):
        page = document[number]
        ctypes.memset(octets, 255, STRIDE * HEIGHT)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, WIDTH, HEIGHT, 0, raw.FPDF_REVERSE_BYTE_ORDER)
        page.close()


if __name__ == "__main__":
    main()
