/* Lists of a counts file with an entry an id: an id and so many counts, in memory and in the file. */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <stddef.h>

/* An entry is { int32_t id; uint64_t counts[fields]; }; on 32-bit x86 nothing lies between the two. */
struct entry {
    int32_t id;
    uint64_t counts[1];
};

static size_t size_of(size_t fields)
{
    return offsetof(struct entry, counts) + fields * sizeof(uint64_t);
}

static int32_t id_of(const void *entry)
{
    return *(const int32_t *)entry;
}

void edgel_entries_write(struct edgel_text *t, const char *key, const void *v, size_t n, size_t fields)
{
    for (size_t i = 0; i < n; i++) {
        const char *entry = (const char *)v + i * size_of(fields);
        const uint64_t *counts = (const uint64_t *)(const void *)(entry + offsetof(struct entry, counts));
        if (i == 0)
            edgel_text_printf(t, ",\"%s\":[", key);
        edgel_text_printf(t, "%s[%" PRId32, i ? "," : "", id_of(entry));
        for (size_t k = 0; k < fields; k++)
            edgel_text_printf(t, ",%" PRIu64, counts[k]);
        edgel_text_str(t, "]");
    }
    edgel_text_str(t, n > 0 ? "]" : "");
}

enum edgel_status edgel_entries_read(const struct edgel_place *p, const struct edgel_json *line,
                                     const char *key, size_t fields, void **out, size_t *n)
{
    const struct edgel_json *v = edgel_json_get(line, key);
    size_t entries;
    if (!v)
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_array(p, v, key, EDGEL_IDS, &entries));
    if (entries == 0)
        return EDGEL_OK;
    char *to = edgel_calloc(entries, size_of(fields));
    if (!to)
        return edgel_place_no_memory(p);
    *out = to;
    *n = entries;
    for (size_t i = 0; i < entries; i++, to += size_of(fields)) {
        int64_t c[1 + EDGEL_ENTRY_FIELDS_MAX];
        uint64_t *counts = (uint64_t *)(void *)(to + offsetof(struct entry, counts));
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, i), key, 1 + fields, 0, INT64_MAX, c));
        if (c[0] >= EDGEL_IDS)
            return edgel_place_refuse(p, key, "ids are 0 to 65535");
        *(int32_t *)(void *)to = (int32_t)c[0];
        for (size_t k = 0; k < fields; k++)
            counts[k] = (uint64_t)c[1 + k];
    }
    return EDGEL_OK;
}

const char *edgel_entries_odd(const struct edgel_measure *m, const struct edgel_row *row,
                              const struct edgel_id_totals *of, const void *v, size_t n, size_t size,
                              const char *(*odd)(const struct edgel_row *row, const void *entry,
                                                 const struct edgel_id_totals *of))
{
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    size_t listed = 0;
    if (binary && (n != 1 || id_of(v) != 1))
        return "binary masks have id 1 alone";
    for (size_t i = 0; i < n; i++) {
        const char *entry = (const char *)v + i * size;
        const int32_t id = id_of(entry);
        if (i > 0 && id <= id_of(entry - size))
            return "ids must rise";
        const char *rule = odd(row, entry, &of[id]);
        if (rule)
            return rule;
        listed += of[id].truth + of[id].prediction > 0;
    }
    return binary || listed == edgel_ids_there(of) ? NULL : "every id of the cells must be listed";
}
