/* Values of a line of a counts file: read with their bounds, refused with the place they stand at, and written. */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <string.h>

enum edgel_status edgel_place_refuse(const struct edgel_place *p, const char *key, const char *rule)
{
    return edgel_fail(p->err, EDGEL_EFORMAT, "%s: %s: %s", p->where, key, rule);
}

enum edgel_status edgel_place_no_memory(const struct edgel_place *p)
{
    return edgel_no_memory(p->err, p->where);
}

enum edgel_status edgel_place_bool(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                   bool *out)
{
    return edgel_json_bool(v, out) ? EDGEL_OK : edgel_place_refuse(p, key, "must be true or false");
}

enum edgel_status edgel_place_word(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                   const char *const *words, int *out)
{
    if (!edgel_json_is_string(v))
        return edgel_place_refuse(p, key, "must be a string");
    char *s = edgel_json_strdup(v);
    if (!s)
        return edgel_place_no_memory(p);
    *out = -1;
    for (int i = 0; words[i]; i++)
        if (strcmp(s, words[i]) == 0)
            *out = i;
    edgel_free(s);
    return *out >= 0 ? EDGEL_OK : edgel_place_refuse(p, key, "is not one of the words it can be");
}

enum edgel_status edgel_place_whole(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                    int64_t lo, int64_t hi, int64_t *out)
{
    if (!edgel_json_int(v, out) || *out < lo || *out > hi)
        return edgel_fail(p->err, EDGEL_EFORMAT, "%s: %s: must be a whole number from %lld to %lld", p->where,
                          key, (long long)lo, (long long)hi);
    return EDGEL_OK;
}

enum edgel_status edgel_place_array(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                    size_t max, size_t *n)
{
    *n = 0;
    if (!edgel_json_is_array(v))
        return edgel_place_refuse(p, key, "must be a list");
    *n = edgel_json_count(v);
    return *n <= max ? EDGEL_OK : edgel_place_refuse(p, key, "has too many entries");
}

enum edgel_status edgel_place_tuple(const struct edgel_place *p, const struct edgel_json *a, const char *key,
                                    size_t n, int64_t lo, int64_t hi, int64_t *v)
{
    if (!edgel_json_is_array(a) || edgel_json_count(a) != n)
        return edgel_place_refuse(p, key, "an entry has too few or too many numbers");
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(edgel_place_whole(p, edgel_json_at(a, i), key, lo, hi, &v[i]));
    return EDGEL_OK;
}

enum edgel_status edgel_place_counts(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                     int n, uint64_t **out)
{
    size_t entries;
    EDGEL_TRY(edgel_place_array(p, v, key, EDGEL_THRESHOLDS_MAX, &entries));
    if (entries != (size_t)n)
        return edgel_place_refuse(p, key, "must have one entry per threshold");
    if (!(*out = edgel_alloc(entries, sizeof **out)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < entries; i++) {
        int64_t c;
        EDGEL_TRY(edgel_place_whole(p, edgel_json_at(v, i), key, 0, INT64_MAX, &c));
        (*out)[i] = (uint64_t)c;
    }
    return EDGEL_OK;
}

void edgel_counts_list(struct edgel_text *t, const char *key, const uint64_t *v, size_t n)
{
    edgel_text_printf(t, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRIu64, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

enum edgel_status edgel_place_reals(const struct edgel_place *p, const struct edgel_json *v, const char *key,
                                    int n, double **out)
{
    size_t entries;
    EDGEL_TRY(edgel_place_array(p, v, key, EDGEL_THRESHOLDS_MAX, &entries));
    if (entries != (size_t)n)
        return edgel_place_refuse(p, key, "must have one entry per threshold");
    if (!(*out = edgel_alloc(entries, sizeof **out)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < entries; i++)
        if (!edgel_json_real(edgel_json_at(v, i), &(*out)[i]))
            return edgel_place_refuse(p, key, "must be numbers");
    return EDGEL_OK;
}

void edgel_counts_reals(struct edgel_text *t, const char *key, const double *v, int n)
{
    edgel_text_printf(t, ",\"%s\":[", key);
    for (int i = 0; i < n; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_real(t, v[i]);
    }
    edgel_text_str(t, "]");
}

const struct edgel_reading_limit edgel_reading_limits[EDGEL_READING_LIMITS] = {
    { "max_pixels", offsetof(struct edgel_counts_reading, max_pixels) },
    { "max_side", offsetof(struct edgel_counts_reading, max_side) },
    { "max_scans", offsetof(struct edgel_counts_reading, max_scans) },
    { "max_chunk_bytes", offsetof(struct edgel_counts_reading, max_chunk_bytes) },
    { "max_file_bytes", offsetof(struct edgel_counts_reading, max_file_bytes) },
};

uint64_t edgel_counts_reading_limit(const struct edgel_counts_reading *r, int k)
{
    uint64_t v;
    memcpy(&v, (const char *)r + edgel_reading_limits[k].at, sizeof v);
    return v;
}
