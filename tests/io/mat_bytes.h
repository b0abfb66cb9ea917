/* mat_bytes.h: MAT files of version 5, byte by byte, for tests. Sizes in bytes, little-endian. */
#ifndef EDGEL_MAT_BYTES_H
#define EDGEL_MAT_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct mat_bytes {
    unsigned char *v;
    size_t n, cap;
};

static inline void mat_put(struct mat_bytes *m, const void *bytes, size_t n)
{
    if (m->n + n + 8 > m->cap) {
        m->cap = 2 * (m->n + n + 8);
        m->v = realloc(m->v, m->cap);
        if (!m->v)
            abort();
    }
    if (n > 0)
        memcpy(m->v + m->n, bytes, n);
    m->n += n;
}

static inline void mat_u32(struct mat_bytes *m, uint32_t v)
{
    const unsigned char b[4] = { v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24 };
    mat_put(m, b, 4);
}

/* An element with its tag and padding; up to 4 bytes stand in the tag. */
static inline void mat_element(struct mat_bytes *m, uint32_t type, const void *bytes, size_t n)
{
    static const unsigned char zeros[8];
    const bool small = n > 0 && n <= 4;
    mat_u32(m, small ? type | (uint32_t)n << 16 : type);
    if (!small)
        mat_u32(m, (uint32_t)n);
    mat_put(m, bytes, n);
    mat_put(m, zeros, small ? 4 - n : (8 - n % 8) % 8);
}

static inline void mat_header(struct mat_bytes *m)
{
    char text[124];
    memset(text, ' ', sizeof text);
    memcpy(text, "MATLAB 5.0 MAT-file, for tests", 30);
    mat_put(m, text, sizeof text);
    mat_put(m, "\0\1IM", 4);
}

/* Begins an array of class_of and h x w elements; the place to give to mat_end(). */
static inline size_t mat_begin(struct mat_bytes *m, uint32_t class_of, uint32_t h, uint32_t w,
                               const char *name)
{
    const size_t at = m->n;
    const uint32_t flags[2] = { class_of, 0 }, dims[2] = { h, w };
    mat_u32(m, 14);
    mat_u32(m, 0);
    mat_element(m, 6, flags, 8);
    mat_element(m, 5, dims, 8);
    mat_element(m, 1, name, strlen(name));
    return at;
}

static inline void mat_end(struct mat_bytes *m, size_t at)
{
    const uint32_t n = (uint32_t)(m->n - at - 8);
    memcpy(m->v + at + 4, &n, 4);
}

/* A matrix of values that stand column by column. */
static inline void mat_u16(struct mat_bytes *m, const char *name, uint32_t h, uint32_t w, const uint16_t *v)
{
    const size_t at = mat_begin(m, 11, h, w, name);
    mat_element(m, 4, v, (size_t)h * w * sizeof *v);
    mat_end(m, at);
}

static inline void mat_u8(struct mat_bytes *m, const char *name, uint32_t h, uint32_t w, const uint8_t *v)
{
    const size_t at = mat_begin(m, 9, h, w, name);
    mat_element(m, 2, v, (size_t)h * w);
    mat_end(m, at);
}

static inline void mat_real(struct mat_bytes *m, const char *name, uint32_t h, uint32_t w, const double *v)
{
    const size_t at = mat_begin(m, 6, h, w, name);
    mat_element(m, 9, v, (size_t)h * w * sizeof *v);
    mat_end(m, at);
}

/* The start of a structure 1 x 1 with two fields, whose values come next. */
static inline size_t mat_pair(struct mat_bytes *m, const char *a, const char *b)
{
    char names[64] = { 0 };
    const int32_t length = 32;
    const size_t at = mat_begin(m, 2, 1, 1, "");
    memcpy(names, a, strlen(a));
    memcpy(names + 32, b, strlen(b));
    mat_element(m, 5, &length, 4);
    mat_element(m, 1, names, 64);
    return at;
}

/* Packs everything behind the header as one compressed element. */
static inline void mat_pack(struct mat_bytes *m)
{
    uLongf n = compressBound((uLong)m->n);
    unsigned char *packed = malloc(n);
    if (!packed || compress(packed, &n, m->v + 128, (uLong)(m->n - 128)) != Z_OK)
        abort();
    m->n = 128;
    mat_u32(m, 15);
    mat_u32(m, (uint32_t)n);
    mat_put(m, packed, n);
    free(packed);
}

#endif
