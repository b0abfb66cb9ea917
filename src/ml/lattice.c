/*
 * The permutohedral lattice: the points of A*_d, the projection of the integer grid of d + 1 dimensions along (1, ...,
 * 1), whose simplices tile the space of d. A point gives its value to the d + 1 corners of its simplex by barycentric
 * shares (splat), each direction of the lattice is smoothed by 1/2 1 1/2 (blur), and the point takes the value back by
 * the same shares (slice). Work grows with d^2 and not with 2^d.
 *
 * Corners are numbered as the points meet them, in order; they are found again through a hash table with open
 * addressing. Splatting is in the order of the points, so that sums have one order.
 * Source: Adams, Baek, Davis, Fast high-dimensional filtering using the permutohedral lattice, Eurographics 2010.
 */
#include "ml/lattice.h"
#include <math.h>
#include <string.h>

enum { CORNERS_MAX = ML_LATTICE_DIMS_MAX + 1 };

/* Corners by their coordinates; the last coordinate follows from the sum of 0 and is left out. */
struct table {
    int d;
    int32_t *keys; /* [capacity][d] */
    uint32_t *slots;
    size_t count, capacity, size; /* size: of slots, a power of two */
};

static size_t slot_of(const struct table *t, const int32_t *key)
{
    uint64_t h = 0;
    for (int i = 0; i < t->d; i++)
        h = (h + (uint32_t)key[i]) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 29;
    return (size_t)(h * UINT64_C(0xBF58476D1CE4E5B9) >> 32) & (t->size - 1);
}

/* The number of a corner, or UINT32_MAX. *slot is where it is, or would be. */
static uint32_t find(const struct table *t, const int32_t *key, size_t *slot)
{
    for (*slot = slot_of(t, key); t->slots[*slot] != UINT32_MAX; *slot = (*slot + 1) & (t->size - 1))
        if (memcmp(t->keys + (size_t)t->slots[*slot] * (size_t)t->d, key, (size_t)t->d * sizeof *key) == 0)
            return t->slots[*slot];
    return UINT32_MAX;
}

static bool grow(struct table *t)
{
    if (t->count == t->capacity) {
        int32_t *more = edgel_realloc(t->keys, t->count * (size_t)t->d * sizeof *more, 2 * t->capacity,
                                      (size_t)t->d * sizeof *more);
        if (!more)
            return false;
        t->keys = more;
        t->capacity *= 2;
    }
    if (2 * t->count < t->size)
        return true;
    uint32_t *slots = edgel_alloc(2 * t->size, sizeof *slots);
    if (!slots)
        return false;
    edgel_free(t->slots);
    t->slots = slots;
    t->size *= 2;
    memset(slots, 0xff, t->size * sizeof *slots);
    for (size_t i = 0; i < t->count; i++) {
        size_t slot;
        (void)find(t, t->keys + i * (size_t)t->d, &slot);
        slots[slot] = (uint32_t)i;
    }
    return true;
}

/* The number of a corner, a new one if it is not there; false: no memory. */
static bool number(struct table *t, const int32_t *key, uint32_t *out)
{
    size_t slot;
    *out = find(t, key, &slot);
    if (*out != UINT32_MAX)
        return true;
    memcpy(t->keys + t->count * (size_t)t->d, key, (size_t)t->d * sizeof *key);
    *out = t->slots[slot] = (uint32_t)t->count++;
    return grow(t);
}

/* Finds the simplex of a point: its corner whose coordinates are multiples of d + 1, the order of the rest, and the
 * shares of all corners. */
static void locate(const float *point, int d, int32_t *corner, int *rank, float *share)
{
    double elevated[CORNERS_MAX], shares[CORNERS_MAX + 1] = { 0 }, sum = 0;
    /* into the plane of d + 1 coordinates whose sum is 0, scaled so that blurring has the deviation 1 */
    for (int j = d; j > 0; j--) {
        const double v = point[j - 1] * (d + 1) * sqrt(2.0 / 3) / sqrt((double)j * (j + 1));
        elevated[j] = sum - j * v;
        sum += v;
    }
    elevated[0] = sum;
    int away = 0;
    for (int i = 0; i <= d; i++) {
        const double multiple = floor(elevated[i] / (d + 1) + 0.5);
        corner[i] = (int32_t)multiple * (d + 1);
        away += (int)multiple;
        rank[i] = 0;
    }
    for (int i = 0; i < d; i++)
        for (int j = i + 1; j <= d; j++)
            rank[elevated[i] - corner[i] < elevated[j] - corner[j] ? i : j]++;
    for (int i = 0; i <= d; i++) { /* back into the plane */
        rank[i] += away;
        if (rank[i] < 0) {
            rank[i] += d + 1;
            corner[i] += d + 1;
        } else if (rank[i] > d) {
            rank[i] -= d + 1;
            corner[i] -= d + 1;
        }
    }
    for (int i = 0; i <= d; i++) {
        const double v = (elevated[i] - corner[i]) / (d + 1);
        shares[d - rank[i]] += v;
        shares[d - rank[i] + 1] -= v;
    }
    shares[0] += 1 + shares[d + 1];
    for (int i = 0; i <= d; i++)
        share[i] = (float)shares[i];
}

static enum edgel_status place_points(struct ml_lattice *l, const float *points, struct table *t,
                                      struct edgel_error *err)
{
    const int d = l->d;
    for (size_t i = 0; i < l->n; i++) {
        int32_t corner[CORNERS_MAX], key[CORNERS_MAX];
        int rank[CORNERS_MAX];
        for (int k = 0; k < d; k++)
            if (!(fabsf(points[i * (size_t)d + (size_t)k]) <= 1e6F))
                return edgel_fail(err, EDGEL_ELIMIT, "lattice: a point is more than 10^6 deviations away");
        locate(points + i * (size_t)d, d, corner, rank, l->share + i * (size_t)(d + 1));
        for (int r = 0; r <= d; r++) {
            for (int k = 0; k < d; k++)
                key[k] = corner[k] + (rank[k] <= d - r ? r : r - (d + 1));
            if (!number(t, key, l->vertex + i * (size_t)(d + 1) + (size_t)r))
                return edgel_no_memory(err, "lattice");
        }
        if (t->count > INT32_MAX)
            return edgel_fail(err, EDGEL_ELIMIT, "lattice: more than 2^31 corners");
    }
    return EDGEL_OK;
}

static void find_neighbours(struct ml_lattice *l, const struct table *t)
{
    const int d = l->d;
    for (int axis = 0; axis <= d; axis++)
        for (uint32_t v = 0; v < l->vertices; v++)
            for (int side = 0; side < 2; side++) {
                const int32_t *key = t->keys + (size_t)v * (size_t)d;
                int32_t beside[CORNERS_MAX];
                size_t slot;
                for (int k = 0; k < d; k++)
                    beside[k] = key[k] + (side ? 1 : -1) * (k == axis ? -d : 1);
                const uint32_t found = find(t, beside, &slot);
                l->neighbours[((size_t)axis * l->vertices + v) * 2 + (size_t)side] =
                    found == UINT32_MAX ? l->vertices : found;
            }
}

void ml_lattice_finish(struct ml_lattice *l)
{
    edgel_free(l->vertex);
    edgel_free(l->share);
    edgel_free(l->neighbours);
    *l = (struct ml_lattice){ 0 };
}

enum edgel_status ml_lattice_init(struct ml_lattice *l, const float *points, size_t n, int d,
                                  struct edgel_error *err)
{
    struct table t = { .d = d, .capacity = 1024, .size = 4096 };
    *l = (struct ml_lattice){ .n = n, .d = d };
    t.keys = edgel_alloc(t.capacity, (size_t)d * sizeof *t.keys);
    t.slots = edgel_alloc(t.size, sizeof *t.slots);
    l->vertex = edgel_alloc(n, (size_t)(d + 1) * sizeof *l->vertex);
    l->share = edgel_alloc(n, (size_t)(d + 1) * sizeof *l->share);
    enum edgel_status s = EDGEL_OK;
    if (!t.keys || !t.slots || !l->vertex || !l->share) {
        s = edgel_no_memory(err, "lattice");
        goto out;
    }
    memset(t.slots, 0xff, t.size * sizeof *t.slots);
    s = place_points(l, points, &t, err);
    if (s != EDGEL_OK)
        goto out;
    l->vertices = (uint32_t)t.count;
    l->neighbours = edgel_alloc(t.count, (size_t)(d + 1) * 2 * sizeof *l->neighbours);
    if (l->neighbours)
        find_neighbours(l, &t);
    else
        s = edgel_no_memory(err, "lattice");
out:
    edgel_free(t.slots);
    edgel_free(t.keys);
    if (s != EDGEL_OK)
        ml_lattice_finish(l);
    return s;
}

/* --- the three steps --- */

struct filtering {
    const struct ml_lattice *l;
    int channels, axis;
    size_t parts;
    float *from, *to; /* values of corners; one more, which is 0, stands for those that are not there */
    float *out;
};

static void splat(const struct ml_lattice *l, const float *in, int channels, float *values)
{
    const size_t corners = (size_t)l->d + 1, c = (size_t)channels;
    memset(values, 0, ((size_t)l->vertices + 1) * c * sizeof *values);
    for (size_t i = 0; i < l->n; i++)
        for (size_t r = 0; r < corners; r++) {
            float *to = values + (size_t)l->vertex[i * corners + r] * c;
            const float share = l->share[i * corners + r];
            for (size_t k = 0; k < c; k++)
                to[k] += share * in[i * c + k];
        }
}

static void blur_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct filtering *f = user;
    const size_t n = f->l->vertices, c = (size_t)f->channels;
    const uint32_t *neighbours = f->l->neighbours + (size_t)f->axis * n * 2;
    for (size_t v = n * part / f->parts; v < n * (part + 1) / f->parts; v++) {
        const float *at = f->from + v * c, *a = f->from + neighbours[2 * v] * c,
                    *b = f->from + neighbours[2 * v + 1] * c;
        float *to = f->to + v * c;
        for (size_t k = 0; k < c; k++)
            to[k] = at[k] + 0.5F * (a[k] + b[k]);
    }
}

static void slice_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct filtering *f = user;
    const size_t n = f->l->n, corners = (size_t)f->l->d + 1, c = (size_t)f->channels;
    for (size_t i = n * part / f->parts; i < n * (part + 1) / f->parts; i++) {
        float *to = f->out + i * c;
        for (size_t k = 0; k < c; k++)
            to[k] = 0;
        for (size_t r = 0; r < corners; r++) {
            const float *at = f->from + (size_t)f->l->vertex[i * corners + r] * c;
            const float share = f->l->share[i * corners + r];
            for (size_t k = 0; k < c; k++)
                to[k] += share * at[k];
        }
    }
}

void ml_lattice_filter(const struct ml_lattice *l, const float *in, float *out, int channels, float *room,
                       struct edgel_pool *pool)
{
    const size_t size = ((size_t)l->vertices + 1) * (size_t)channels;
    struct filtering f = { .l = l, .channels = channels, .from = room, .to = room + size, .out = out };
    f.parts = (size_t)edgel_pool_threads(pool) * 4;
    splat(l, in, channels, f.from);
    memset(f.to + size - (size_t)channels, 0, (size_t)channels * sizeof *f.to);
    for (f.axis = 0; f.axis <= l->d; f.axis++) {
        edgel_pool_run(pool, f.parts, blur_part, &f);
        float *t = f.from;
        f.from = f.to;
        f.to = t;
    }
    edgel_pool_run(pool, f.parts, slice_part, &f);
}
