#include "io/io_priv.h"

void edgel_palette_voc(struct edgel_palette *palette)
{
    palette->count = 256;
    for (int i = 0; i < 256; i++)
        for (int c = 0; c < 3; c++) {
            int v = 0;
            for (int j = 0; c + 3 * j < 8; j++)
                v |= (i >> (c + 3 * j) & 1) << (7 - j);
            palette->rgb[i][c] = (uint8_t)v;
        }
}
