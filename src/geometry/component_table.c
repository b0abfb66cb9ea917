/* What components are like, one after the other, and the same as a table in CSV. */
#include "geometry/geometry_priv.h"

static void add_pixel(struct edgel_component *c, int label, int x, int y)
{
    if (c->area++ == 0) {
        const int64_t number = c->number;
        *c = (struct edgel_component){
            .number = number, .label = label, .area = 1, .x = x, .y = y, .w = x, .h = y
        };
    }
    c->x = x < c->x ? x : c->x;
    c->w = x > c->w ? x : c->w; /* the last column and row, until all pixels were seen */
    c->h = y;
    c->cx += x;
    c->cy += y;
}

static enum edgel_status measure(struct edgel_view labels, struct edgel_view numbers, int64_t count,
                                 struct edgel_component *all, struct edgel_error *err)
{
    for (int64_t i = 0; i < count; i++)
        all[i].number = i + 1;
    for (int y = 0; y < labels.h; y++) {
        const void *row = edgel_view_row(labels, y);
        const int32_t *number = edgel_view_row(numbers, y);
        for (int x = 0; x < labels.w; x++) {
            if (number[x] < 0 || number[x] > count)
                return edgel_fail(err, EDGEL_EINVAL, "component %d: must be 0 to %lld", (int)number[x],
                                  (long long)count);
            if (number[x] > 0)
                add_pixel(&all[number[x] - 1], edgel_label_at(row, labels.type, x), x, y);
        }
    }
    return EDGEL_OK;
}

enum edgel_status edgel_components_list(struct edgel_view labels, struct edgel_view numbers, int64_t count,
                                        enum edgel_status (*each)(void *user,
                                                                  const struct edgel_component *component,
                                                                  struct edgel_error *err),
                                        void *user, struct edgel_error *err)
{
    EDGEL_REQUIRE(each);
    EDGEL_TRY(edgel_labels_check("components", labels, err));
    EDGEL_TRY(edgel_layout_check("components", numbers, 1, err));
    if (numbers.type != EDGEL_I32 || numbers.w != labels.w || numbers.h != labels.h)
        return edgel_fail(err, EDGEL_EINVAL,
                          "components: labels of %dx%d, numbers of %dx%d and type %d: must "
                          "agree in size, numbers be I32",
                          labels.w, labels.h, numbers.w, numbers.h, (int)numbers.type);
    if (count < 0 || count > INT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%lld components: must be 0 to 2^31 - 1", (long long)count);
    struct edgel_component *all = edgel_calloc((size_t)count + 1, sizeof *all);
    if (!all)
        return edgel_fail(err, EDGEL_ENOMEM, "%lld components: out of memory", (long long)count);
    enum edgel_status s = measure(labels, numbers, count, all, err);
    for (int64_t i = 0; i < count && s == EDGEL_OK; i++) {
        struct edgel_component *c = &all[i];
        if (c->area == 0)
            continue;
        c->w -= c->x - 1;
        c->h -= c->y - 1;
        c->cx /= (double)c->area;
        c->cy /= (double)c->area;
        s = each(user, c, err);
    }
    edgel_free(all);
    return s;
}

/* --- the table --- */

struct writing {
    const struct edgel_component_table *table;
    struct edgel_text line;
};

/* v >= 0 */
static void add_hundredths(struct edgel_text *t, double v)
{
    const long long n = (long long)(v * 100 + 0.5);
    edgel_text_printf(t, ",%lld.%02lld", n / 100, n % 100);
}

static enum edgel_status write_line(struct writing *w, struct edgel_error *err)
{
    if (w->line.failed)
        return edgel_fail(err, EDGEL_ENOMEM, "table of components: out of memory");
    return w->table->write(w->table->user, w->line.s, w->line.len, err);
}

static enum edgel_status write_component(void *user, const struct edgel_component *c, struct edgel_error *err)
{
    struct writing *w = user;
    struct edgel_text *t = &w->line;
    edgel_text_clear(t);
    edgel_text_printf(t, "%lld,%d,", (long long)c->number, c->label);
    edgel_csv_field(t, w->table->name ? w->table->name(w->table->user, c->label) : "");
    edgel_text_printf(t, ",%lld,%d,%d,%d,%d", (long long)c->area, c->x, c->y, c->w, c->h);
    add_hundredths(t, c->cx);
    add_hundredths(t, c->cy);
    edgel_text_str(t, "\n");
    return write_line(w, err);
}

enum edgel_status edgel_components_table(struct edgel_view labels, struct edgel_view numbers, int64_t count,
                                         const struct edgel_component_table *table, struct edgel_error *err)
{
    EDGEL_REQUIRE(table);
    EDGEL_REQUIRE(table->write);
    struct writing w = { .table = table };
    edgel_text_str(&w.line, "id,class,name,area,x,y,w,h,cx,cy\n");
    enum edgel_status s = write_line(&w, err);
    if (s == EDGEL_OK)
        s = edgel_components_list(labels, numbers, count, write_component, &w, err);
    edgel_text_finish(&w.line);
    return s;
}
