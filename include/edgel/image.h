/* edgel/image.h: pixels in memory, and image files in and out. */
#ifndef EDGEL_IMAGE_H
#define EDGEL_IMAGE_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- pixels --- */

/* Sample types. Integer samples use their full range (255, 65535), float samples nominally 0..1. U1 packs one channel,
 * eight pixels a byte, the leftmost in the highest bit; bits beyond the width are 0. Binary edge maps are U1. */
enum edgel_type { EDGEL_U8 = 1, EDGEL_U16 = 2, EDGEL_F32 = 3, EDGEL_I16 = 4, EDGEL_I32 = 5, EDGEL_U1 = 6 };

/* Bytes of one sample; 0 for U1. */
EDGEL_API size_t edgel_type_size(enum edgel_type type);

/* A view of pixels that somebody else owns. Copy it freely; it frees nothing. Channels are interleaved
 * (gray 1, gray+alpha 2, RGB 3, RGBA 4). Row y starts at (const char *)data + y * stride; stride is in bytes. */
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
    size_t capacity_bytes; /* of data; init reuses the memory */
};

/*
 * Gives img w x h pixels, which are not initialised. Rows start at multiples of 64 bytes. img is zeroed, or an image of
 * an earlier call; its memory is reused if it is large enough.
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

/* What the files of a format can hold, as they are written; several by |. */
enum edgel_holds {
    EDGEL_HOLDS_U8 = 1,
    EDGEL_HOLDS_U16 = 2,
    EDGEL_HOLDS_F32 = 4,
    EDGEL_HOLDS_ONE_BIT = 8, /* a pixel */
    EDGEL_HOLDS_PALETTE = 16,
    EDGEL_HOLDS_TILES = 32,
    EDGEL_HOLDS_PAGES = 64 /* several images */
};
/* A row of the table of formats. */
struct edgel_format_info {
    enum edgel_format format;
    const char *name;       /* "TIFF" */
    const char *extensions; /* of file names: lower case, spaces between: "tif tiff" */
    const char *lacks;      /* the library without which this build cannot read or write it; NULL: nothing */
    unsigned holds;         /* enum edgel_holds; 0: it is read, not written */
};
/* Row i of the table, from 0 on; NULL past the last. Rows are constant. */
EDGEL_API const struct edgel_format_info *edgel_format_at(int i);
/* The row of a format; NULL: it has none. */
EDGEL_API const struct edgel_format_info *edgel_format_find(enum edgel_format format);
/* Writes into buf[size] the extensions of the formats that are written and hold all of a set of enum edgel_holds (0:
 * every format that is written): "tif, tiff or pfm". 64 bytes are enough; what does not fit is cut off. */
EDGEL_API void edgel_format_extensions(unsigned holds, char *buf, size_t size);
/* Format by the first bytes of a file (16 are enough), never by its name; NONE if edgel does not read it. */
EDGEL_API enum edgel_format edgel_format_of_bytes(const void *head, size_t n);
/* Format by a file name's extension, in any letter case; NONE for an extension that no row of the table has. */
EDGEL_API enum edgel_format edgel_format_of_name(const char *name);
/* "PNG", "JPEG", "PNM", "PFM", "TIFF", and "no image" for NONE; a static string. */
EDGEL_API const char *edgel_format_name(enum edgel_format format);
/* Whether this build reads the format; one without libtiff does not read TIFF. */
EDGEL_API bool edgel_format_built(enum edgel_format format);
/* True for the extension of any common image format, also of one that edgel does not read (.gif, .webp, …). */
EDGEL_API bool edgel_named_like_image(const char *name);

/* What pixels to make of a file. */
enum edgel_decode {
    /* One channel. JPEG: libjpeg's gray (the Y plane). Else (9797 R + 19234 G + 3737 B) >> 15; 16-bit: with
     * 16384 added first; float: divided by 32768. Alpha and tRNS are ignored, palette colours are looked up, samples
     * of 1, 2 and 4 bits are scaled to 0..255. */
    EDGEL_DECODE_GRAY,
    /* As stored, without alpha: 1 channel for gray files, 3 (R, G, B) for colour. CMYK becomes RGB. */
    EDGEL_DECODE_COLOR,
    /* As stored with alpha: 1, 2, 3 or 4 channels; tRNS becomes alpha. */
    EDGEL_DECODE_FULL,
    /* Values of a mask: the indices of palette files, the unscaled values of gray files (1 bit: 0 and 1, with 1 white
     * in PBM too; 4 bits: 0..15), RGB as it is. Alpha is ignored. */
    EDGEL_DECODE_LABELS
};

/* What texts call the limits: the words of whoever sets them. */
struct edgel_limit_names {
    const char *max_pixels, *max_side, *max_scans, *max_chunk_bytes, *max_file_bytes;
};
/* A file over a limit is refused from its header, before memory for pixels is allocated. */
struct edgel_limits {
    uint64_t max_pixels;                   /* w * h */
    int max_side;                          /* w and h; JPEG never has more than 65500 */
    int max_scans;                         /* of a progressive JPEG */
    size_t max_chunk_bytes;                /* of one PNG chunk other than IDAT, packed and unpacked */
    const struct edgel_limit_names *names; /* must outlive what reads; NULL: the names of these fields */
    uint64_t max_file_bytes;               /* of a file that is read whole; 0: as edgel_file_read() says */
};
/* 2^28 pixels, sides of 1,000,000, 100 scans, chunks of 8,000,000 bytes, the names of the fields, files as
 * edgel_file_read() says. */
EDGEL_API void edgel_limits_init(struct edgel_limits *limits);

/* The values of black and white; both 0: those of the type, 0 and 255, 65535 or 1. */
struct edgel_levels {
    double min, max;
};
/*
 * What the samples of images mean. Whole numbers v become (v - min) W / (max - min), halves to even, cut to 0..W, with
 * W the largest value of their type; floats become (v - min) / (max - min), not cut. Both are computed in double and
 * rounded once, after gray was made of colour. Alpha stays. So does a type of whole numbers that does not hold max:
 * 8-bit images have the range 12bit as they are.
 */
struct edgel_range {
    struct edgel_levels whole, real; /* of whole numbers, of floats; min < max, numbers up to 1e30 */
    bool automatic; /* to be decided first, by edgel_range_decide() of edgel/batch.h; both are then 0 */
};
/* "full", "8bit" (0,255), "10bit", "12bit", "14bit", "16bit", "MIN,MAX", or two of them for whole numbers and for
 * floats, "12bit/full"; or "auto". EDGEL_EINVAL with a text that begins with what; *range is then as it was. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_range_parse(const char *what, const char *text, struct edgel_range *range, struct edgel_error *err);
/* The shortest text that edgel_range_parse() reads as this range. 120 bytes are enough. */
EDGEL_API void edgel_range_text(const struct edgel_range *range, char *buf, size_t size);
/* The smallest range from 0 on that holds the largest whole number of 16 bits and the largest float that images have:
 * 8, 10, 12, 14 or 16 bits; floats of up to 1: full; above 65535: that value. */
EDGEL_API struct edgel_range edgel_range_for(double largest_whole, double largest_real);

/* The largest value of a view of U8, U16 or F32, not below 0; NaN and infinity are passed over. 0 of other types. */
EDGEL_API double edgel_view_largest(struct edgel_view view);

struct edgel_read {
    enum edgel_decode decode;
    bool orient;  /* turn and mirror by the EXIF orientation (JPEG; PNG eXIf) or the TIFF tag */
    bool lenient; /* decode a damaged file as far as possible; info->damage then says what was wrong */
    struct edgel_limits limits;
    /* Of a TIFF, from 1 on; 0: the first, with a remark if there are more, and an error if one of them does not lie
     * within the file (for a page that is named, that is a remark). */
    int page;
    uint64_t page_at; /* where the page is: next_page of the page before; 0: search from the first page on */
    struct edgel_range range; /* of the samples; unused for LABELS */
};
/* Gray, turned upright, damaged files refused, the limits of edgel_limits_init(), the first page, the full range. */
EDGEL_API void edgel_read_init(struct edgel_read *params);

/* What a file says of itself, before it is turned upright. */
struct edgel_info {
    enum edgel_format format;
    int w, h;
    int channels;    /* as stored, alpha included; 1 for palette files; 4 for CMYK */
    int bits;        /* per sample as stored: 1, 2, 4, 8, 16, 32 */
    bool indexed;    /* palette file */
    int orientation; /* EXIF, 1..8; 1 when absent */
    /* Number of pages in the file if read.page is 1, else 0. If the list of pages is broken, it includes the first page
     * that cannot be found (lenient: it does not, and damage says so). */
    int pages;
    uint64_t pages_pixels; /* of all pages together, at most 2^56; 0 for a single page */
    bool pages_differ;     /* the pages differ in bits or number of samples */
    uint64_t next_page;    /* where the next page is; 0: there is none */
    char remark[160];      /* the decoder's first remark that changes no pixel, or "" */
    char damage[160];      /* lenient only: the first fault that may have changed pixels, or "" */
    enum edgel_type
        type; /* edgel_info_*: of the pixels that EDGEL_DECODE_FULL gives, U8, U16 or F32; else 0 */
    /* The largest value that samples have, as the file says: 2^bits - 1 of a PNG's sBIT, SMaxSampleValue or else
     * MaxSampleValue of a TIFF; 0: it does not say. */
    double largest_said;
};

/* The bytes of a whole file. Zero-initialise. */
struct edgel_bytes {
    unsigned char *data;
    size_t size;
    size_t capacity;
};

/*
 * Reads a whole regular file of any size. bytes is zeroed, or of an earlier call; its memory is reused.
 * Returns EDGEL_OK, EDGEL_EIO (the file cannot be opened or read, or is no regular file) or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_bytes_read(const char *path, struct edgel_bytes *bytes,
                                                             struct edgel_error *err);
EDGEL_API void edgel_bytes_finish(struct edgel_bytes *bytes);

/* Files that are read whole, each kind with a ceiling. */
enum edgel_file_kind {
    EDGEL_FILE_IMAGE,    /* an image, a mask, a MAT file */
    EDGEL_FILE_MODEL,    /* a model, or the text of an architecture */
    EDGEL_FILE_TRAINING, /* the state of a training */
    EDGEL_FILE_TEXT      /* settings, results */
};
/*
 * Reads a whole regular file that is no larger than a file of its kind can be:
 *
 *   image     2^26 bytes, and 16 for each pixel that its header tells of, at most limits->max_pixels; what is neither
 *             an image nor a MAT file is read no further than its head when it is larger than 2^26 bytes
 *   MAT       2^26 bytes, and 8 for each of limits->max_pixels
 *   model     2^30 + 2^26 bytes
 *   training  2^32 + 2^26 bytes
 *   text      2^24 bytes
 *
 * What is larger is refused before it is read. limits->max_file_bytes, unless it is 0, takes the place of all these.
 *
 * limits  NULL: the defaults
 * bytes   zeroed, or of an earlier call; its memory is reused
 * Returns EDGEL_OK; EDGEL_ELIMIT; EDGEL_EIO (the file cannot be opened or read, or is no regular file);
 * EDGEL_EFORMAT, EDGEL_EUNSUPPORTED: the header of an image of more than 2^26 bytes; EDGEL_EINVAL; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_file_read(const char *path, enum edgel_file_kind kind,
                                                            const struct edgel_limits *limits,
                                                            struct edgel_bytes *bytes,
                                                            struct edgel_error *err);

/*
 * Decodes a file in memory: PNG, JPEG, PNM (P1..P6), PFM, or one page of a TIFF.
 *
 * TIFF: 1, 2, 4, 8 and 16 bits and 32-bit floats; gray, RGB, palette, 8-bit CMYK, and YCbCr in JPEG; one more sample is
 * alpha; strips and tiles, samples together or in planes; any compression of libtiff but old-style JPEG and SGI LogLuv.
 *
 * bytes, size  the file
 * name         for messages
 * out          zeroed, or an image of an earlier call; its memory is reused. Samples of up to 8 bits give U8, 16 bits
 *              U16, PFM and float TIFF F32 (as stored; the scale of a PFM gives only its byte order)
 * info         may be NULL; after a failure it is filled as far as known
 *
 * Returns EDGEL_OK; EDGEL_EINVAL: no such page, or a range that is automatic or whose min is not below its max;
 * EDGEL_EFORMAT: no image, damaged or truncated (any libjpeg warning in scan data, a wrong CRC or Adler sum or no IEND
 * in a PNG, any complaint of libtiff about pixels); EDGEL_EUNSUPPORTED: lossless or 12-bit JPEG, another kind of TIFF,
 * any TIFF in a build without libtiff; EDGEL_ELIMIT; EDGEL_ENOMEM.
 * Messages begin with name. Thread-safe; every machine gets the same pixels.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_decode(const void *bytes, size_t size, const char *name, const struct edgel_read *params,
                   struct edgel_image *out, struct edgel_info *info, struct edgel_error *err);

/* edgel_file_read() of an image and edgel_image_decode() in one. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_read(const char *path,
                                                             const struct edgel_read *params,
                                                             struct edgel_image *out, struct edgel_info *info,
                                                             struct edgel_error *err);

/*
 * Reads the header of an image and no pixels. The image may have any size. If the bytes are no image that edgel reads,
 * info->format is NONE and the status EDGEL_OK.
 *
 * bytes, size  the file, or its beginning up to the pixels (TIFF: the whole file)
 * name         for messages
 * info         as from edgel_image_decode() with page 1, and type; after a failure it is filled as far as known
 *
 * Returns EDGEL_OK; EDGEL_EFORMAT: the header is damaged or incomplete; EDGEL_EUNSUPPORTED: edgel_image_decode() does
 * not decode this image; EDGEL_ELIMIT: a PNG chunk over 8 MB; EDGEL_ENOMEM. Thread-safe.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_info_decode(const void *bytes, size_t size,
                                                              const char *name, struct edgel_info *info,
                                                              struct edgel_error *err);
/* The same for a file, of which it reads only the parts it needs; EDGEL_EIO as well. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_info_read(const char *path, struct edgel_info *info,
                                                            struct edgel_error *err);

/* Takes the rows of an image. A status other than EDGEL_OK stops the reading, which then returns it. */
struct edgel_row_sink {
    void *user;
    /* Called once, before the first row: shape has the size, channels and type of the image, and no data. */
    enum edgel_status (*begin)(void *user, struct edgel_view shape, struct edgel_error *err);
    /* Called for each row from the first to the last; row is valid during the call. */
    enum edgel_status (*row)(void *user, const void *row, struct edgel_error *err);
};

/*
 * Reads a file row by row; neither the file nor the image is in memory as a whole. It reads PNG without interlacing,
 * JPEG with one scan, binary PNM, and TIFF (a row of tiles, or a compressed strip, is in memory at a time). The rows
 * are those of edgel_image_read().
 *
 * Returns what edgel_image_read() returns, or what the sink returned. EDGEL_EUNSUPPORTED, before begin, for other
 * files, for images that need turning, and with params->lenient. A fault may be found after rows were handed over: they
 * are good only if EDGEL_OK is returned.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_stream(const char *path, const struct edgel_read *params, const struct edgel_row_sink *sink,
                   struct edgel_info *info, struct edgel_error *err);
/* The same for a file in memory. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_image_stream_bytes(const void *bytes, size_t size, const char *name, const struct edgel_read *params,
                         const struct edgel_row_sink *sink, struct edgel_info *info, struct edgel_error *err);

/* --- masks: what their pixels mean --- */

/* Ids are 0..EDGEL_IDS - 1; there are at most EDGEL_CLASSES_MAX classes. */
enum { EDGEL_IDS = 65536, EDGEL_CLASSES_MAX = 4096 };

/* A mask as decoded by EDGEL_DECODE_LABELS, with what the file said. */
struct edgel_mask {
    struct edgel_view view;
    int bits;         /* per sample as stored */
    bool indexed;     /* palette file */
    const char *name; /* its file, for messages; NULL: they name its role alone */
};

/* BINARY: background is 0, everything else is foreground. IDS: each value is a class. AUTO: decided by the truth. */
enum edgel_labels { EDGEL_LABELS_AUTO, EDGEL_LABELS_BINARY, EDGEL_LABELS_IDS };

/* What to take of a truth that several annotators drew. */
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

/* What a MAT file holds, by rows. Zero-initialise; finish frees. */
struct edgel_mat {
    enum edgel_mat_kind kind;
    size_t n;                          /* TRUTH: annotators; SEGS: segmentations */
    struct edgel_image *segmentations; /* [n] U16 labels; data is NULL where the file has none */
    struct edgel_image *boundaries;    /* [n] TRUTH: U8, 0 and 1; data is NULL where the file has none */
    double *ucm2;                      /* [h * w] UCM2: contour strength, of 2 x the image's sides + 1 */
    int w, h;                          /* of ucm2 */
};

/* True when the first bytes of a file (16 are enough) are those of a MAT file, of version 5 or 7.3. */
EDGEL_API bool edgel_mat_of_bytes(const void *head, size_t n);
/* True for a name that ends in .mat, any letter case. */
EDGEL_API bool edgel_named_like_mat(const char *name);

/* Which MAT files are accepted. */
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

/* edgel_file_read() of an image and edgel_mat_decode() in one. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_mat_read(const char *path,
                                                           const struct edgel_mat_params *params,
                                                           struct edgel_mat *out, struct edgel_error *err);
EDGEL_API void edgel_mat_finish(struct edgel_mat *mat);

/* --- writing --- */

/*
 * Bytes that are being written. A file gets a temporary name in the folder of its final one; edgel_output_commit()
 * renames it, so that the final name appears only when the file is complete. Missing folders are made. A symbolic link
 * means the file it points to. A device or a pipe is written directly, and "-" is standard output. Temporary names are
 * ".edgel-PID-TAG-N.tmp" with a random TAG for each process; a killed process may leave some.
 *
 * write, flush and commit return EDGEL_OK, EDGEL_ENOMEM, or EDGEL_EIO with the path and the system's reason. After a
 * failed write the output can only be discarded. commit and discard destroy it and set *out to NULL.
 */
struct edgel_output;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin(const char *path, struct edgel_output **out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_write(struct edgel_output *out, const void *bytes,
                                                               size_t n, struct edgel_error *err);
/* Hands all bytes written so far to the system, for a reader that follows along. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_flush(struct edgel_output *out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_commit(struct edgel_output **out,
                                                                struct edgel_error *err);
EDGEL_API void edgel_output_discard(struct edgel_output **out);
/* Removes the unfinished files of all outputs of this process, for a program that ends at once, from whatever place and
 * thread. None can be begun after it, and nothing but discard may be done with those that are open. */
EDGEL_API void edgel_outputs_abandon(void);

/*
 * A folder that outputs go to, held open. What is begun below it stays below it, whatever others do to names meanwhile:
 * no symbolic link below it is followed, a link that has an output's name is itself replaced, and if the folder's own
 * name is given to another folder, outputs still go to the one that was opened.
 *
 * path          of the folder, made if it is missing; it may be a link, which is resolved once
 * follow_links  follow links below it after all: an output whose name is a link is then written to where that points
 * Returns EDGEL_OK; EDGEL_EIO: it cannot be made or entered; EDGEL_ENOMEM. *out is NULL on failure; the caller closes
 * it. Outputs that are begun may be committed after that.
 */
struct edgel_output_folder;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_folder_open(const char *path, bool follow_links,
                                                                     struct edgel_output_folder **out,
                                                                     struct edgel_error *err);
/* Begins an output below the folder, as edgel_output_begin(); missing folders are made. Thread-safe.
 * below  "a/b.png": a relative path without empty components, "." and ".."
 * Returns as edgel_output_begin(); EDGEL_EINVAL: below is no such path; EDGEL_EIO also: a folder of it is a link. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_folder_begin(struct edgel_output_folder *folder,
                                                                      const char *below,
                                                                      struct edgel_output **out,
                                                                      struct edgel_error *err);
/* Closes the folder and sets *folder to NULL; folders that were made for it are removed when they are empty. NULL is
 * fine. */
EDGEL_API void edgel_output_folder_close(struct edgel_output_folder **folder);

/*
 * An output to memory: everything that writes to an output can write to memory. After commit, bytes holds what was
 * written; after discard it is empty.
 *
 * bytes  zeroed, or of an earlier call (its memory is reused); must exist until commit or discard. The caller frees it
 *        with edgel_bytes_finish()
 * name   for messages
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin_bytes(struct edgel_bytes *bytes,
                                                                     const char *name,
                                                                     struct edgel_output **out,
                                                                     struct edgel_error *err);

/* Takes the bytes of an output. */
struct edgel_byte_sink {
    /* Takes the next n > 0 bytes. A status other than EDGEL_OK stops the writing, which then returns it. */
    enum edgel_status (*write)(void *user, const void *bytes, size_t n, struct edgel_error *err);
    void *user;
};

/*
 * An output to a callback, which gets the bytes in order, in pieces of any size. It gets a TIFF as one piece at commit,
 * because the beginning of a TIFF is written last. Discard takes nothing back.
 *
 * sink  is copied
 * name  for messages
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_output_begin_callback(const struct edgel_byte_sink *sink,
                                                                        const char *name,
                                                                        struct edgel_output **out,
                                                                        struct edgel_error *err);

/*
 * A group of outputs that reaches the disk together, so that after a power failure each name has its new file in full
 * or its old one. Add each output when its bytes are written; call edgel_sync_bytes(); commit each; call
 * edgel_sync_names(). On Linux one syncfs() serves the group, elsewhere each file is synced.
 */
struct edgel_sync;
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_create(struct edgel_sync **out,
                                                              struct edgel_error *err);
/* Flushes the output and adds it to the group. The caller still owns it. EDGEL_EIO, EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_sync_add(struct edgel_sync *sync, struct edgel_output *output, struct edgel_error *err);
/* Waits until the bytes of all outputs are on the disk. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_bytes(struct edgel_sync *sync,
                                                             struct edgel_error *err);
/* Waits until their names are on the disk, and empties the group, also on failure. EDGEL_EIO. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sync_names(struct edgel_sync *sync,
                                                             struct edgel_error *err);
EDGEL_API void edgel_sync_destroy(struct edgel_sync **sync);

/* A colour table for palette PNG. */
struct edgel_palette {
    int count; /* 1..256 */
    uint8_t rgb[256][3];
};

/* The Pascal VOC colours: bit j of the index goes, three at a time, to bits 7 - j/3 of R, G, B. */
EDGEL_API void edgel_palette_voc(struct edgel_palette *palette);

struct edgel_write {
    enum edgel_format format; /* PNG, TIFF, PNM, PFM */
    int bits; /* 0: those of the samples. 1: of U1, or of U8 with one channel, non-zero is white (PNG, TIFF, PNM) */
    const struct edgel_palette *palette; /* for a PNG of U8 with one channel; NULL: none */
    int tile; /* TIFF: side of square tiles, a multiple of 16 up to EDGEL_TILE_MAX; up to 200 MB each; 0: strips */
    uint64_t
        bytes; /* TIFF of several pages: expected bytes of all pixels; near 4 GB and above it becomes a BigTIFF */
};
/* PNG of the samples' own bits, no palette. */
EDGEL_API void edgel_write_init(struct edgel_write *params);
enum { EDGEL_TILE_MAX = 8192 };

/*
 * Encodes an image to an output, which it does not commit. Images have 1 or 3 channels:
 *
 *   PNG   U8, U16, U1 or 1 bit; U8 with a palette     PFM   F32
 *   PNM   U8, U16, U1 or 1 bit                        TIFF  U8, U16, F32, U1 or 1 bit
 *
 * The same pixels and the same zlib give the same bytes.
 * Returns EDGEL_OK, EDGEL_EINVAL (a combination not in the table), EDGEL_EUNSUPPORTED (TIFF in a build without libtiff,
 * or to a pipe), EDGEL_EIO or EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_encode(struct edgel_view image,
                                                               const struct edgel_write *params,
                                                               struct edgel_output *out,
                                                               struct edgel_error *err);

/*
 * Encodes an image row by row, from the first to the last, so that it need not be in memory as a whole. The bytes are
 * those of edgel_image_encode().
 *
 * begin    shape is the view of the image without data
 * row      the samples of one row; not kept
 * page     after the last row of an image, begins the next page of the file, of this shape (TIFF only)
 * end      checks that all rows were written, ends the file and destroys the writer; the output is not committed
 * discard  destroys the writer
 *
 * Return as edgel_image_encode(); EDGEL_EUNSUPPORTED for PFM, which begins with the last row, and for pages of other
 * formats than TIFF.
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

/* Encodes an image to a file and commits it. A failure leaves no file. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_write(const char *path, struct edgel_view image,
                                                              const struct edgel_write *params,
                                                              struct edgel_error *err);
/* Encodes an image to memory; bytes as in edgel_output_begin_bytes(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_image_write_bytes(struct edgel_view image,
                                                                    const struct edgel_write *params,
                                                                    struct edgel_bytes *bytes,
                                                                    struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
