/* io_priv.h: what the files of io share. A file's bytes become raw rows (png.c, jpeg.c, tiff_read.c, netpbm.c), raw
 * rows become the pixels asked for (rows.c), and those are turned upright (orient.c). */
#ifndef EDGEL_IO_PRIV_H
#define EDGEL_IO_PRIV_H

#include "core/core_priv.h"
#include "edgel/image.h"

/* One decoding. Lives on the stack of edgel_image_decode() or edgel_image_stream(). */
struct edgel_source {
    const unsigned char *bytes; /* NULL: the file is not in memory but behind window */
    size_t size;
    const char *name; /* for messages */
    const struct edgel_read *params;
    struct edgel_info *info; /* never NULL */
    struct edgel_error *err;
    struct edgel_window *window;       /* NULL: the bytes are in memory */
    const struct edgel_row_sink *sink; /* NULL: rows go to an image */
    bool header_only;                  /* the sink refuses the first row: its order does not matter */
};

/* --- source.c --- */
enum { EDGEL_WINDOW = 1 << 17 };
/* The part of a file that is in memory. */
struct edgel_window {
    int fd;
    bool failed; /* a read failed; the error says so */
    uint64_t at;
    size_t n;
    unsigned char *bytes; /* EDGEL_WINDOW */
};
/* n bytes at an offset, valid until the next call; NULL past the end of the file. n <= EDGEL_WINDOW. */
const unsigned char *edgel_source_at(const struct edgel_source *src, uint64_t at, size_t n);
/* Copies any number of bytes; false past the end. */
bool edgel_source_copy(const struct edgel_source *src, uint64_t at, void *to, size_t n);

/* --- decode.c --- */
/* edgel_info_read() of an open file, with the limits of the caller for chunks. */
EDGEL_NODISCARD enum edgel_status edgel_info_of_file(int fd, const char *path, size_t size,
                                                     const struct edgel_limits *limits,
                                                     struct edgel_info *info, struct edgel_error *err);

/* --- formats.c --- */
struct edgel_writer_kind;
/* What the library knows of a format. */
struct edgel_format_row {
    struct edgel_format_info info;
    bool (*probe)(const unsigned char *head, size_t n); /* by the first bytes, 16 or the whole file */
    enum edgel_status (*decode)(const struct edgel_source *src, struct edgel_image *out);
    const struct edgel_writer_kind *writer; /* NULL: it is not written */
    bool last_row_first;                    /* written from the last row to the first */
};
const struct edgel_format_row *edgel_format_rows(int *count);
const struct edgel_format_row *edgel_format_row_of(enum edgel_format format); /* NULL: none */

/* --- probe.c --- */
/* The name of an image format that edgel recognises and does not read; NULL: none. */
const char *edgel_foreign_format(const void *head, size_t n);

/* --- source_check.c --- */
/* EDGEL_EUNSUPPORTED if rows go to a sink and the file does not hold them in order. */
EDGEL_NODISCARD enum edgel_status edgel_source_check_rows(const struct edgel_source *src, bool in_order,
                                                          const char *what);
/* What texts call the limits. */
const struct edgel_limit_names *edgel_source_limit_names(const struct edgel_limits *l);
/* Checks the sides against the limits; called before memory for pixels is allocated. */
EDGEL_NODISCARD enum edgel_status edgel_source_check_size(const struct edgel_source *src, uint32_t w,
                                                          uint32_t h);
/* Records a remark or a damage; the first one is kept. */
void edgel_source_remark(const struct edgel_source *src, const char *text);
void edgel_source_damage(const struct edgel_source *src, const char *text);

/* --- rows.c --- */
/* Rows as they are stored in a file. */
struct edgel_raw {
    int w, h;
    int samples;          /* per pixel in a row, alpha included: 1 to 4 */
    enum edgel_type type; /* U8 (samples of fewer bits: one a byte, not scaled), U16 (of this machine), F32 */
    int bits;             /* per sample of U8: 1, 2, 4 or 8 */
    bool alpha;           /* the last sample is alpha */
    bool cmyk, inverted;  /* 4 samples C M Y K; inverted: 255 is no ink */
    bool indexed;         /* samples are numbers of palette entries */
    bool palette_alpha;
    uint8_t palette[256][4]; /* R G B alpha */
    bool keyed;              /* pixels whose stored samples equal key are transparent */
    uint16_t key[3];
};

/* Converts raw rows to rows of an image. Zero-initialise; init; at and put for each row; finish. */
struct edgel_rows {
    struct edgel_raw raw;
    const struct edgel_source *src;
    struct edgel_image *out;   /* with a sink: a ring of a few rows */
    enum edgel_status refused; /* the status the sink returned, if not EDGEL_OK */
    size_t raw_bytes;          /* of one row */
    unsigned char *raw_rows;   /* one row, or all of them; NULL: raw rows are image rows */
    bool whole;
    bool ranged;  /* the range changes the samples */
    int lut_size; /* bytes per entry */
    uint8_t lut[256][4];
    void (*convert)(const struct edgel_rows *rows, const void *raw, void *out);
};
/* Makes the image, filled with 0 when lenient. whole: keeps all raw rows until they are put (interlaced files). */
EDGEL_NODISCARD enum edgel_status edgel_rows_init(struct edgel_rows *rows, const struct edgel_source *src,
                                                  struct edgel_image *out, bool whole);
void *edgel_rows_at(const struct edgel_rows *rows, int y); /* where raw row y goes */
/* Raw row y is complete: converts it, and hands it to the sink. False: the sink refused it. */
bool edgel_rows_put(struct edgel_rows *rows, int y);
void edgel_rows_finish(struct edgel_rows *rows); /* the image stays */

/* --- sample_range.c --- */
EDGEL_NODISCARD enum edgel_status edgel_range_check(const struct edgel_range *range, struct edgel_error *err);
/* Whether it changes samples of the type. */
bool edgel_range_changes(const struct edgel_range *range, enum edgel_type type);
/* Changes a row of w pixels. */
void edgel_range_row(const struct edgel_range *range, enum edgel_type type, int channels, void *row, int w);

/* --- the decoders --- : fill src->info and *out; after a failure the caller empties *out */
EDGEL_NODISCARD enum edgel_status edgel_png_decode(const struct edgel_source *src, struct edgel_image *out);
EDGEL_NODISCARD enum edgel_status edgel_jpeg_decode(const struct edgel_source *src, struct edgel_image *out);
EDGEL_NODISCARD enum edgel_status edgel_tiff_decode(const struct edgel_source *src, struct edgel_image *out);
EDGEL_NODISCARD enum edgel_status edgel_pnm_decode(const struct edgel_source *src, struct edgel_image *out);
EDGEL_NODISCARD enum edgel_status edgel_pfm_decode(const struct edgel_source *src, struct edgel_image *out);

/* --- chunks.c --- */
/* What the list of PNG chunks says, before anything is unpacked. */
struct edgel_chunks {
    uint32_t w, h;
    int bits, color; /* bit depth and colour type of IHDR */
    uint64_t idat_bytes;
    uint64_t idat_end; /* where the last IDAT ends in the file */
    bool complete;     /* the list ends with IEND */
    int orientation;   /* of eXIf, else 1 */
};
EDGEL_NODISCARD enum edgel_status edgel_chunks_scan(const struct edgel_source *src,
                                                    struct edgel_chunks *chunks);

/* --- mat_inflate.c --- */
/* A compressed element of n bytes, which stay with the caller, as the name. Destroying NULL is allowed. */
struct edgel_mat_stream;
EDGEL_NODISCARD enum edgel_status edgel_mat_stream_create(struct edgel_mat_stream **stream,
                                                          const unsigned char *bytes, uint32_t n,
                                                          const char *name, struct edgel_error *err);
/* The next n bytes, n <= INT_MAX. */
EDGEL_NODISCARD enum edgel_status edgel_mat_stream_take(struct edgel_mat_stream *stream, unsigned char *to,
                                                        size_t n, struct edgel_error *err);
/* EDGEL_OK: all is taken, nothing follows, and the sum is right. */
EDGEL_NODISCARD enum edgel_status edgel_mat_stream_end(struct edgel_mat_stream *stream,
                                                       struct edgel_error *err);
void edgel_mat_stream_destroy(struct edgel_mat_stream **stream);

/* --- mat_elements.c --- */
/* A MAT file that is being read. Set name, err, at and end (its first byte and past its last); then header, and for
 * each variable while at < end: variable, what it holds, variable_end; finish in any case. */
struct edgel_mat_source {
    const char *name;
    struct edgel_error *err;
    const unsigned char *at, *end;
    struct edgel_mat_stream *stream; /* of the compressed element that is being read, or NULL */
    bool big_endian;
    uint64_t budget; /* bytes that may still be unpacked without being asked for */
};

enum { EDGEL_MAT_DIMS = 8, EDGEL_MAT_NAME = 64 };
enum { /* classes of arrays; those of numbers are from DOUBLE to UINT64 */
       EDGEL_MAT_CELL = 1,
       EDGEL_MAT_STRUCT = 2,
       EDGEL_MAT_CHAR = 4,
       EDGEL_MAT_DOUBLE = 6,
       EDGEL_MAT_SINGLE = 7,
       EDGEL_MAT_UINT64 = 15
};

/* An array whose contents are to be read next: one of cells, fields, values and pass, then end (pass ends it). */
struct edgel_mat_array {
    uint32_t class_of; /* 0: an empty cell or field, which holds nothing to read */
    bool complex;
    int rank;
    uint32_t dims[EDGEL_MAT_DIMS];
    uint64_t n; /* product of dims */
    char name[EDGEL_MAT_NAME + 1];
    uint64_t left; /* bytes of it that were not read */
    int depth;     /* 0: a variable */
};
bool edgel_mat_is_number(const struct edgel_mat_array *a);

EDGEL_NODISCARD enum edgel_status edgel_mat_header(struct edgel_mat_source *s);
EDGEL_NODISCARD enum edgel_status edgel_mat_variable(struct edgel_mat_source *s, struct edgel_mat_array *a);
/* Passes over what is left of a variable without a look at it; then variable_end. */
EDGEL_NODISCARD enum edgel_status edgel_mat_variable_skip(struct edgel_mat_source *s,
                                                          const struct edgel_mat_array *a);
EDGEL_NODISCARD enum edgel_status edgel_mat_variable_end(struct edgel_mat_source *s);
void edgel_mat_source_finish(struct edgel_mat_source *s);

/* Of a cell array: a->n calls of child follow. */
EDGEL_NODISCARD enum edgel_status edgel_mat_cells(struct edgel_mat_source *s,
                                                  const struct edgel_mat_array *a);
/* Of a structure: a->n times *fields calls of child follow. places[k] is that of wanted[k], *fields: there is none. */
EDGEL_NODISCARD enum edgel_status edgel_mat_fields(struct edgel_mat_source *s, struct edgel_mat_array *a,
                                                   uint64_t *fields, const char *const *wanted, int nwanted,
                                                   uint64_t *places);
EDGEL_NODISCARD enum edgel_status edgel_mat_child(struct edgel_mat_source *s, struct edgel_mat_array *a,
                                                  struct edgel_mat_array *child);
/* The values of an array of numbers that is not complex, column after column, n at a time. */
typedef enum edgel_status edgel_mat_run(void *user, const double *v, size_t n);
EDGEL_NODISCARD enum edgel_status edgel_mat_values(struct edgel_mat_source *s, struct edgel_mat_array *a,
                                                   edgel_mat_run *run, void *user);
EDGEL_NODISCARD enum edgel_status edgel_mat_pass(struct edgel_mat_source *s, struct edgel_mat_array *a);
EDGEL_NODISCARD enum edgel_status edgel_mat_end(struct edgel_mat_source *s, const struct edgel_mat_array *a);

/* --- exif.c --- : 1..8; 1 if the orientation is absent or malformed */
int edgel_exif_orientation(const unsigned char *tiff, size_t n);
int edgel_exif_orientation_of_jpeg(const struct edgel_source *src);

/* --- orient.c --- */
/* Turns and mirrors img by EXIF orientation 1..8. */
EDGEL_NODISCARD enum edgel_status edgel_image_orient(struct edgel_image *img, int orientation,
                                                     struct edgel_error *err);

/* --- encode.c, png.c, tiff_write.c, netpbm_write.c --- */
struct edgel_writer {
    struct edgel_view image; /* without data */
    struct edgel_write params;
    const struct edgel_format_row *format;
    struct edgel_output *out;
    bool one_bit;
    int rows; /* written so far */
    const struct edgel_writer_kind *kind;
    void *job; /* of the format; NULL: nothing to finish */
};
/* How a format is written. The functions are called in this order, finish in any case. PFM takes its rows from the last
 * to the first. Messages name the output. */
struct edgel_writer_kind {
    enum edgel_status (*begin)(struct edgel_writer *w, struct edgel_error *err);
    enum edgel_status (*row)(struct edgel_writer *w, const void *row, struct edgel_error *err);
    /* Ends a page, all rows of which are written, and begins the next, of shape w->image; NULL: a file holds one
     * image. */
    enum edgel_status (*page)(struct edgel_writer *w, struct edgel_error *err);
    enum edgel_status (*end)(struct edgel_writer *w, struct edgel_error *err);
    void (*finish)(struct edgel_writer *w);
};
extern const struct edgel_writer_kind edgel_png_writer, edgel_tiff_writer, edgel_pnm_writer, edgel_pfm_writer;

/* --- bits.c --- */
const void *edgel_view_row(struct edgel_view v, int y);
/* Row y of U8 or U1, eight samples a byte, the first in the highest bit; a bit is (sample != 0) != invert. */
void edgel_bits_pack(struct edgel_view v, int y, bool invert, uint8_t *bits);

/* --- output/place.c --- */
/* A folder held open by those that use it: release it as often as it was given out or held; NULL is fine. */
struct edgel_dir;
/* Opens the folder path[0..n); 0: the current one. NULL and errno, ENOMEM also when edgel_alloc() fails. */
struct edgel_dir *edgel_dir_open(const char *path, size_t n);
/* Opens the folder below[0..n) of top, n > 0, makes what is missing, and follows no link. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_NODISCARD enum edgel_status edgel_dir_enter(const struct edgel_dir *top, const char *below, size_t n,
                                                  struct edgel_dir **out, struct edgel_error *err);
struct edgel_dir *edgel_dir_hold(struct edgel_dir *place);
void edgel_dir_release(struct edgel_dir **place);
int edgel_dir_fd(const struct edgel_dir *place);
const char *edgel_dir_name(const struct edgel_dir *place);  /* for messages */
const char *edgel_dir_below(const struct edgel_dir *place); /* of one that was entered: its path below top */
/* EDGEL_EIO: name is a link, which is not followed. */
enum edgel_status edgel_dir_link(const char *name, struct edgel_error *err);

/* --- output/output_folder.c --- */
/* As edgel_output_folder_open(), but makes nothing: *out is NULL when there is no such folder. */
EDGEL_NODISCARD enum edgel_status edgel_output_folder_find(const char *path, bool follow_links,
                                                           struct edgel_output_folder **out,
                                                           struct edgel_error *err);
int edgel_output_folder_fd(const struct edgel_output_folder *folder);
bool edgel_output_folder_follows(const struct edgel_output_folder *folder);
/* EDGEL_EIO when its path is no longer that of the folder that is held, or cannot be looked at. */
EDGEL_NODISCARD enum edgel_status edgel_output_folder_check(const struct edgel_output_folder *folder,
                                                            struct edgel_error *err);
/* What has that path below it: false when nothing has; and removes it. */
struct stat;
bool edgel_output_folder_stat(const struct edgel_output_folder *folder, const char *below, struct stat *st);
void edgel_output_folder_remove(struct edgel_output_folder *folder, const char *below);

/* --- output/output.c --- */
/* As edgel_output_begin() of a file, but a link of that name is replaced. */
EDGEL_NODISCARD enum edgel_status edgel_output_begin_itself(const char *path, struct edgel_output **out,
                                                            struct edgel_error *err);
/* As edgel_output_begin() of a file in a folder that is held; a link of that name is replaced. */
EDGEL_NODISCARD enum edgel_status edgel_output_begin_in(struct edgel_dir *place, const char *name,
                                                        struct edgel_output **out, struct edgel_error *err);
/* The writer will patch or read: an output that goes to a callback keeps all bytes until commit. Before the first byte
 * is written. */
void edgel_output_hold(struct edgel_output *o);
/* Writes over bytes that were written earlier, at <= their number. EDGEL_EUNSUPPORTED unless it is a
 * regular file or memory. */
EDGEL_NODISCARD enum edgel_status edgel_output_patch(struct edgel_output *o, uint64_t at, const void *bytes,
                                                     size_t n, struct edgel_error *err);

/* Reads what was written earlier, n bytes from at on; as patch. */
EDGEL_NODISCARD enum edgel_status edgel_output_read(struct edgel_output *o, uint64_t at, void *bytes,
                                                    size_t n, struct edgel_error *err);

/* TAG of the temporary names, the same for all outputs of a process, never 0. */
uint32_t edgel_output_tag(void);
/* The temporary file, and the folder that it and its final name are in; -1 if the output is written directly. */
int edgel_output_fd(const struct edgel_output *o);
struct edgel_dir *edgel_output_place(const struct edgel_output *o);
/* How messages call it. */
const char *edgel_output_name(const struct edgel_output *o);

/* --- bytes.c --- */
/* Makes room for capacity bytes and keeps the contents. False: out of memory. */
bool edgel_bytes_reserve(struct edgel_bytes *bytes, size_t capacity);
/* Opens a regular file for reading; EDGEL_EIO. */
EDGEL_NODISCARD enum edgel_status edgel_file_open(const char *path, int *fd, size_t *size,
                                                  struct edgel_error *err);
void edgel_file_close(int fd);
/* Reads n bytes at an offset, fewer at the end of the file. EDGEL_EIO. */
EDGEL_NODISCARD enum edgel_status edgel_file_at(int fd, const char *path, uint64_t at, void *to, size_t n,
                                                struct edgel_error *err);
/* Reads an open file of `expected` bytes from its place on to its end; stops once it has more than `most`. */
EDGEL_NODISCARD enum edgel_status edgel_bytes_take(int fd, const char *path, uint64_t expected, uint64_t most,
                                                   struct edgel_bytes *bytes, struct edgel_error *err);
/* EDGEL_EIO with "PATH: WHAT: reason of errno_value"; of ENOMEM EDGEL_ENOMEM. */
enum edgel_status edgel_fail_system(struct edgel_error *err, const char *path, const char *what,
                                    int errno_value);

#endif
