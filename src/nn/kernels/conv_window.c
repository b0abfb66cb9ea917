/*
 * The rows that a convolution is working on, copied from the map into the first-level cache, with zeros outside the
 * map. With a stride, pixels of one phase lie together. The next row of the map is prefetched meanwhile.
 */
#include "nn/kernels/conv_priv.h"
#include <string.h>

enum { AHEAD = 16, TARGET_FLOATS = 1 << 16 };

size_t conv_window_row(const struct conv_window *w)
{
    return (size_t)w->blocks * (size_t)w->phases * (size_t)(w->pixels * w->size.lanes);
}

int conv_window_capacity(size_t row_floats, int span)
{
    const size_t fit = TARGET_FLOATS / row_floats, least = (size_t)span + 1, most = (size_t)span + AHEAD;
    return (int)(fit < least ? least : fit > most ? most : fit);
}

/* The stretch of one block's row. */
static void load_block(const struct conv_window *w, const float *row, float *to)
{
    const int end = w->pixels * w->phases, lanes = w->size.lanes;
    int from = w->x0 < 0 ? -w->x0 : 0, stop = w->size.w - w->x0;
    stop = stop > end ? end : stop;
    if (from >= stop) {
        memset(to, 0, (size_t)(end * lanes) * sizeof *to);
        return;
    }
    if (w->phases == 1) {
        memset(to, 0, (size_t)(from * lanes) * sizeof *to);
        memcpy(to + from * lanes, row + (w->x0 + from) * lanes, (size_t)((stop - from) * lanes) * sizeof *to);
        memset(to + stop * lanes, 0, (size_t)((end - stop) * lanes) * sizeof *to);
        return;
    }
    for (int phase = 0; phase < w->phases; phase++)
        for (int i = 0; i < w->pixels; i++, to += lanes) {
            const int u = phase + i * w->phases;
            if (lanes == 1)
                *to = u >= from && u < stop ? row[w->x0 + u] : 0;
            else if (u >= from && u < stop)
                memcpy(to, row + (w->x0 + u) * NN_LANES, NN_LANES * sizeof *to);
            else
                memset(to, 0, NN_LANES * sizeof *to);
        }
}

static void load_row(struct conv_window *w, int y, float *to)
{
    if (y < 0 || y >= w->size.h) {
        memset(to, 0, conv_window_row(w) * sizeof *to);
        return;
    }
    const size_t row_floats = (size_t)(w->size.w * w->size.lanes), plane = row_floats * (size_t)w->size.h;
    const int begin = w->x0 < 0 ? 0 : w->x0, end = w->x0 + w->pixels * w->phases;
    for (int b = 0; b < w->blocks; b++) {
        const float *row = w->map + (size_t)(w->first_block + b) * plane + (size_t)y * row_floats;
        load_block(w, row, to);
        to += w->phases * w->pixels * w->size.lanes;
        for (int x = begin; y + 1 < w->size.h && x < w->size.w && x < end; x += NN_LANES / w->size.lanes)
            __builtin_prefetch(row + row_floats + x * w->size.lanes, 0, 2);
    }
}

void conv_window_need(struct conv_window *w, int lo, int hi)
{
    const size_t floats = conv_window_row(w);
    if (w->count == 0 || lo >= w->first + w->count) {
        w->first = lo;
        w->count = 0;
    }
    if (hi >= w->first + w->capacity) {
        const int keep = w->first + w->count - lo;
        memmove(w->rows, w->rows + (size_t)(lo - w->first) * floats, (size_t)keep * floats * sizeof *w->rows);
        w->first = lo;
        w->count = keep;
    }
    for (; w->first + w->count <= hi; w->count++)
        load_row(w, w->first + w->count, w->rows + (size_t)w->count * floats);
}
