/* tiff_priv.h: a TIFF file as libtiff sees it, for reading and for writing. */
#ifndef EDGEL_TIFF_PRIV_H
#define EDGEL_TIFF_PRIV_H

#include "io/io_priv.h"
#include <tiffio.h>

/* What libtiff said. */
struct edgel_tiff_told {
    char message[160];              /* the first complaint, or "" */
    const struct edgel_source *src; /* reading: for remarks */
    bool in_pixels;                 /* warnings are complaints */
};

/* The functions that stand for a file; thandle_t is a struct edgel_tiff. */
struct edgel_tiff_access {
    TIFFReadWriteProc read, write;
    TIFFSeekProc seek;
    TIFFSizeProc size;
};

/* One view of a file. Zero-initialise, set user and told, open, close. */
struct edgel_tiff {
    TIFF *tiff;
    uint64_t at; /* where the next byte is read or written */
    struct edgel_tiff_told *told;
    void *user;
};
/* mode as of TIFFOpen(). False: told says why, or memory is short. */
bool edgel_tiff_open(struct edgel_tiff *t, const char *mode, const struct edgel_tiff_access *access);
void edgel_tiff_close(struct edgel_tiff *t); /* one that is not open is fine */
/* TIFFSeekProc */
toff_t edgel_tiff_seek(struct edgel_tiff *t, toff_t to, int whence, uint64_t end);

/* --- tiff_pages.c --- */
/* Bytes [at, at + n) of a file as they are to be read: the header leads to the page of params->page_at. */
void edgel_tiff_lead_to_page(const struct edgel_source *src, uint64_t at, uint8_t *bytes, size_t n);
/* Fills what info says of the pages of a file that is open at the page asked for, and forgets what was set there. */
EDGEL_NODISCARD enum edgel_status edgel_tiff_look_for_pages(struct edgel_tiff *t);

#endif
