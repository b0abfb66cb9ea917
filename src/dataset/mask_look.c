/*
 * What the ids of masks look like: classes, numbers of objects, or values that are no ids at all.
 *
 * Masks with more than EDGEL_LOOK_IDS ids have classes only where somebody lists them. Ids that run from 1 without a
 * gap in every mask, up to a number that differs from mask to mask, number the objects of an image: of classes, some
 * are missing here and some there. In JPEG files no value is an id.
 */
#include "dataset/dataset_priv.h"
#include <string.h>

enum { OBJECTS_MIN = 8, MASKS_MIN = 3 };
#define PIXELS_ENOUGH ((uint64_t)1 << 26) /* a look at a few masks takes less than a second */

void edgel_look_add(struct edgel_look *l, const uint64_t *ids, const bool *ignored)
{
    int32_t highest = 0, n = 0;
    for (int32_t id = 1; id < EDGEL_IDS; id++) {
        if (!(ids[id / 64] >> (id % 64) & 1) || (ignored && ignored[id]))
            continue;
        n++;
        highest = id;
        l->seen.ids += !(l->ids[id / 64] >> (id % 64) & 1);
        l->ids[id / 64] |= (uint64_t)1 << (id % 64);
    }
    if (n == 0)
        return;
    l->differ |= l->masks > 0 && highest != l->seen.highest;
    l->seen.gaps |= n != highest;
    l->seen.highest = highest > l->seen.highest ? highest : l->seen.highest;
    l->masks++;
    l->seen.numbered = !l->seen.gaps && l->differ && l->masks >= MASKS_MIN && l->seen.highest >= OBJECTS_MIN;
}

/* The file at path. *seen: it could be read and its mask holds ids. EDGEL_ENOMEM; other failures are told when the file
 * is measured. */
static enum edgel_status look_at_file(const struct edgel_dataset *d, const char *path, bool truth,
                                      struct edgel_look *l, uint64_t *pixels, bool *seen,
                                      struct edgel_error *err)
{
    struct edgel_error why = { 0 };
    uint64_t *ids = edgel_calloc(EDGEL_IDS / 64, sizeof *ids);
    struct edgel_bytes bytes = { 0 };
    struct edgel_mask_file f = { 0 };
    const enum edgel_mask_role role = truth ? EDGEL_MASK_TRUTH : EDGEL_MASK_PREDICTION;
    enum edgel_status s = ids ? edgel_mask_file_read(&d->p.read, path, role, 0, 0, &bytes, &f, &why)
                              : edgel_no_memory(&why, "look at the masks");
    *seen = false;
    if (s == EDGEL_OK && !f.is_mat) {
        const struct edgel_mask mask = edgel_mask_of_file(&f);
        const size_t n = (size_t)mask.view.w * (size_t)mask.view.h;
        uint16_t *v = edgel_alloc(n, sizeof *v);
        s = v ? edgel_mask_ids(&mask, d->p.colors, v, &why) : edgel_no_memory(&why, "look at the masks");
        *seen = s == EDGEL_OK;
        for (size_t i = 0; *seen && i < n; i++)
            ids[v[i] / 64] |= (uint64_t)1 << (v[i] % 64);
        if (*seen) {
            const int largest = mask.bits == 1 && !mask.indexed ? 1 : edgel_mask_largest(&mask);
            edgel_look_add(l, ids, d->ignored);
            l->seen.largest = largest > l->seen.largest ? largest : l->seen.largest;
            l->seen.lossy |= f.info.format == EDGEL_FORMAT_JPEG;
            *pixels += n;
        }
        edgel_free(v);
    }
    edgel_free(ids);
    edgel_bytes_finish(&bytes);
    edgel_mask_file_finish(&f);
    return s == EDGEL_ENOMEM ? edgel_fail(err, s, "%s", why.msg) : EDGEL_OK;
}

enum edgel_status edgel_dataset_look(const struct edgel_dataset *d, bool truth, size_t files,
                                     struct edgel_ids_seen *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_ids_seen){ 0 };
    EDGEL_REQUIRE(d);
    const struct edgel_pairs *pairs = d->parts[0].pairs;
    struct edgel_look *l = edgel_calloc(1, sizeof *l);
    uint64_t pixels = 0;
    enum edgel_status s = EDGEL_OK;
    if (!l)
        return edgel_no_memory(err, "look at the masks");
    const size_t n = edgel_pairs_count(pairs);
    for (size_t i = 0; s == EDGEL_OK && i < n && l->seen.files < files && pixels < PIXELS_ENOUGH; i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        bool seen = false;
        if (p->prediction && p->ntruth)
            s = look_at_file(d, truth ? p->truth[0] : p->prediction, truth, l, &pixels, &seen, err);
        l->seen.files += seen;
    }
    if (s == EDGEL_OK)
        *out = l->seen;
    edgel_free(l);
    return s;
}
