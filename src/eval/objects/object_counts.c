/*
 * Counts of objects in a counts file: written, read and checked.
 *
 *   "objects":[[class,truth,prediction,passed,[pair...]]...]
 *   pair = [truth id,prediction id,both,either,truth box (4),prediction box (4),excused 0|1]
 *
 * with the objects of either side, the predictions passed over, and for each pair what object_match.c says of it.
 *
 * Checked: classes rise; where pixels were counted, the truth has objects of the classes of the cells, no more than
 * pixels, and the prediction has some of what it has in the cells (its objects may lie in void); pairs are at most the
 * objects of either side, those passed over at most what is left of the predictions; ids of the truth rise; the boxes
 * lie in the image, and IoU is at least 0.5 of pixels that both boxes have room for. What is missing predicts nothing.
 */
#include "eval/objects/objects_priv.h"
#include <inttypes.h>

enum { PAIR = 13 };

static void write_box(struct edgel_text *t, const int box[4])
{
    edgel_text_printf(t, ",%d,%d,%d,%d", box[0], box[1], box[2], box[3]);
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_object_list *list = counts;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_object_counts *c = &list->v[i];
        edgel_text_printf(t, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",[", i ? "," : ",\"objects\":[", c->id,
                          c->truth, c->prediction, c->passed);
        for (size_t k = 0; k < c->npairs; k++) {
            const struct edgel_object_pair *p = &c->pairs[k];
            edgel_text_printf(t, "%s[%" PRId64 ",%" PRId64 ",%" PRIu64 ",%" PRIu64, k ? "," : "", p->truth,
                              p->prediction, p->both, p->either);
            write_box(t, p->truth_box);
            write_box(t, p->prediction_box);
            edgel_text_str(t, p->excused ? ",1]" : ",0]");
        }
        edgel_text_str(t, "]]");
    }
    edgel_text_str(t, list->n > 0 ? "]" : "");
}

/* --- reading --- */

static enum edgel_status refuse(const struct edgel_place *p, const char *rule)
{
    return edgel_place_refuse(p, "objects", rule);
}

static bool read_pair(const struct edgel_json *v, struct edgel_object_pair *p)
{
    int64_t n[PAIR];
    if (!edgel_json_is_array(v) || edgel_json_count(v) != PAIR)
        return false;
    for (size_t i = 0; i < PAIR; i++)
        if (!edgel_json_int(edgel_json_at(v, i), &n[i]) || n[i] < 0 || (i >= 4 && n[i] > INT32_MAX))
            return false;
    *p = (struct edgel_object_pair){ n[0], n[1], (uint64_t)n[2], (uint64_t)n[3], { 0 }, { 0 }, n[12] == 1 };
    for (int i = 0; i < 4; i++) {
        p->truth_box[i] = (int)n[4 + i];
        p->prediction_box[i] = (int)n[8 + i];
    }
    return n[12] <= 1;
}

static enum edgel_status read_class(const struct edgel_place *p, const struct edgel_json *v,
                                    struct edgel_object_counts *c)
{
    const struct edgel_json *pairs = edgel_json_at(v, 4);
    int64_t n[4];
    if (!edgel_json_is_array(v) || edgel_json_count(v) != 5 || !edgel_json_is_array(pairs))
        return refuse(p, "an entry is a class, three numbers and a list of pairs");
    for (size_t i = 0; i < 4; i++)
        if (!edgel_json_int(edgel_json_at(v, i), &n[i]) || n[i] < 0 || n[i] > INT32_MAX)
            return refuse(p, "classes and numbers must be whole, from 0 to 2147483647");
    *c = (struct edgel_object_counts){
        .id = (int32_t)n[0], .truth = (uint64_t)n[1], .prediction = (uint64_t)n[2], .passed = (uint64_t)n[3]
    };
    const size_t npairs = edgel_json_count(pairs);
    if (npairs > 0 && !(c->pairs = edgel_alloc(npairs, sizeof *c->pairs)))
        return edgel_place_no_memory(p);
    c->npairs = npairs;
    for (size_t i = 0; i < npairs; i++)
        if (!read_pair(edgel_json_at(pairs, i), &c->pairs[i]))
            return refuse(p, "a pair is 13 whole numbers that are not negative, the last 0 or 1");
    return EDGEL_OK;
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    const struct edgel_json *v = edgel_json_get(line, "objects");
    struct edgel_object_list *list = counts;
    size_t n;
    (void)m;
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, "objects", SIZE_MAX, &n));
    if (n > 0 && !(list->v = edgel_calloc(n, sizeof *list->v)))
        return edgel_place_no_memory(p);
    list->n = n;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(read_class(p, edgel_json_at(v, i), &list->v[i]));
    return EDGEL_OK;
}

/* --- checking --- */

static bool numbers_sound(const struct edgel_object_counts *c)
{
    return c->id >= 0 && c->npairs <= c->truth && c->npairs <= c->prediction &&
           c->passed <= c->prediction - c->npairs && c->truth <= INT32_MAX && c->prediction <= INT32_MAX;
}

static bool pair_sound(const struct edgel_object_pair *p)
{
    return p->both > 0 && p->both <= p->either && p->either <= 2 * p->both;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    static const char odd[] = "its pairs of objects are not some of its objects";
    const struct edgel_object_list *list = edgel_row_objects(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_object_counts *c = &list->v[i];
        if ((i > 0 && c->id <= c[-1].id) || !numbers_sound(c))
            return odd;
        for (size_t k = 0; k < c->npairs; k++)
            if (!pair_sound(&c->pairs[k]))
                return odd;
    }
    return NULL;
}

static bool box_sound(const int b[4], const struct edgel_row *row)
{
    return b[0] < b[2] && b[1] < b[3] && b[2] <= row->w && b[3] <= row->h;
}

static uint64_t common_area(const int a[4], const int b[4])
{
    const int x0 = a[0] > b[0] ? a[0] : b[0], y0 = a[1] > b[1] ? a[1] : b[1];
    const int x1 = a[2] < b[2] ? a[2] : b[2], y1 = a[3] < b[3] ? a[3] : b[3];
    return x0 < x1 && y0 < y1 ? (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0) : 0;
}

static const char *odd_pairs(const struct edgel_row *row, const struct edgel_object_counts *c)
{
    for (size_t i = 0; i < c->npairs; i++) {
        const struct edgel_object_pair *p = &c->pairs[i];
        if (i > 0 && p->truth <= c->pairs[i - 1].truth)
            return "ids of the truth must rise";
        if (!box_sound(p->truth_box, row) || !box_sound(p->prediction_box, row))
            return "boxes must lie in the image";
        if (p->both > common_area(p->truth_box, p->prediction_box))
            return "common pixels must lie in both boxes";
        if (!pair_sound(p) || p->either > (uint64_t)row->w * (uint64_t)row->h)
            return "the IoU of a pair is at least 0.5, of pixels of the image";
    }
    return NULL;
}

static const char *odd_class(const struct edgel_measure *m, const struct edgel_row *row,
                             const struct edgel_object_counts *c, const struct edgel_id_totals *of)
{
    if (!numbers_sound(c) || c->truth + c->prediction == 0)
        return "pairs and those passed over must be some of the objects";
    if (row->kind == EDGEL_ROW_MISSING && c->prediction > 0)
        return "what is missing predicts nothing";
    if (of && (c->id == 0 || c->id >= EDGEL_IDS))
        return "components are of classes 1 to 65535";
    if (of && m->labels == EDGEL_LABELS_BINARY && c->id != 1)
        return "binary masks have class 1 alone";
    if (of && c->truth > of[c->id].truth)
        return "components of the truth are some of the pixels of their class in the cells";
    return odd_pairs(row, c);
}

static const char *odd_row(const struct edgel_measure *m, const struct edgel_row *row,
                           const struct edgel_id_totals *of)
{
    const struct edgel_object_list *list = edgel_row_objects(row);
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0 && list->v[i].id <= list->v[i - 1].id)
            return "classes must rise";
        const char *odd = odd_class(m, row, &list->v[i], of);
        if (odd)
            return odd;
    }
    return NULL;
}

/* A class with pixels in the truth has a component there; so has one in the prediction, if that is not missing. */
static const char *odd_absence(const struct edgel_measure *m, const struct edgel_row *row,
                               const struct edgel_id_totals *of)
{
    const struct edgel_object_list *list = edgel_row_objects(row);
    size_t k = 0;
    for (int32_t id = 1; id < EDGEL_IDS; id++) {
        if (m->labels == EDGEL_LABELS_BINARY && id > 1)
            break;
        const bool predicted = row->kind != EDGEL_ROW_MISSING && of[id].prediction > 0;
        const struct edgel_object_counts *c =
            k < list->n && list->v[k].id == id ? &list->v[k++] : &(struct edgel_object_counts){ 0 };
        if ((of[id].truth > 0) != (c->truth > 0) || (predicted && c->prediction == 0))
            return "a class of the cells must have components";
    }
    return NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const bool components = edgel_objects_kind(m) == EDGEL_OBJECTS_COMPONENTS;
    if (!components && edgel_row_pixels(row)->pixels != 0)
        return "pixels are not counted where objects are";
    const char *odd = odd_row(m, row, components ? of : NULL);
    return !odd && components ? odd_absence(m, row, of) : odd;
}

static void finish(void *counts)
{
    struct edgel_object_list *list = counts;
    edgel_objects_free(list->v, list->n);
}

/* Matched by ids there is nothing else. */
static const struct edgel_exclusion excludes[] = {
    { "labels", EDGEL_OBJECTS_IDS },
    { "colors", EDGEL_OBJECTS_IDS },
    { "threshold", EDGEL_OBJECTS_IDS },
    { "thresholds", EDGEL_OBJECTS_IDS },
    { "tolerance", EDGEL_OBJECTS_IDS },
    { "distances", EDGEL_OBJECTS_IDS },
    { "davis", EDGEL_OBJECTS_IDS },
    { "band", EDGEL_OBJECTS_IDS },
    { "votes", EDGEL_OBJECTS_IDS },
    { "reduce", EDGEL_OBJECTS_IDS },
    { NULL, 0 },
};
static const char *const serves[] = { "pairs_csv", NULL };

static const char *const kinds[] = { [EDGEL_OBJECTS_NONE] = "none",
                                     [EDGEL_OBJECTS_COMPONENTS] = "components",
                                     [EDGEL_OBJECTS_IDS] = "ids",
                                     [EDGEL_OBJECTS_MIXED] = "mixed",
                                     NULL };
static const struct edgel_family_option options[] = {
    { .key = "objects", .stored = "objects", .kind = EDGEL_OPTION_WORD, .words = kinds },
};

static enum edgel_status suits(const struct edgel_measure *m, struct edgel_error *err)
{
    return edgel_objects_alone(m) && m->labels != EDGEL_LABELS_IDS
               ? edgel_fail(err, EDGEL_EINVAL, "objects: by ids they have no use for binary labels")
               : EDGEL_OK;
}

const struct edgel_family_row edgel_objects_family = {
    .family = EDGEL_OBJECTS,
    .name = "objects",
    .key = "objects",
    .measures = "objects matched one to one, and their boxes",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .excludes = excludes,
    .serves = serves,
    .suits = suits,
    .in_place = edgel_objects_alone,
    .settles = "the objects",
    .needs = EDGEL_NEEDS_PLANES | EDGEL_NEEDS_WHOLE,
    .counts_size = sizeof(struct edgel_object_list),
    .measure = edgel_objects_family_measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_objects_summing,
};
