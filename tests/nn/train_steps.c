/*
 * Trains a network on arrays of a file, a few steps at a time, so that a script can hold it against another engine.
 *
 *     train_steps DATA ARCHITECTURE OUTPUTS BATCH LR SEED THREADS MODEL
 *
 * DATA: int32 n, c, h, w, then float32 images [n][c][h][w] of 0..1 and uint16 labels [n][h][w]. ARCHITECTURE: a preset
 * or a file. The starting weights are written to MODEL. Adam, cross-entropy + IoU. Commands on standard input:
 *
 *     train N    N more steps; for each a line "step LOSS SAMPLE ..." with the samples of its batch
 *     infer N    logits of samples 0..N-1, one after the other
 *     save FILE  the model as it is
 *
 * Each answers at its end "done WALL_SECONDS CPU_SECONDS".
 */
#include "edgel/nn.h"
#include "nn_defaults.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct arrays {
    int32_t n, c, h, w;
    float *image;
    uint16_t *label;
    pthread_mutex_t lock;
    size_t loaded[4096]; /* since the last step */
    int nloaded;
};

struct run {
    struct arrays *data;
    long left; /* steps */
};

static void die(const char *what)
{
    fprintf(stderr, "train_steps: %s\n", what);
    exit(1);
}

static void need(enum edgel_status status, const struct edgel_error *err)
{
    if (status != EDGEL_OK)
        die(err->msg);
}

static void read_whole(void *to, size_t size, size_t n, FILE *f)
{
    if (fread(to, size, n, f) != n)
        die("the data end too early");
}

static void read_arrays(const char *path, struct arrays *a)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        die(strerror(errno));
    int32_t head[4];
    read_whole(head, sizeof *head, 4, f);
    *a = (struct arrays){ .n = head[0], .c = head[1], .h = head[2], .w = head[3] };
    const size_t pixels = (size_t)a->n * (size_t)a->h * (size_t)a->w;
    a->image = malloc(pixels * (size_t)a->c * sizeof *a->image);
    a->label = malloc(pixels * sizeof *a->label);
    if (!a->image || !a->label)
        die("out of memory");
    read_whole(a->image, sizeof *a->image, pixels * (size_t)a->c, f);
    read_whole(a->label, sizeof *a->label, pixels, f);
    fclose(f);
    pthread_mutex_init(&a->lock, NULL);
}

static enum edgel_status load(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err)
{
    struct arrays *a = user;
    const size_t pixels = (size_t)a->h * (size_t)a->w, values = pixels * (size_t)a->c;
    (void)validation;
    const enum edgel_status status = edgel_sample_init(out, a->w, a->h, a->c, true, false, err);
    if (status != EDGEL_OK)
        return status;
    memcpy(out->image, a->image + index * values, values * sizeof *out->image);
    memcpy(out->label, a->label + index * pixels, pixels * sizeof *out->label);
    pthread_mutex_lock(&a->lock);
    if (a->nloaded < 4096)
        a->loaded[a->nloaded++] = index;
    pthread_mutex_unlock(&a->lock);
    return EDGEL_OK;
}

static void step_done(void *user, const struct edgel_step *s)
{
    struct run *r = user;
    printf("step %.17g", s->loss);
    for (int i = 0; i < r->data->nloaded; i++)
        printf(" %zu", r->data->loaded[i]);
    printf("\n");
    r->data->nloaded = 0;
    r->left--;
}

static bool stop(void *user)
{
    return ((struct run *)user)->left <= 0;
}

static struct edgel_model *make_model(const char *architecture, int outputs)
{
    static char text[1 << 16];
    const char *preset = edgel_preset(architecture);
    if (!preset) {
        FILE *f = fopen(architecture, "rb");
        if (!f)
            die(strerror(errno));
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
    }
    const struct edgel_model_params p = { .text = preset ? preset : text,
                                          .size = strlen(preset ? preset : text),
                                          .name = architecture,
                                          .outputs = outputs,
                                          .init = EDGEL_INIT_HE,
                                          .seed = 1 };
    struct edgel_model *m = NULL;
    struct edgel_error err = { 0 };
    need(edgel_model_create(&p, &m, &err), &err);
    return m;
}

static void save(const struct edgel_model *m, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    struct edgel_error err = { 0 };
    need(edgel_model_encode(m, &bytes, &size, &err), &err);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
        die("cannot write the model");
    edgel_model_free(bytes);
}

static double clock_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void infer(const struct edgel_model *m, const struct arrays *a, struct edgel_pool *pool, long n)
{
    const size_t pixels = (size_t)a->h * (size_t)a->w;
    static struct edgel_predictor *predictor;
    static float *logits;
    struct edgel_error err = { 0 };
    struct edgel_model_info info;
    edgel_model_describe(m, &info);
    if (!predictor) {
        struct edgel_predictor_params p = predictor_params();
        p.pool = pool;
        need(edgel_predictor_create(m, &p, &predictor, &err), &err);
        logits = malloc(pixels * (size_t)info.outputs * sizeof *logits);
    }
    for (long i = 0; i < n; i++)
        need(edgel_predict(predictor, a->image + (size_t)(i % a->n) * pixels * (size_t)a->c, a->w, a->h, true,
                           logits, &err),
             &err);
}

static void train(struct edgel_trainer *t, struct run *r, long n)
{
    const struct edgel_train_events events = { .user = r, .step_done = step_done, .stop = stop };
    struct edgel_error err = { 0 };
    r->left = n;
    r->data->nloaded = 0;
    if (edgel_trainer_run(t, &events, NULL, &err) != EDGEL_EINTERRUPTED)
        die(err.msg[0] ? err.msg : "the training ended");
}

int main(int argc, char **argv)
{
    static struct arrays data;
    static const struct edgel_loss_term terms[] = { { EDGEL_LOSS_CE, 1 }, { EDGEL_LOSS_IOU, 1 } };
    struct edgel_error err = { 0 };
    struct edgel_pool *pool = NULL;
    struct edgel_trainer *t = NULL;
    if (argc != 9)
        die("usage: train_steps DATA ARCHITECTURE OUTPUTS BATCH LR SEED THREADS MODEL");
    read_arrays(argv[1], &data);
    struct edgel_model *m = make_model(argv[2], atoi(argv[3]));
    struct edgel_train_params p = train_params();
    p.terms = terms;
    p.nterms = 2;
    p.batch = atoi(argv[4]);
    p.lr = atof(argv[5]);
    p.seed = strtoull(argv[6], NULL, 10);
    p.crop_w = data.w;
    p.crop_h = data.h;
    p.epochs = 1000000;
    p.dropout = 0;
    const struct edgel_train_data d = { &data, (size_t)data.n, 0, load };
    need(edgel_pool_create(atoi(argv[7]), &pool, &err), &err);
    need(edgel_trainer_create(m, &p, &d, NULL, pool, &t, &err), &err);
    save(m, argv[8]);
    struct run r = { &data, 0 };
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        const double wall = clock_of(CLOCK_MONOTONIC), cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "train ", 6) == 0)
            train(t, &r, atol(line + 6));
        else if (strncmp(line, "infer ", 6) == 0)
            infer(m, &data, pool, atol(line + 6));
        else if (strncmp(line, "save ", 5) == 0)
            save(m, line + 5);
        else
            die("a command that is not known");
        printf("done %.9f %.9f\n", clock_of(CLOCK_MONOTONIC) - wall,
               clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        fflush(stdout);
    }
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_pool_destroy(&pool);
    return 0;
}
