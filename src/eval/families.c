/* The table of families of measures. Counts files, documents and reducers go through it in this order. */
#include "eval/eval_priv.h"
#include <string.h>

static const struct edgel_family_row *const families[EDGEL_FAMILIES] = {
    [EDGEL_PIXELS] = &edgel_pixels_family,       [EDGEL_CURVE] = &edgel_curve_family,
    [EDGEL_TOLERANCE] = &edgel_tolerance_family, [EDGEL_DISTANCES] = &edgel_distances_family,
    [EDGEL_BOUNDARY] = &edgel_boundary_family,   [EDGEL_REGIONS] = &edgel_regions_family,
    [EDGEL_BANDS] = &edgel_bands_family,         [EDGEL_DAVIS] = &edgel_davis_family,
    [EDGEL_OBJECTS] = &edgel_objects_family,
};

const struct edgel_family_row *edgel_family_of(enum edgel_family family)
{
    return families[family];
}

bool edgel_family_asked(const struct edgel_family_row *f, const struct edgel_measure *m)
{
    return f->asked ? f->asked(m) : edgel_option_on(f->options, m->options[f->family][0]);
}

static const char *odd_option(const struct edgel_family_row *r, const struct edgel_family_option *o)
{
    const bool words = o->kind == EDGEL_OPTION_SWITCH || o->kind == EDGEL_OPTION_WORD;
    if (!o->key || !*o->key || !o->stored || !*o->stored)
        return "an option needs a key, and one for counts files";
    if (words ? !o->words || !o->words[0] || !o->words[1] : !(o->lo < o->hi))
        return "an option needs its words or its range";
    if (!isnan(o->def) ? edgel_option_check(o, o->def, NULL) != EDGEL_OK : o->kind != EDGEL_OPTION_REAL)
        return "an option needs a default that is in its range";
    if (o == r->options && !r->asked && edgel_option_on(o, o->def))
        return "a family is not asked for by default";
    return NULL;
}

static const char *odd_options(const struct edgel_family_row *r)
{
    if (r->noptions < 0 || r->noptions > EDGEL_OPTIONS_MAX || (r->noptions > 0 && !r->options))
        return "a family has its options in a table, no more than there is room for";
    for (int i = 0; i < r->noptions; i++) {
        const char *odd = odd_option(r, &r->options[i]);
        if (odd)
            return odd;
    }
    return r->noptions == 0 && !r->asked ? "a family needs an option that asks for it" : NULL;
}

static const char *odd_row(const struct edgel_family_row *r)
{
    if (!r->name || !*r->name || !r->key || !*r->key || !r->measures || !*r->measures)
        return "a family needs a name, the key of its counts and what it measures";
    if (!r->measure || r->counts_size == 0 || r->counts_size > EDGEL_PART_SIZE_MAX)
        return "a family needs the function that measures it and the size of its counts";
    if (!r->write || !r->read || !r->finish)
        return "a family needs its counts written, read and freed";
    if (!r->check || !r->sound)
        return "a family needs what must hold of its counts";
    if (!r->sums || !r->sums->add || !r->sums->result || !r->sums->finish_result ||
        r->sums->result_size == 0 || r->sums->result_size > EDGEL_PART_SIZE_MAX)
        return "a family needs its counts summed and its results computed and freed";
    if (r->family == EDGEL_PIXELS ? !r->sums->classes : r->noptions == 0 && !r->asks)
        return "pixels need their scores by class, and others the parameter that asks for them";
    return odd_options(r);
}

/* Each score that is not of a class is computed by the families that it names, and by no other. */
static const char *odd_scores(const struct edgel_family_row *const *rows, size_t n)
{
    for (size_t f = 0; f < n; f++)
        for (const struct edgel_family_score *s = rows[f]->sums->scores; s && s->key; s++) {
            const struct edgel_score *score = edgel_score_find(s->key);
            if (!s->of || !score || !(score->families >> f & 1))
                return "a score of a family is in the table of scores, and says that it is of this family";
        }
    const struct edgel_score *score;
    for (size_t i = 0; (score = edgel_score_at(i)) != NULL; i++)
        for (size_t f = 0; f < n; f++) {
            const struct edgel_family_score *s = rows[f]->sums->scores;
            while (s && s->key && strcmp(s->key, score->key) != 0)
                s++;
            const bool given = s && s->key,
                       needed = score->families >> f & 1 && (!score->of_class || score->overall);
            if (needed && !given)
                return "a family does not compute a score that is of it";
        }
    return NULL;
}

const char *edgel_families_odd(const struct edgel_family_row *const *rows, size_t n)
{
    if (n != EDGEL_FAMILIES || n > EDGEL_FAMILIES_MAX)
        return "there must be one row for each family";
    for (size_t i = 0; i < n; i++) {
        const char *odd = rows[i] ? odd_row(rows[i]) : "a family has no row";
        if (odd)
            return odd;
        if ((size_t)rows[i]->family != i)
            return "a row stands at the place of another family";
    }
    return odd_scores(rows, n);
}

unsigned edgel_families_needs(const struct edgel_measure *m)
{
    unsigned needs = 0;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        if (edgel_family_asked(families[f], m))
            needs |= families[f]->needs;
    return needs;
}

void *edgel_row_part(struct edgel_row *row, enum edgel_family family)
{
    if (!row->counts[family])
        row->counts[family] = edgel_calloc(1, families[family]->counts_size);
    return row->counts[family];
}

enum edgel_status edgel_families_measure(const struct edgel_measuring *k)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (!edgel_family_asked(families[f], k->params))
            continue;
        void *counts = edgel_row_part(k->row, (enum edgel_family)f);
        if (!counts)
            return edgel_no_memory_for(k->err, families[f]->name, k->w, k->h);
        EDGEL_TRY(families[f]->measure(k, counts));
    }
    return EDGEL_OK;
}

enum edgel_status edgel_family_read(enum edgel_family family, const struct edgel_json *line,
                                    const char *where, const struct edgel_measure *m, struct edgel_row *row,
                                    struct edgel_error *err)
{
    const struct edgel_place p = { where, err };
    if (edgel_family_asked(families[family], m)) {
        void *counts = edgel_row_part(row, family);
        return counts ? families[family]->read(&p, line, m, counts) : edgel_place_no_memory(&p);
    }
    return edgel_json_get(line, families[family]->key)
               ? edgel_place_refuse(&p, families[family]->key, "the first line has none")
               : EDGEL_OK;
}

void edgel_row_finish(struct edgel_row *row)
{
    if (!row)
        return;
    edgel_free(row->image);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (row->counts[f])
            families[f]->finish(row->counts[f]);
        edgel_free(row->counts[f]);
    }
    *row = (struct edgel_row){ 0 };
}
