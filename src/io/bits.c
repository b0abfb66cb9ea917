/* Rows of bits, eight pixels a byte, the first in the highest bit. */
#include "io/io_priv.h"
#include <string.h>

const void *edgel_view_row(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
}

static void invert_packed(const uint8_t *from, int w, uint8_t *bits)
{
    for (int x = 0; x < w; x += 8)
        bits[x / 8] = (uint8_t)~from[x / 8];
    if (w % 8)
        bits[w / 8] &= (uint8_t)(0xFF00 >> w % 8);
}

void edgel_bits_pack(struct edgel_view v, int y, bool invert, uint8_t *bits)
{
    const uint8_t *samples = edgel_view_row(v, y);
    const int w = v.w;
    if (v.type == EDGEL_U1) {
        if (invert)
            invert_packed(samples, w, bits);
        else
            memcpy(bits, samples, ((size_t)w + 7) / 8);
        return;
    }
    unsigned flip = invert ? 0xFF : 0;
    int x = 0;
    for (; x + 8 <= w; x += 8) {
        unsigned b = 0;
        for (int i = 0; i < 8; i++)
            b = b << 1 | (samples[x + i] != 0);
        *bits++ = (uint8_t)(b ^ flip);
    }
    if (x == w)
        return;
    unsigned b = 0, mask = 0;
    for (int i = 0; i < 8; i++) {
        bool inside = x + i < w;
        b = b << 1 | (inside && samples[x + i] != 0);
        mask = mask << 1 | inside;
    }
    *bits = (uint8_t)((b ^ flip) & mask);
}
