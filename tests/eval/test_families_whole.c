/* Every family of the table, measured, stored and reduced: parts of a run joined are the whole to the byte, and what is
 * read back from memory ends in the same document as fresh rows. No file but those that are joined is touched. */
#include "edgel/report.h"
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 7, PARTS = 3, W = 24, H = 18, MODES = 4 };
static const char *const methods[] = { "method" };

static struct edgel_measure mode(int i)
{
    struct edgel_measure m = measure_defaults();
    m.labels = i < 2 ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
    if (i == 0) {
        m.thresholds = 3;
        ask(&m, "tolerance", 2);
        ask(&m, "distances", true);
        ask(&m, "band", 0.1);
        ask(&m, "davis", true);
        ask(&m, "objects", EDGEL_OBJECTS_COMPONENTS);
    } else if (i == 1) {
        m.thresholds = 3;
        ask(&m, "boundary", 1);
        ask(&m, "max_dist", 0.1);
    } else if (i == 2) {
        m.thresholds = 2;
        ask(&m, "regions", true);
        m.listed = true;
    } else {
        ask(&m, "objects", EDGEL_OBJECTS_IDS);
    }
    return m;
}

static void every_family_is_in_a_mode(void **state)
{
    (void)state;
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        bool asked = false;
        for (int i = 0; i < MODES; i++) {
            const struct edgel_measure m = mode(i);
            asked |= edgel_measure_asks(&m, (enum edgel_family)f);
        }
        if (!asked)
            fail_msg("no mode asks for %s", edgel_family_of((enum edgel_family)f)->name);
    }
}

static void measure(int i, struct edgel_row *row)
{
    static const int soft[] = { 0, 60, 130, 255 }, binary[] = { 0, 255 }, ids[] = { 0, 1, 2, 3 };
    const struct edgel_measure m = mode(i);
    struct edgel_image t, p[2];
    init_image(&t, W, H, 1, EDGEL_U8);
    fill_blocks(&t, m.labels == EDGEL_LABELS_BINARY ? binary : ids, m.labels == EDGEL_LABELS_BINARY ? 2 : 4);
    for (int k = 0; k < 2; k++) {
        init_image(&p[k], W, H, 1, EDGEL_U8);
        fill_blocks(&p[k], m.labels == EDGEL_LABELS_BINARY ? soft : ids, 4);
    }
    const struct edgel_mask truth = mask_of(&t, 8), list[2] = { mask_of(&p[0], 8), mask_of(&p[1], 8) };
    const struct edgel_prediction predicted = { .segmentations = list, .n = 2 };
    const struct edgel_truth regions = { .segmentations = &truth, .n = 1 };
    if (edgel_measure_asks(&m, EDGEL_REGIONS))
        assert_int_equal(edgel_measure_maps(&m, &predicted, false, &regions, row, NULL), EDGEL_OK);
    else
        assert_int_equal(edgel_measure_image(&m, list, false, &truth, 1, NULL, row, NULL), EDGEL_OK);
    edgel_image_finish(&t);
    edgel_image_finish(&p[0]);
    edgel_image_finish(&p[1]);
}

/* The counts of the rows that a part has; part 0: of the whole. */
static void write_counts(struct edgel_output *out, const struct edgel_counts_header *whole, int part,
                         const struct edgel_row *rows)
{
    struct edgel_counts_header h = *whole;
    if (part > 0) {
        h.shard.index = part;
        h.shard.count = PARTS;
    } else {
        h.shard = (struct edgel_shard){ 0 };
    }
    h.rows = part > 0 ? edgel_shard_size(&h.shard, IMAGES) : IMAGES;
    assert_int_equal(edgel_counts_write_header(out, &h, NULL), EDGEL_OK);
    for (size_t k = 0; k < h.rows; k++)
        assert_int_equal(edgel_counts_write_row(out, &rows[part > 0 ? edgel_shard_at(&h.shard, k) : k], NULL),
                         EDGEL_OK);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
}

static struct edgel_bytes document_of(const struct edgel_measure *m, const struct edgel_row *rows)
{
    const struct edgel_reduce reduce = reduce_defaults();
    struct edgel_bytes bytes = { 0 };
    struct edgel_output *out;
    struct edgel_reducer *r;
    struct edgel_summary s;
    assert_int_equal(edgel_reducer_create(m, &reduce, methods[0], &r, NULL), EDGEL_OK);
    for (int i = 0; i < IMAGES; i++)
        assert_int_equal(edgel_reducer_add(r, &rows[i], NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_begin_bytes(&bytes, "document", &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_report_json(out, &s, 1, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    return bytes;
}

static void same_bytes(const struct edgel_bytes *a, const struct edgel_bytes *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

static void read_back(const struct edgel_bytes *counts, const struct edgel_measure *m,
                      const struct edgel_row *rows)
{
    struct edgel_counts_reader *reader;
    struct edgel_row stored[IMAGES] = { { 0 } }, none;
    bool more;
    assert_int_equal(edgel_counts_open_bytes(counts->data, counts->size, "counts", &reader, NULL), EDGEL_OK);
    for (int i = 0; i < IMAGES; i++) {
        assert_int_equal(edgel_counts_next(reader, &stored[i], &more, NULL), EDGEL_OK);
        assert_true(more);
        for (int f = 0; f < EDGEL_FAMILIES;
             f++) /* each family that was measured is there again, and no other */
            assert_int_equal(stored[i].counts[f] != NULL, rows[i].counts[f] != NULL);
    }
    assert_int_equal(edgel_counts_next(reader, &none, &more, NULL), EDGEL_OK);
    assert_false(more);
    struct edgel_bytes fresh = document_of(m, rows);
    struct edgel_bytes again = document_of(&edgel_counts_header_of(reader)->measure, stored);
    same_bytes(&fresh, &again);
    edgel_bytes_finish(&fresh);
    edgel_bytes_finish(&again);
    for (int i = 0; i < IMAGES; i++)
        edgel_row_finish(&stored[i]);
    edgel_counts_close(&reader);
}

static void parts_joined_are_the_whole(void **state)
{
    (void)state;
    for (int i = 0; i < MODES; i++) {
        const struct edgel_measure m = mode(i);
        struct edgel_counts_header h = {
            .measure = m, .reduce = reduce_defaults(), .predictions = methods, .npredictions = 1
        };
        struct edgel_row rows[IMAGES] = { { 0 } };
        struct edgel_bytes whole = { 0 }, joined = { 0 };
        struct edgel_output *out;
        char paths[PARTS + 1][64];
        const char *parts[PARTS];
        for (int k = 0; k < IMAGES; k++) {
            measure(i, &rows[k]);
            assert_non_null(rows[k].image = edgel_strdup((const char[]){ 'd', '/', (char)('a' + k), '\0' }));
            edgel_shard_add(&h.shard, rows[k].image);
        }
        assert_int_equal(edgel_output_begin_bytes(&whole, "whole", &out, NULL), EDGEL_OK);
        write_counts(out, &h, 0, rows);
        for (int part = 0; part <= PARTS; part++)
            snprintf(paths[part], sizeof paths[part], "/tmp/edgel-test-whole-%ld.%d", (long)getpid(), part);
        for (int part = 1; part <= PARTS; part++) {
            parts[part - 1] = paths[part];
            assert_int_equal(edgel_output_begin(paths[part], &out, NULL), EDGEL_OK);
            write_counts(out, &h, part, rows);
        }
        assert_int_equal(edgel_counts_merge(parts, PARTS, paths[0], NULL, NULL, NULL), EDGEL_OK);
        assert_int_equal(edgel_bytes_read(paths[0], &joined, NULL), EDGEL_OK);
        same_bytes(&whole, &joined);
        read_back(&whole, &m, rows);
        for (int part = 0; part <= PARTS; part++)
            unlink(paths[part]);
        edgel_bytes_finish(&whole);
        edgel_bytes_finish(&joined);
        for (int k = 0; k < IMAGES; k++)
            edgel_row_finish(&rows[k]);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_is_in_a_mode),
        cmocka_unit_test(parts_joined_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
