"""Raster against libcups: the same pages made and read, `make bench-raster`.

The rule of this folder: every contender is a process that does one page as often as it is told.

pages.py     the pages
libcups.c    libcups' side
worker.py    ippfast's, of either twin
races.py     who does what, in turns, and what it took
documents.py whole PDFs, from the start of a program to its end
bare.py      pdfium alone, which no converter with pdfium can beat
report.py    table and plot
__main__.py  all of it, and docs/benchmarks/raster.*
"""
