/* JPEG through libjpeg-turbo. libjpeg reports errors by longjmp; only fenced() calls setjmp, and everything needed
 * after the jump is in struct job.
 *
 * libjpeg only warns about truncated files, damaged codes and stray bytes. Each such warning is an error here, or
 * info->damage when lenient. Two warnings about headers change no sample; they are remarks. Gray is the Y plane (of RGB
 * files libjpeg's own gray); colour is decoded with libjpeg's defaults, the accurate integer DCT and smooth chroma. A
 * progress monitor counts the scans; libjpeg has no other hook for that. */
#include "io/io_priv.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

struct job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr file;
    uint64_t file_at; /* what libjpeg is given next */
    jmp_buf jump;
    const struct edgel_source *src;
    struct edgel_rows rows;
    enum edgel_status status; /* the status of the failure */
    char message[JMSG_LENGTH_MAX];
    bool in_scan;
    int rows_done;
};

/* --- the fence --- */

static bool fenced(struct job *j, void (*body)(struct job *j))
{
    if (setjmp(j->jump))
        return false;
    body(j);
    return true;
}

static void leave(struct job *j, enum edgel_status status)
{
    j->status = status;
    longjmp(j->jump, 1);
}

static enum edgel_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY: return EDGEL_ENOMEM;
    case JERR_IMAGE_TOO_BIG: return EDGEL_ELIMIT;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED: return EDGEL_EUNSUPPORTED;
    default: return EDGEL_EFORMAT;
    }
}

static void on_error(j_common_ptr jpeg)
{
    struct job *j = jpeg->client_data;
    jpeg->err->format_message(jpeg, j->message);
    leave(j, status_of(jpeg->err->msg_code));
}

static void on_message(j_common_ptr jpeg, int level)
{
    struct job *j = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    if (level >= 0)
        return;
    int code = jpeg->err->msg_code;
    jpeg->err->format_message(jpeg, text);
    jpeg->err->num_warnings++;
    if (!j->in_scan && (code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM))
        edgel_source_remark(j->src, text);
    else if (j->src->params->lenient)
        edgel_source_damage(j->src, text);
    else {
        memcpy(j->message, text, sizeof text);
        leave(j, EDGEL_EFORMAT);
    }
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct job *j = jpeg->client_data;
    int most = j->src->params->limits.max_scans;
    if (j->jpeg.input_scan_number <= most)
        return;
    snprintf(j->message, sizeof j->message, "more than %d scans (%.40s)", most,
             edgel_source_limit_names(&j->src->params->limits)->max_scans);
    leave(j, EDGEL_ELIMIT);
}

/* --- a file that is not in memory --- : libjpeg gets one window after the other */

static void on_init(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* At the end of the file, libjpeg gets an end marker and the warning that its own sources give. */
static boolean on_fill(j_decompress_ptr jpeg)
{
    static const JOCTET end[2] = { 0xFF, JPEG_EOI };
    struct job *j = jpeg->client_data;
    const uint64_t left = j->src->size - j->file_at;
    const size_t n = left < EDGEL_WINDOW ? (size_t)left : EDGEL_WINDOW;
    const unsigned char *p = n ? edgel_source_at(j->src, j->file_at, n) : NULL;
    j->file.next_input_byte = p ? p : end;
    j->file.bytes_in_buffer = p ? n : 2;
    j->file_at += p ? n : 0;
    if (!p) {
        jpeg->err->msg_code = JWRN_JPEG_EOF;
        jpeg->err->emit_message((j_common_ptr)jpeg, -1);
    }
    return TRUE;
}

static void on_skip(j_decompress_ptr jpeg, long n)
{
    struct job *j = jpeg->client_data;
    for (; n > 0 && (size_t)n > j->file.bytes_in_buffer; (void)on_fill(jpeg))
        n -= (long)j->file.bytes_in_buffer;
    if (n > 0) {
        j->file.next_input_byte += n;
        j->file.bytes_in_buffer -= (size_t)n;
    }
}

static void read_from_window(struct job *j)
{
    j->file = (struct jpeg_source_mgr){ .init_source = on_init,
                                        .fill_input_buffer = on_fill,
                                        .skip_input_data = on_skip,
                                        .resync_to_restart = jpeg_resync_to_restart,
                                        .term_source = on_init };
    j->jpeg.src = &j->file;
}

/* --- header --- */

static void read_header(struct job *j)
{
    j->jpeg.client_data = j;
    jpeg_create_decompress(&j->jpeg);
    j->progress.progress_monitor = on_progress;
    j->jpeg.progress = &j->progress;
    if (j->src->window)
        read_from_window(j);
    else
        jpeg_mem_src(&j->jpeg, (unsigned char *)j->src->bytes, (unsigned long)j->src->size);
    (void)jpeg_read_header(&j->jpeg, TRUE);
    j->in_scan = true;
}

/* The colours that libjpeg is asked for, and their meaning for rows.c. */
static bool choose_output(struct job *j)
{
    struct edgel_raw *raw = &j->rows.raw;
    J_COLOR_SPACE stored = j->jpeg.jpeg_color_space;
    raw->type = EDGEL_U8;
    raw->bits = 8;
    raw->samples = j->src->params->decode == EDGEL_DECODE_GRAY || stored == JCS_GRAYSCALE ? 1 : 3;
    switch (stored) {
    case JCS_GRAYSCALE:
    case JCS_YCbCr:
    case JCS_RGB: j->jpeg.out_color_space = raw->samples == 1 ? JCS_GRAYSCALE : JCS_RGB; return true;
    case JCS_CMYK:
    case JCS_YCCK:
        j->jpeg.out_color_space = JCS_CMYK;
        raw->samples = 4;
        raw->cmyk = true;
        raw->inverted = j->jpeg.saw_Adobe_marker;
        return true;
    default: return false;
    }
}

static enum edgel_status describe(struct job *j)
{
    const struct edgel_source *src = j->src;
    struct edgel_info *info = src->info;
    info->w = j->rows.raw.w = (int)j->jpeg.image_width;
    info->h = j->rows.raw.h = (int)j->jpeg.image_height;
    info->channels = j->jpeg.num_components;
    info->bits = j->jpeg.data_precision;
    if (j->jpeg.data_precision != 8)
        return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: JPEG of %d bits per sample", src->name,
                          info->bits);
    if (!choose_output(j))
        return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: JPEG of %d components of unknown colours",
                          src->name, info->channels);
    return edgel_source_check_size(src, j->jpeg.image_width, j->jpeg.image_height);
}

/* Each block has a Huffman code of at least one bit for its DC value. A file with fewer bits than blocks cannot hold
 * the pixels that its header claims. Arithmetic codes can be shorter. */
static enum edgel_status check_claim(const struct job *j)
{
    uint64_t blocks = 0;
    for (int c = 0; c < j->jpeg.num_components; c++)
        blocks += (uint64_t)j->jpeg.comp_info[c].width_in_blocks * j->jpeg.comp_info[c].height_in_blocks;
    if (j->jpeg.arith_code || j->src->params->lenient || blocks / 8 <= j->src->size)
        return EDGEL_OK;
    return edgel_fail(j->src->err, EDGEL_EFORMAT, "%s: JPEG: %zu bytes cannot hold %dx%d pixels",
                      j->src->name, j->src->size, j->rows.raw.w, j->rows.raw.h);
}

/* --- pixels --- */

static void read_pixels(struct job *j)
{
    enum { MOST = 16 };
    JSAMPROW row[MOST];
    int h = j->rows.raw.h, step = j->rows.raw_rows ? 1 : MOST;
    (void)jpeg_start_decompress(&j->jpeg);
    for (int y = 0; y < h; y = (int)j->jpeg.output_scanline) {
        int n = h - y < step ? h - y : step;
        for (int i = 0; i < n; i++)
            row[i] = edgel_rows_at(&j->rows, y + i);
        (void)jpeg_read_scanlines(&j->jpeg, row, (JDIMENSION)n);
        for (int i = y; i < (int)j->jpeg.output_scanline; i++)
            if (!edgel_rows_put(&j->rows, i))
                leave(j, j->rows.refused);
        j->rows_done = (int)j->jpeg.output_scanline;
    }
    (void)jpeg_finish_decompress(&j->jpeg); /* also checks the bytes up to the end marker */
}

static enum edgel_status failure(const struct job *j)
{
    if (j->rows.refused != EDGEL_OK)
        return j->rows.refused;
    return edgel_fail(j->src->err, j->status, "%s: JPEG: %s", j->src->name, j->message);
}

static enum edgel_status take_pixels(struct job *j)
{
    if (fenced(j, read_pixels))
        return EDGEL_OK;
    if (!j->src->params->lenient || j->status != EDGEL_EFORMAT || j->rows_done == 0)
        return failure(j);
    edgel_source_damage(j->src, j->message);
    return EDGEL_OK;
}

static void destroy(struct job *j)
{
    jpeg_destroy_decompress(&j->jpeg);
}

enum edgel_status edgel_jpeg_decode(const struct edgel_source *src, struct edgel_image *out)
{
    struct job j = { .src = src };
    enum edgel_status st = EDGEL_OK;
    j.jpeg.err = jpeg_std_error(&j.errors);
    j.errors.error_exit = on_error;
    j.errors.emit_message = on_message;
    j.errors.output_message = on_output;
    src->info->orientation = edgel_exif_orientation_of_jpeg(src);
    if (!fenced(&j, read_header))
        st = failure(&j);
    if (st == EDGEL_OK)
        st = describe(&j);
    if (st == EDGEL_OK)
        st = check_claim(&j);
    if (st == EDGEL_OK)
        st = edgel_source_check_rows(src, !jpeg_has_multiple_scans(&j.jpeg), "JPEG of several scans");
    if (st == EDGEL_OK)
        st = edgel_rows_init(&j.rows, src, out, false);
    if (st == EDGEL_OK)
        st = take_pixels(&j);
    edgel_rows_finish(&j.rows);
    (void)fenced(&j, destroy);
    return st;
}
