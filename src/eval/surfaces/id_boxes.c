/* Where the ids of an image are: for each the box that holds its pixels of both sides, and their numbers. */
#include "eval/eval_priv.h"

static void stretch(struct edgel_id_box *b, int x, int y)
{
    if (b->truth + b->prediction == 0) {
        b->x0 = b->x1 = x;
        b->y0 = b->y1 = y;
    }
    b->x0 = x < b->x0 ? x : b->x0;
    b->x1 = x > b->x1 ? x : b->x1;
    b->y0 = y < b->y0 ? y : b->y0;
    b->y1 = y > b->y1 ? y : b->y1;
}

static void find(const int32_t *truth, const int32_t *prediction, int w, int h, int32_t only,
                 struct edgel_id_box *boxes)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const size_t i = (size_t)y * (size_t)w + (size_t)x;
            const int32_t t = truth[i], p = prediction ? prediction[i] : -1;
            if (t >= 0 && (only < 0 || t == only)) {
                stretch(&boxes[t], x, y);
                boxes[t].truth++;
            }
            if (p >= 0 && (only < 0 || p == only)) {
                stretch(&boxes[p], x, y);
                boxes[p].prediction++;
            }
        }
}

/* Moves those that are listed to the front; returns their number. */
static size_t keep_listed(struct edgel_id_box *boxes, int32_t only)
{
    size_t n = 0;
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        if (id == only || boxes[id].truth + boxes[id].prediction > 0) {
            boxes[n] = boxes[id];
            boxes[n++].id = id;
        }
    return n;
}

struct edgel_id_box *edgel_id_boxes(const int32_t *truth, const int32_t *prediction, int w, int h,
                                    int32_t only, size_t *n)
{
    struct edgel_id_box *boxes = edgel_calloc(EDGEL_IDS, sizeof *boxes);
    *n = 0;
    if (!boxes)
        return NULL;
    find(truth, prediction, w, h, only, boxes);
    *n = keep_listed(boxes, only);
    return boxes;
}
