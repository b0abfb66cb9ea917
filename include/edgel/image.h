/* edgel/image.h: pixels in memory, and image files in and out. */
#ifndef EDGEL_IMAGE_H
#define EDGEL_IMAGE_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- pixels --- */

/* Sample types. Integer samples use their full range (255, 65535); float samples 0..1 nominally. U1: one channel, eight
 * pixels a byte, the leftmost in the highest bit; bits beyond the width are 0. Edges are made and written in it. */
enum edgel_type { EDGEL_U8 = 1, EDGEL_U16 = 2, EDGEL_F32 = 3, EDGEL_I16 = 4, EDGEL_I32 = 5, EDGEL_U1 = 6 };

/* Bytes of one sample; 0 for U1. */
EDGEL_API size_t edgel_type_size(enum edgel_type type);

/* A window onto pixels somebody else owns. Copy it freely; never free through it. Channels are interleaved
 * (gray 1, gray+alpha 2, RGB 3, RGBA 4). Row y starts at (const char *)data + y * stride; stride is in BYTES. */
struct edgel_view {
    const void *data;
    int w, h, channels;
    enum edgel_type type;
    ptrdiff_t stride;
};

/* Pixels that own their memory. Zero-initialise, then init; finish is safe on a zeroed one. */
struct edgel_image {
    void *data;
    int w, h, channels;
    enum edgel_type type;
    ptrdiff_t stride;
    size_t capacity_bytes; /* of data; lets init take the memory again */
};

/*
 * Makes img w x h pixels of the given kind; rows start at multiples of 64 bytes. img is zeroed, or an image of
 * an earlier call, whose memory is used again if it is large enough. Pixels are not initialised.
 *
 * w, h >= 1; channels 1..4 (U1: 1)
 * Returns EDGEL_OK, EDGEL_EINVAL (a value out of range) or EDGEL_ENOMEM; img is then empty (finished).
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_init(struct edgel_image *img, int w, int h,
                                                             int channels, enum edgel_type type,
                                                             struct edgel_error *err);
EDGEL_API void edgel_image_finish(struct edgel_image *img);
EDGEL_API struct edgel_view edgel_image_view(const struct edgel_image *img);

/*
 * The part of w x h pixels at x, y as planes of floats, as networks take them: planes[channels][h][w], integer samples
 * v as (float)v / 255 or / 65535, floats as they are. Channels that the image does not have are its first one.
 * U8, U16 or F32; EDGEL_EINVAL: another type, a part that is not within the image, no channel.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_planes(struct edgel_view image, int channels, int x,
                                                               int y, int w, int h, float *planes,
                                                               struct edgel_error *err);

/* --- reading --- */

enum edgel_format {
    EDGEL_FORMAT_NONE = 0,
    EDGEL_FORMAT_PNG,
    EDGEL_FORMAT_JPEG,
    EDGEL_FORMAT_PNM,
    EDGEL_FORMAT_PFM,
    EDGEL_FORMAT_TIFF
};

/* Format by the first bytes of a file (16 are enough), never by name; NONE if it is no image edgel reads. */
EDGEL_API enum edgel_format edgel_format_of_bytes(const void *head, size_t n);
/* Format that a file name's extension stands for, any letter case (.png .jpg .jpeg .jpe .jfif .tif .tiff .pnm
 * .pbm .pgm .ppm .pfm); NONE for others. */
EDGEL_API enum edgel_format edgel_format_of_name(const char *name);
/* "PNG", "JPEG", "PNM", "PFM", "TIFF", and "no image" for NONE; a static string. */
EDGEL_API const char *edgel_format_name(enum edgel_format format);
/* Whether this build reads the format: TIFF is left out of a build without libtiff. */
EDGEL_API bool edgel_format_built(enum edgel_format format);
/* True when the name's extension is that of any common image format, read by edgel or not (.gif, .webp, …). */
EDGEL_API bool edgel_named_like_image(const char *name);

/* What pixels to make of a file. */
enum edgel_decode {
    /* One channel. JPEG: libjpeg's gray (the Y plane). Else (9797 R + 19234 G + 3737 B) >> 15; 16-bit: with
     * 16384 added first; float: divided by 32768. Alpha and tRNS are left out, palettes looked up, samples of
     * 1, 2, 4 bits scaled to 0..255. */
    EDGEL_DECODE_GRAY,
    /* As stored, without alpha: 1 channel for gray files, 3 (R, G, B) for colour. CMYK is made RGB. */
    EDGEL_DECODE_COLOR,
    /* As stored with alpha: 1, 2, 3 or 4 channels; tRNS becomes alpha. */
    EDGEL_DECODE_FULL,
    /* Values of a mask: palette files give raw indices, gray files raw values (a 1-bit file 0 and 1, 1 being white in
     * PBM too; a 4-bit file 0..15), alpha left out, RGB stays RGB. */
    EDGEL_DECODE_LABELS
};

struct edgel_limits {
    uint64_t max_pixels;    /* w * h */
    int max_side;           /* w and h; JPEG has 65500 in any case */
    int max_scans;          /* of a progressive JPEG */
    size_t max_chunk_bytes; /* of one PNG chunk other than IDAT, unpacked as well */
};
/* 2^28 pixels, sides of 1,000,000, 100 scans, chunks of 8,000,000 bytes. */
EDGEL_API void edgel_limits_init(struct edgel_limits *limits);

struct edgel_read {
    enum edgel_decode decode;
    bool orient;  /* turn and mirror by the EXIF orientation (JPEG; PNG eXIf) or the TIFF tag */
    bool lenient; /* take what decodes of a damaged file; info->damage then says what was wrong */
    struct edgel_limits limits;
    int page; /* 1, 2, ...: of a TIFF of several; 0: the first, with a remark where there are others */
    uint64_t page_at; /* where it is, as next_page of the page before; 0: all before it are looked for */
};
/* Gray, turned upright, nothing damaged, the limits of edgel_limits_init(), the first page. */
EDGEL_API void edgel_read_init(struct edgel_read *params);

/* What a file says of itself, before orientation. */
struct edgel_info {
    enum edgel_format format;
    int w, h;
    int channels;    /* as stored, alpha included; 1 for palette files; 4 for CMYK */
    int bits;        /* per sample as stored: 1, 2, 4, 8, 16, 32 */
    bool indexed;    /* palette file */
    int orientation; /* EXIF, 1..8; 1 when absent */
    /* Of the file, counted when page 1 is asked for; else 0. Where the list of pages is broken the one that cannot be
     * found counts (lenient: it does not, and is a damage). */
    int pages;
    uint64_t pages_pixels; /* of them together where there are several; at most 2^56 */
    bool pages_differ;     /* in bits or number of their samples */
    uint64_t next_page;    /* where the page after this one is; 0: nowhere */
    char remark[160];      /* first remark of the decoder that changes no pixel, or "" */
    char damage[160];      /* lenient only: first fault that may have changed pixels, or "" */
    enum edgel_type type;  /* of the pixels decoded, U8, U16 or F32; 0 while they are not known */
};

/* The bytes of a whole file. Zero-initialise. */
struct edgel_bytes {
    unsigned char *data;
    size_t size;
    size_t capacity;
};

/*
 * Reads a whole regular file. bytes is zeroed or of an earlier call, whose memory is used again.
 * Returns EDGEL_OK, EDGEL_EIO (cannot be opened or read, no regular file), EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_bytes_read(const char *path, struct edgel_bytes *bytes,
                                                             struct edgel_error *err);
EDGEL_API void edgel_bytes_finish(struct edgel_bytes *bytes);

/*
 * Decodes a PNG, JPEG, TIFF (one page), PNM (P1..P6) or PFM file held in memory.
 *
 * bytes, size  the file
 * name         for messages
 * params       must be valid during the call only
 * out          zeroed or an earlier image, whose memory is used again; 8-bit and smaller samples give U8, 16-bit
 *              U16, PFM and float TIFF F32 (as stored, times the magnitude of the scale line left out)
 * info         may be NULL; filled as far as known on failure as well
 *
 * Returns EDGEL_OK; EDGEL_EFORMAT: no image, corrupt or truncated (any libjpeg warning while scan data is decoded,
 * a wrong PNG CRC or Adler sum, a missing IEND, any complaint of libtiff about pixels); EDGEL_EUNSUPPORTED: lossless or
 * 12-bit JPEG, kinds of TIFF not named in src/io/tiff_read.c, any TIFF in a build without libtiff; EDGEL_ELIMIT: over
 * params->limits, found before pixels are allocated; EDGEL_EINVAL: no such page; EDGEL_ENOMEM. On failure out is empty.
 * The text begins with name. Thread-safe; the same pixels everywhere.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_decode(const void *bytes, size_t size, const char *name, const struct edgel_read *params,
                   struct edgel_image *out, struct edgel_info *info, struct edgel_error *err);

/* edgel_bytes_read() and edgel_image_decode() in one. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_read(const char *path,
                                                             const struct edgel_read *params,
                                                             struct edgel_image *out, struct edgel_info *info,
                                                             struct edgel_error *err);

/*
 * Reads the header of an image file and no pixel, whatever the image's size. info is that of
 * edgel_image_decode() with page 1, `type` included; of a file that is no image edgel reads, format is NONE and the
 * status EDGEL_OK.
 *
 * bytes, size  the file, or as much of its beginning as holds all before the pixels (TIFF: the whole file)
 * name         for messages
 *
 * Returns EDGEL_OK; EDGEL_EFORMAT: a header that is damaged or incomplete; EDGEL_EUNSUPPORTED: an image that
 * edgel_image_decode() does not decode, info is then filled as far as known; EDGEL_ELIMIT: a PNG chunk over 8 MB;
 * EDGEL_EIO; EDGEL_ENOMEM. Thread-safe.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_info_decode(const void *bytes, size_t size,
                                                              const char *name, struct edgel_info *info,
                                                              struct edgel_error *err);
/* The same of a file, of which only the parts that are looked at are read. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_info_read(const char *path, struct edgel_info *info,
                                                            struct edgel_error *err);

/* Where the rows of an image go. A status other than EDGEL_OK ends the reading and is what it returns. */
struct edgel_row_sink {
    void *user;
    /* The size, channels and type of the rows to come; once, before the first row. shape has no data. */
    enum edgel_status (*begin)(void *user, struct edgel_view shape, struct edgel_error *err);
    /* One row, from the first to the last; valid during the call. */
    enum edgel_status (*row)(void *user, const void *row, struct edgel_error *err);
};

/*
 * Reads a file row by row, neither the file nor the image being in memory as a whole: PNG that is not interlaced, JPEG
 * of one scan, binary PNM, TIFF (tiles by rows of tiles, strips by lines; of a compressed strip all bytes are in
 * memory, packed). The rows are those of edgel_image_read().
 *
 * Returns what edgel_image_read() returns, what the sink returned, and EDGEL_EUNSUPPORTED, before begin, for other
 * files, for those to be turned, and when lenient. A fault may show after rows were given: only EDGEL_OK says that
 * they are good.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_stream(const char *path, const struct edgel_read *params, const struct edgel_row_sink *sink,
                   struct edgel_info *info, struct edgel_error *err);
/* The same of a file in memory. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_stream_bytes(const void *bytes, size_t size, const char *name, const struct edgel_read *params,
                         const struct edgel_row_sink *sink, struct edgel_info *info, struct edgel_error *err);

/* --- masks: what their pixels mean --- */

/* Ids are 0..EDGEL_IDS - 1; there are at most EDGEL_CLASSES_MAX classes. */
enum { EDGEL_IDS = 65536, EDGEL_CLASSES_MAX = 4096 };

/* A mask as decoded by EDGEL_DECODE_LABELS, with what the file said. */
struct edgel_mask {
    struct edgel_view view;
    int bits;     /* per sample as stored */
    bool indexed; /* palette file */
};

/* BINARY: background is 0, everything else is foreground. IDS: each value is a class. AUTO: decided by the truth. */
enum edgel_labels { EDGEL_LABELS_AUTO, EDGEL_LABELS_BINARY, EDGEL_LABELS_IDS };

/* What is taken of a truth by several annotators. */
enum edgel_annotator {
    EDGEL_ANNOTATOR_NONE,
    EDGEL_ANNOTATOR_INDEX,
    EDGEL_ANNOTATOR_ANY,
    EDGEL_ANNOTATOR_MAJORITY
};

/* Classes, and the colours that stand for ids in RGB masks (edgel/dataset.h reads lists of them). Zero-initialise;
 * finish frees, and zeroes. */
struct edgel_class {
    int32_t id;
    char *name;
};
struct edgel_classes {
    struct edgel_class *v; /* rising id */
    size_t n;
};
EDGEL_API void edgel_classes_finish(struct edgel_classes *c);

struct edgel_color {
    uint8_t r, g, b;
    int32_t id;
};
struct edgel_colors {
    struct edgel_color *v;
    size_t n;
};
EDGEL_API void edgel_colors_finish(struct edgel_colors *c);

/* --- MAT files of the Berkeley segmentation benchmark --- */

enum edgel_mat_kind { EDGEL_MAT_NONE, EDGEL_MAT_TRUTH, EDGEL_MAT_SEGS, EDGEL_MAT_UCM2 };

/* What one holds, rows one after the other. Zero-initialise; finish frees. */
struct edgel_mat {
    enum edgel_mat_kind kind;
    size_t n;                          /* TRUTH: annotators; SEGS: segmentations */
    struct edgel_image *segmentations; /* [n] U16 labels; TRUTH: one without data where the file has none */
    struct edgel_image *boundaries;    /* [n] TRUTH: U8, 0 and 1, one without data where the file has none */
    double *ucm2;                      /* [h * w] UCM2: contour strength of twice the image's size and one */
    int w, h;                          /* of ucm2 */
};

/* True when the first bytes of a file (16 are enough) are those of a MAT file, of version 5 or 7.3. */
EDGEL_API bool edgel_mat_of_bytes(const void *head, size_t n);
/* True for a name that ends in .mat, any letter case. */
EDGEL_API bool edgel_named_like_mat(const char *name);

/* Which MAT files are taken. edgel_mat_params_init() first. */
struct edgel_mat_params {
    struct edgel_limits limits; /* max_side of every matrix, max_pixels of all together; nothing else */
    int w, h; /* of the image: every map must have this size, ucm2 2w+1 x 2h+1; 0, 0 (default): any size */
};
EDGEL_API void edgel_mat_params_init(struct edgel_mat_params *params);

/*
 * Reads the one variable groundTruth, segs or ucm2 of a MAT file of version 5 that is in memory. Other variables are
 * checked and passed over, up to 2^28 bytes of what is compressed.
 *
 *   groundTruth  cell array of structures 1 x 1 with the fields Segmentation (labels) and Boundaries (0 or not); either
 *                may be absent
 *   segs         cell array of labels
 *   ucm2         double or single matrix, finite
 *
 * Matrices are real, of two dimensions and not empty; labels are whole numbers from 0 to 65535 of any numeric class;
 * values may be stored in any numeric type, in either byte order, compressed or not. MATLAB stores columns one after
 * the other; what is handed out is rows.
 *
 * bytes, size  the file
 * name         for messages
 * params       NULL: the defaults; limits and size are compared before a matrix is unpacked or memory for it allocated
 * out          zeroed, or finished
 *
 * Returns EDGEL_OK; EDGEL_EFORMAT: no MAT file, damaged or truncated (also in parts that are not read), none or several
 * of these variables, a variable of another class or with values out of range, maps of another size than asked for;
 * EDGEL_EUNSUPPORTED: version 7.3, classes that no such file has; EDGEL_ELIMIT: over params->limits, or over what is
 * passed over; EDGEL_ENOMEM. The text names file and rule; out is then empty. Thread-safe; the values are exact.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_mat_decode(const void *bytes, size_t size, const char *name,
                                                             const struct edgel_mat_params *params,
                                                             struct edgel_mat *out, struct edgel_error *err);

/* What a MAT file says of itself before a value is unpacked. */
struct edgel_mat_info {
    enum edgel_mat_kind kind;
    size_t n; /* TRUTH: annotators; SEGS: segmentations; UCM2: 0 */
    int w, h; /* of the first map in the file */
};

/*
 * Tells what edgel_mat_decode() would find, from the first bytes of the variable; what comes after them, and all other
 * variables, are not looked at.
 *
 * limits  NULL: the defaults; those of the first map are checked
 *
 * Returns what edgel_mat_decode() returns of these bytes.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_mat_probe(const void *bytes, size_t size, const char *name,
                                                            const struct edgel_limits *limits,
                                                            struct edgel_mat_info *info,
                                                            struct edgel_error *err);

/* edgel_bytes_read() and edgel_mat_decode() in one. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_mat_read(const char *path,
                                                           const struct edgel_mat_params *params,
                                                           struct edgel_mat *out, struct edgel_error *err);
EDGEL_API void edgel_mat_finish(struct edgel_mat *mat);

/* --- writing --- */

/*
 * A file that is being written under a temporary name in the folder of its final one. The final name appears
 * when edgel_output_commit() has returned EDGEL_OK, complete, and never otherwise. "-" is standard output, written
 * at once. edgel_output_begin() makes missing folders. A symbolic link means the file it points to; a device or pipe is
 * written directly. The temporary names are ".edgel-PID-TAG-N.tmp", TAG a random number of
 * the process: a killed process may leave some.
 * write, commit: EDGEL_EIO with the path and the system's reason. After a failed write the file can only be
 * discarded. commit and discard destroy the output and set *out to NULL; discarding NULL is fine.
 */
struct edgel_output;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin(const char *path, struct edgel_output **out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_write(struct edgel_output *out, const void *bytes,
                                                               size_t n, struct edgel_error *err);
/* Hands what was written so far to the system (for a reader that follows along; "-" in a pipe). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_flush(struct edgel_output *out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_commit(struct edgel_output **out,
                                                                struct edgel_error *err);
EDGEL_API void edgel_output_discard(struct edgel_output **out);

/*
 * An output into memory: whatever writes to an output writes there as well. After commit, bytes holds all that was
 * written; after a failure or discard it is empty.
 *
 * bytes  zeroed or of an earlier call, whose memory is used again; must live until commit or discard, and then is the
 *        caller's to finish
 * name   for messages
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin_bytes(struct edgel_bytes *bytes,
                                                                     const char *name,
                                                                     struct edgel_output **out,
                                                                     struct edgel_error *err);

/* Where the bytes of an output go. */
struct edgel_byte_sink {
    /* The next n > 0 bytes. A status other than EDGEL_OK ends the writing and is what the writer returns. */
    enum edgel_status (*write)(void *user, const void *bytes, size_t n, struct edgel_error *err);
    void *user;
};

/*
 * An output into a callback, in order, in pieces of any size; a TIFF, whose beginning is written last, in one piece at
 * commit. What was handed over stays so when the output is discarded.
 *
 * sink  copied
 * name  for messages
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin_callback(const struct edgel_byte_sink *sink,
                                                                        const char *name,
                                                                        struct edgel_output **out,
                                                                        struct edgel_error *err);

/*
 * Outputs that reach the disk together, so that a power failure leaves each name complete or as it was before: add each
 * output once its bytes are written, sync, commit each, sync_names. One sync of the file system serves the whole group
 * where the system has that (Linux: syncfs), else each file is synced. Not for several threads at once.
 */
struct edgel_sync;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_create(struct edgel_sync **out,
                                                              struct edgel_error *err);
/* Flushes the output and takes it into the group; it stays the caller's. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_sync_add(struct edgel_sync *sync, struct edgel_output *output, struct edgel_error *err);
/* The bytes of all outputs of the group are on the disk when it returns EDGEL_OK. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_bytes(struct edgel_sync *sync,
                                                             struct edgel_error *err);
/* So are their names, after the commits; the group is empty then, also on failure. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_names(struct edgel_sync *sync,
                                                             struct edgel_error *err);
EDGEL_API void edgel_sync_destroy(struct edgel_sync **sync); /* NULL is fine */

/* A colour table for palette PNG. */
struct edgel_palette {
    int count; /* 1..256 */
    uint8_t rgb[256][3];
};

/* The Pascal VOC colours: bit j of the index goes, three at a time, to bits 7 - j/3 of R, G, B. */
EDGEL_API void edgel_palette_voc(struct edgel_palette *palette);

struct edgel_write {
    enum edgel_format format; /* PNG, TIFF, PNM, PFM */
    int bits; /* 0: the samples' own. 1: U1, or U8 with one channel, non-zero is white (PNG, TIFF, PBM) */
    const struct edgel_palette *palette; /* PNG of U8 with one channel; NULL for none */
    int tile; /* TIFF: side of square tiles, a multiple of 16 up to EDGEL_TILE_MAX and 200 MB; 0: strips */
    /* TIFF: of the pixels of all pages to come in one file (edgel_writer_page); BigTIFF where they, or those of the
     * first page, may reach 4 GB. */
    uint64_t bytes;
};
/* PNG of the samples' own bits, no palette. */
EDGEL_API void edgel_write_init(struct edgel_write *params);
enum { EDGEL_TILE_MAX = 8192 };

/*
 * Encodes pixels into an output (not yet committed). PNG: U8 or U16 with 1 or 3 channels, U8 with 1 channel and a
 * palette, U1, or 1 bit; PNM: U8, U16 with 1 or 3 channels, U1, or 1 bit; PFM: F32 with 1 or 3 channels;
 * TIFF: all of these but a palette.
 * PNG: 1-bit without filter and Z_RLE; the same bytes for the same pixels and zlib.
 * Returns EDGEL_OK, EDGEL_EINVAL (a combination not named above), EDGEL_EIO, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_encode(struct edgel_view image,
                                                               const struct edgel_write *params,
                                                               struct edgel_output *out,
                                                               struct edgel_error *err);

/*
 * The same row by row, from the first to the last, so that no image needs to be in memory: the same bytes as
 * edgel_image_encode().
 *
 * shape   as of the image, data NULL
 * row     the samples of one row, as a row of such an image; not kept
 * end     checks that all rows were written; destroys the writer and sets *writer to NULL, as discard does (which is
 *         fine with NULL). The output is not committed
 * page    after the last row of an image: rows of the next one follow, of this shape, as a further page of the file;
 *         EDGEL_EUNSUPPORTED but for TIFF
 * Returns as edgel_image_encode(), and EDGEL_EUNSUPPORTED for PFM, whose first row is the last.
 */
struct edgel_writer;
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_writer_begin(struct edgel_view shape, const struct edgel_write *params, struct edgel_output *out,
                   struct edgel_writer **writer, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_writer_row(struct edgel_writer *writer, const void *row,
                                                             struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_writer_page(struct edgel_writer *writer, struct edgel_view shape, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_writer_end(struct edgel_writer **writer,
                                                             struct edgel_error *err);
EDGEL_API void edgel_writer_discard(struct edgel_writer **writer);

/* begin, encode and commit in one; nothing is left behind on failure. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_write(const char *path, struct edgel_view image,
                                                              const struct edgel_write *params,
                                                              struct edgel_error *err);
/* The same into memory; bytes as in edgel_output_begin_bytes(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_write_bytes(struct edgel_view image,
                                                                    const struct edgel_write *params,
                                                                    struct edgel_bytes *bytes,
                                                                    struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
