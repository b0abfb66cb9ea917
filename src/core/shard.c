/* Shards. Part i of N takes the items i - 1, i - 1 + N, i - 1 + 2 N, ... of a sorted list. Neighbours, which often have
 * similar sizes, go to different parts, and joining takes one item of each part in turn. The output of a part holds the
 * number of names in the whole list and their hash, so that parts of different lists are refused. */
#include "core/core_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHARDS_MAX = 1000000 };

enum edgel_status edgel_shard_parse(const char *what, const char *text, struct edgel_shard *out,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(out);
    const char *slash = strchr(text, '/');
    char part[24];
    int64_t index, count;
    if (!slash || slash - text >= (ptrdiff_t)sizeof part)
        return edgel_fail(err, EDGEL_EINVAL, "%s '%.100s': must be i/N, as in 1/3", what, text);
    snprintf(part, sizeof part, "%.*s", (int)(slash - text), text);
    EDGEL_TRY(edgel_parse_int(what, slash + 1, 1, SHARDS_MAX, &count, err));
    EDGEL_TRY(edgel_parse_int(what, part, 1, count, &index, err));
    *out = (struct edgel_shard){ .index = index, .count = count, .digest = EDGEL_HASH_START };
    return EDGEL_OK;
}

void edgel_shard_add(struct edgel_shard *shard, const char *name)
{
    const uint64_t before = shard->items == 0 ? EDGEL_HASH_START : shard->digest;
    shard->digest = edgel_hash_bytes(before, name, strlen(name) + 1);
    shard->items++;
}

size_t edgel_shard_size(const struct edgel_shard *shard, size_t n)
{
    if (shard->count == 0)
        return n;
    size_t first = (size_t)shard->index - 1, step = (size_t)shard->count;
    return n > first ? (n - first - 1) / step + 1 : 0;
}

size_t edgel_shard_at(const struct edgel_shard *shard, size_t k)
{
    return shard->count == 0 ? k : (size_t)shard->index - 1 + k * (size_t)shard->count;
}

void edgel_shard_text(struct edgel_text *t, const struct edgel_shard *shard)
{
    edgel_text_printf(t, "{\"index\":%" PRId64 ",\"count\":%" PRId64 ",\"items\":%" PRIu64, shard->index,
                      shard->count, shard->items);
    edgel_text_printf(t, ",\"list\":\"%016" PRIx64 "\"}", shard->digest);
}

static enum edgel_status read_digest(const struct edgel_json *v, const char *where, uint64_t *out,
                                     struct edgel_error *err)
{
    char *s = edgel_json_strdup(v);
    if (!s && edgel_json_is_string(v))
        return edgel_no_memory(err, where);
    const bool ok = s && strlen(s) == 16 && strspn(s, "0123456789abcdef") == 16;
    *out = 0;
    for (int i = 0; ok && i < 16; i++)
        *out = *out << 4 | (uint64_t)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
    edgel_free(s);
    return ok ? EDGEL_OK
              : edgel_fail(err, EDGEL_EFORMAT, "%s: shard: list must be 16 hexadecimal digits", where);
}

enum edgel_status edgel_shard_read(const struct edgel_json *v, const char *where, struct edgel_shard *out,
                                   struct edgel_error *err)
{
    int64_t items;
    *out = (struct edgel_shard){ 0 };
    if (!edgel_json_int(edgel_json_get(v, "count"), &out->count) || out->count < 1 ||
        out->count > SHARDS_MAX || !edgel_json_int(edgel_json_get(v, "index"), &out->index) ||
        out->index < 1 || out->index > out->count)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: shard: index and count must be 1 <= index <= count <= %d",
                          where, SHARDS_MAX);
    if (!edgel_json_int(edgel_json_get(v, "items"), &items) || items < 0)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: shard: items must be a number from 0 on", where);
    out->items = (uint64_t)items;
    return read_digest(edgel_json_get(v, "list"), where, &out->digest, err);
}

static enum edgel_status check_one(const struct edgel_shard *s, const struct edgel_shard *first,
                                   const char *path, const char *first_path, struct edgel_error *err)
{
    if (s->count == 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s: is no part of a run in several parts", path);
    if (s->count != first->count)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s is shard %" PRId64 " of %" PRId64 ", %s one of %" PRId64
                          ": not parts of one run",
                          path, s->index, s->count, first_path, first->count);
    if (s->items != first->items || s->digest != first->digest)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s and %s: are parts of different lists of files (%" PRIu64 " and %" PRIu64
                          "): the folders changed in between, or the commands differ",
                          first_path, path, first->items, s->items);
    return EDGEL_OK;
}

enum edgel_status edgel_shard_order(const struct edgel_shard *shards, size_t n, const char *const *paths,
                                    size_t *order, struct edgel_error *err)
{
    for (size_t i = 0; i < n; i++)
        order[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(check_one(&shards[i], &shards[0], paths[i], paths[0], err));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            if (shards[j].index == shards[i].index)
                return edgel_fail(err, EDGEL_EINVAL, "%s and %s: are both shard %" PRId64 " of %" PRId64,
                                  paths[j], paths[i], shards[i].index, shards[i].count);
        if ((uint64_t)shards[i].index <= n)
            order[shards[i].index - 1] = i;
    }
    for (size_t k = 0; n < (uint64_t)shards[0].count && k < n; k++)
        if (order[k] == SIZE_MAX)
            return edgel_fail(err, EDGEL_EINVAL, "shard %zu of %" PRId64 " is missing", k + 1,
                              shards[0].count);
    if (n < (uint64_t)shards[0].count)
        return edgel_fail(err, EDGEL_EINVAL, "shard %zu of %" PRId64 " is missing", n + 1, shards[0].count);
    return EDGEL_OK;
}
