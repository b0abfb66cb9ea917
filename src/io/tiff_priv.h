/* tiff_priv.h: a TIFF file as libtiff sees it, for reading and for writing. */
#ifndef EDGEL_TIFF_PRIV_H
#define EDGEL_TIFF_PRIV_H

#include "io/io_priv.h"
#include <tiffio.h>

/* What libtiff said. */
struct edgel_tiff_told {
    char message[160];              /* the first complaint, or "" */
    bool no_memory;                 /* complained while an allocation had failed */
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
/* libtiff does not say when an allocation of its own or of its codecs failed; errno does. Forget before calls, ask
 * after one that failed. */
void edgel_tiff_forget_memory(void);
bool edgel_tiff_lacked_memory(const struct edgel_tiff_told *told);
/* mode is that of TIFFOpen(). False: told says why, or there is no memory. */
bool edgel_tiff_open(struct edgel_tiff *t, const char *mode, const struct edgel_tiff_access *access);
void edgel_tiff_close(struct edgel_tiff *t); /* may be closed already */
/* TIFFSeekProc */
toff_t edgel_tiff_seek(struct edgel_tiff *t, toff_t to, int whence, uint64_t end);

/* --- tiff_pages.c --- */
/* Changes bytes [at, at + n) of a file so that its header points to the page at params->page_at. */
void edgel_tiff_lead_to_page(const struct edgel_source *src, uint64_t at, uint8_t *bytes, size_t n);
/* Fills the fields of info about pages, of a file that is open at its page. Tags set before are lost. */
EDGEL_NODISCARD enum edgel_status edgel_tiff_look_for_pages(struct edgel_tiff *t);

/* --- tiff_chain.c --- */
/* Whether all pages lie within the file. EDGEL_EFORMAT: one does not, and no page was asked for; else a remark, or
 * (lenient) damage. */
EDGEL_NODISCARD enum edgel_status edgel_tiff_check_chain(const struct edgel_source *src);

#endif
