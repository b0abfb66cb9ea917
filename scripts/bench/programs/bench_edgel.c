/* edgel's operators for scripts/bench/bench.py (see loop.h), through the public headers:
 *     bench_edgel                      answers lines; one image on as many threads as they say
 *     bench_edgel methods              a line for each: its name, and the results it has of image response edges strength
 *     bench_edgel gray IMAGE OUT       the gray bytes of an image; prints its width and height
 */
#include "loop.h"
#include <edgel/detect.h>
#include <edgel/image.h>

static struct edgel_scratch *scratch;
static struct edgel_image out;
static struct edgel_pool *pool; /* NULL: one thread */

static int fail(const struct edgel_error *err)
{
    fprintf(stderr, "bench_edgel: %s\n", err->msg);
    exit(1);
}

static void use_threads(int threads)
{
    struct edgel_error err = { 0 };
    if (threads == (pool ? edgel_pool_threads(pool) : 1))
        return;
    edgel_pool_destroy(&pool);
    if ((threads > 1 && edgel_pool_create(threads, &pool, &err) != EDGEL_OK) ||
        edgel_scratch_use_pool(scratch, pool, &err) != EDGEL_OK)
        fail(&err);
}

/* Sets what the method has. */
static void ask(struct edgel_method *m, const char *key, double value)
{
    struct edgel_error err = { 0 };
    if (edgel_method_uses(m, key) && edgel_method_set_number(m, key, value, &err) != EDGEL_OK)
        fail(&err);
}

static int run(const struct bench_case *c, struct bench_result *result)
{
    struct edgel_error err = { 0 };
    struct edgel_method m;
    if (edgel_method_init(&m, c->operation, NULL) != EDGEL_OK)
        return 1;
    use_threads(c->threads);
    ask(&m, "sigma", c->sigma);
    ask(&m, "ksize", c->ksize);
    ask(&m, "low", c->low);
    ask(&m, "high", c->high);
    if (edgel_method_set(&m, "depth", "8", &err) != EDGEL_OK) /* bytes, as the peers give */
        return fail(&err);
    const struct edgel_view in = { c->pixels, c->w, c->h, 1, EDGEL_U8, c->w };
    if (edgel_method_run(scratch, in, &m, &out, NULL, &err) != EDGEL_OK)
        return fail(&err);
    *result = (struct bench_result){ out.data, out.stride };
    return 0;
}

static int gray(const char *from, const char *to)
{
    struct edgel_read params;
    edgel_read_init(&params);
    struct edgel_error err = { 0 };
    FILE *f = fopen(to, "wb");
    if (!f || edgel_image_read(from, &params, &out, NULL, &err) != EDGEL_OK)
        return fail(&err);
    for (int y = 0; y < out.h; y++)
        fwrite((const char *)out.data + y * out.stride, 1, (size_t)out.w, f);
    printf("%d %d\n", out.w, out.h);
    return fclose(f) != 0;
}

static int list_methods(void)
{
    static const struct {
        enum edgel_result result;
        const char *name;
    } results[] = { { EDGEL_RESULT_IMAGE, "image" },
                    { EDGEL_RESULT_RESPONSE, "response" },
                    { EDGEL_RESULT_EDGES, "edges" },
                    { EDGEL_RESULT_STRENGTH, "strength" } };
    for (int i = 0; i < edgel_method_count(); i++) {
        const struct edgel_method_info *info = edgel_method_at(i);
        printf("%s", info->name);
        for (size_t k = 0; k < sizeof results / sizeof *results; k++)
            printf("%s%s", info->results & results[k].result ? " " : "",
                   info->results & results[k].result ? results[k].name : "");
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct edgel_error err = { 0 };
    char version[64];
    int status;
    if (argc == 2 && strcmp(argv[1], "methods") == 0)
        status = list_methods();
    else if (argc == 4 && strcmp(argv[1], "gray") == 0)
        status = gray(argv[2], argv[3]);
    else {
        scratch = edgel_scratch_create();
        if (!scratch || edgel_cpu_check(&err) != EDGEL_OK)
            fail(&err);
        snprintf(version, sizeof version, "%s %s", edgel_version(), edgel_cpu_level());
        status = bench_serve("edgel", version, run);
        edgel_scratch_destroy(&scratch);
        edgel_pool_destroy(&pool);
    }
    edgel_image_finish(&out);
    return status;
}
