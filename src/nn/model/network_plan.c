/*
 * A network for one shape of batch: every array has its place before the first run, and runs allocate nothing.
 *
 * Time runs through the forward pass (layer l at l) and, in training, the backward pass (layer l at 2 L - 1 - l). An
 * output lives until the last forward or backward call that reads it, its gradient from the first call that writes it
 * to the layer's own backward call. Where a layer has several readers, the later ones write their gradient into a spare
 * array that is then added: the order of that sum is the order of the layers, last first.
 *
 * An activation that alone reads a convolution or a sum (inference) or a batch norm is applied where the row is made:
 * it is "absorbed", its home is the layer before. So is, at inference, a sum of two of which a convolution makes the
 * later one. What a concatenation reads is then made in its place there, if that begins with a block; and the caller's
 * planar arrays are the tensors themselves where convolutions alone read the input, and where the last layer is one.
 */
#include "nn/nn_priv.h"
#include <string.h>

/* --- planar samples to blocks of 16 channels and back --- */

void nn_pack(const float *planar, struct nn_shape s, float *blocked)
{
    const size_t pixels = (size_t)s.h * (size_t)s.w;
    memset(blocked, 0, nn_sample_floats(s) * sizeof *blocked);
    for (int c = 0; c < s.c; c++) {
        const float *restrict from = planar + (size_t)c * pixels;
        float *restrict to = blocked + (size_t)(c / NN_LANES) * pixels * NN_LANES + c % NN_LANES;
        for (size_t i = 0; i < pixels; i++)
            to[i * NN_LANES] = from[i];
    }
}

void nn_unpack(const float *blocked, struct nn_shape s, float *planar)
{
    const size_t pixels = (size_t)s.h * (size_t)s.w;
    for (int c = 0; c < s.c; c++) {
        const float *restrict from = blocked + (size_t)(c / NN_LANES) * pixels * NN_LANES + c % NN_LANES;
        float *restrict to = planar + (size_t)c * pixels;
        for (size_t i = 0; i < pixels; i++)
            to[i] = from[i * NN_LANES];
    }
}

struct step {
    struct nn_call call;
    bool absorbed, wants_grad,
        adds[NN_INPUTS_MAX]; /* adds: the input's gradient already holds another reader's */
    int home;                /* layer whose output this layer's is */
    int plus;                /* layer whose output is added, or -1 */
    int host;                /* concatenation that the output is a part of, or -1 */
    size_t host_at;          /* where in its output */
    struct nn_slot out, grad, saved, spare[NN_INPUTS_MAX];
};

struct nn_plan {
    const struct nn_network *net;
    struct edgel_pool *pool;
    struct nn_shape *shapes;
    struct step *steps;
    int n, nsteps;
    bool training, planar_in, planar_out; /* planar: the caller's arrays are the tensors */
    struct nn_kernels kernels;
    float *block, *scratch, *shared;
    size_t block_floats, per_thread, shared_floats;
};

/* --- planning --- */

static int readers_of(const struct nn_network *net, int l, int *only)
{
    int readers = 0;
    for (int i = l + 1; i < net->nlayers; i++)
        for (int k = 0; k < net->layers[i].ninputs; k++)
            if (net->layers[i].input[k] == l) {
                readers++;
                *only = i;
            }
    return readers;
}

static void absorb(struct nn_plan *p, int l, int home)
{
    p->steps[l].absorbed = true;
    p->steps[l].home = home;
}

/* The layer that `add` adds to layer l of its two, if it is made before l; else -1. */
static int added_before(const struct nn_layer *add, int l)
{
    const int other = add->input[0] == l ? add->input[1] : add->input[0];
    return add->op->flags & NN_SUMS && add->ninputs == 2 && other < l ? other : -1;
}

static void absorb_readers(struct nn_plan *p)
{
    const unsigned fuses = p->training ? NN_FUSES_TRAINING : NN_FUSES_INFERENCE;
    const unsigned adds = p->training ? 0 : NN_ADDS_INFERENCE;
    for (int l = 0; l < p->nsteps; l++) {
        p->steps[l].home = l;
        p->steps[l].plus = p->steps[l].host = -1;
    }
    for (int l = 1; l < p->nsteps; l++) {
        const int home = p->steps[l].home;
        const unsigned flags = p->net->layers[home].op->flags;
        struct step *s = &p->steps[home];
        int reader = 0;
        if (readers_of(p->net, l, &reader) != 1 || s->call.activation.kind)
            continue;
        const struct nn_layer *next = &p->net->layers[reader];
        if (flags & fuses && nn_activation_of(next).kind) {
            s->call.activation = nn_activation_of(next);
            absorb(p, reader, home);
        } else if (flags & adds && s->plus < 0 && added_before(next, l) >= 0) {
            s->plus = added_before(next, l);
            absorb(p, reader, home);
        }
    }
}

static int source(const struct nn_plan *p, int l, int k)
{
    return p->steps[p->net->layers[l].input[k]].home;
}

/* Makes outputs parts of the concatenations that read them, one sample at a time. Where an output ends within a block,
 * the channels that follow come into the rest of that block when the concatenation runs. */
static void find_hosts(struct nn_plan *p)
{
    for (int l = 1; l < p->nsteps && p->n == 1 && !p->training; l++) {
        const struct nn_layer *concat = &p->net->layers[l];
        const bool joins = concat->op->flags & NN_CONCATENATES;
        for (int k = 0, channels = 0; k < concat->ninputs && joins; k++) {
            const int home = source(p, l, k);
            struct step *s = &p->steps[home];
            if (channels % NN_LANES == 0 && home > 0 && !(p->net->layers[home].op->flags & NN_CONCATENATES)) {
                s->host = l;
                s->host_at = nn_sample_floats((struct nn_shape){ channels, p->shapes[l].h, p->shapes[l].w });
            }
            channels += p->shapes[home].c;
        }
    }
}

/* The step whose output is that of the network. */
static struct step *last_step(const struct nn_plan *p)
{
    return &p->steps[p->steps[p->nsteps - 1].home];
}

static bool takes_planar(const struct nn_layer *l)
{
    return l->op->flags & NN_TAKES_PLANAR && l->groups == 1;
}

static void find_planar(struct nn_plan *p)
{
    const struct nn_layer *layers = p->net->layers;
    p->planar_out = !p->training && takes_planar(&layers[last_step(p) - p->steps]);
    p->planar_in = !p->training;
    for (int l = 0; l < p->nsteps; l++)
        for (int k = 0; k < layers[l].ninputs; k++)
            if (layers[l].input[k] == 0)
                p->planar_in &= takes_planar(&layers[l]);
}

static void extend(struct nn_slot *s, int time)
{
    s->first = time < s->first ? time : s->first;
    s->last = time > s->last ? time : s->last;
}

static int back_time(const struct nn_plan *p, int l)
{
    return 2 * p->nsteps - 1 - l;
}

static void want_gradients(struct nn_plan *p)
{
    for (int l = 1; l < p->nsteps; l++) {
        struct step *s = &p->steps[l];
        const struct nn_layer *layer = &p->net->layers[l];
        s->wants_grad = layer->nparams > 0 && !layer->frozen;
        for (int k = 0; k < layer->ninputs && !s->absorbed; k++)
            s->wants_grad |= p->steps[source(p, l, k)].wants_grad;
    }
}

/* Life of the gradients that the backward call of layer l writes. */
static void plan_backward(struct nn_plan *p, int l)
{
    struct step *s = &p->steps[l];
    const int now = back_time(p, l);
    extend(&s->grad, now);
    for (int k = 0; k < s->call.ninputs; k++) {
        struct step *in = &p->steps[source(p, l, k)];
        if (!in->wants_grad)
            continue;
        s->adds[k] = in->grad.floats > 0;
        in->grad.floats = in->out.floats;
        extend(&in->grad, now);
        if (s->adds[k])
            s->spare[k] = (struct nn_slot){ in->out.floats, 0, now, now };
    }
}

static void plan_life(struct nn_plan *p, int l)
{
    struct step *s = &p->steps[l];
    const unsigned flags = p->net->layers[l].op->flags;
    const bool back = p->training && s->wants_grad;
    extend(&s->out, l);
    extend(&s->saved, l);
    if (back)
        extend(&s->saved, back_time(p, l));
    if (back && (flags & NN_BACKWARD_READS_OUTPUT || s->call.activation.kind))
        extend(&s->out, back_time(p, l));
    if (s->plus >= 0)
        extend(&p->steps[p->steps[s->plus].home].out, l);
    for (int k = 0; k < s->call.ninputs; k++) {
        struct nn_slot *in = &p->steps[source(p, l, k)].out;
        extend(in, l);
        if (back && flags & NN_BACKWARD_READS_INPUT)
            extend(in, back_time(p, l));
    }
}

static void extend_hosts(struct nn_plan *p)
{
    for (int l = 0; l < p->nsteps; l++) {
        const struct step *s = &p->steps[l];
        if (s->host >= 0) {
            extend(&p->steps[s->host].out, s->out.first);
            extend(&p->steps[s->host].out, s->out.last);
        }
    }
}

static bool is_planar(const struct nn_plan *p, int l)
{
    return (l == 0 && p->planar_in) || (&p->steps[l] == last_step(p) && p->planar_out);
}

static struct nn_tensor tensor_of(const struct nn_plan *p, int l)
{
    return (struct nn_tensor){ NULL, p->n, p->shapes[l].c, p->shapes[l].h, p->shapes[l].w, is_planar(p, l) };
}

/* What a call is before it has memory. */
static void describe(struct nn_plan *p, int l)
{
    struct step *s = &p->steps[l];
    struct nn_call *c = &s->call;
    c->layer = &p->net->layers[l];
    c->pool = p->pool;
    c->kernels = &p->kernels;
    c->training = p->training;
    c->ninputs = c->layer->ninputs;
    c->out = c->grad_out = tensor_of(p, l);
    for (int k = 0; k < c->ninputs; k++)
        c->in[k] = c->grad_in[k] = tensor_of(p, source(p, l, k));
    if (s->plus >= 0)
        c->plus = tensor_of(p, p->steps[s->plus].home);
    s->out.floats = is_planar(p, l) || s->host >= 0 ? 0 : (size_t)p->n * nn_sample_floats(p->shapes[l]);
    s->out.first = s->grad.first = s->saved.first = 4 * p->nsteps;
}

static void ask_memory(struct nn_plan *p, int l)
{
    struct step *s = &p->steps[l];
    struct nn_memory m = { 0 };
    if (s->call.layer->op->memory && !s->absorbed)
        s->call.layer->op->memory(&s->call, edgel_pool_threads(p->pool), &m);
    s->saved.floats = p->training ? m.saved : 0;
    m.per_thread = (m.per_thread + NN_LANES - 1) / NN_LANES * NN_LANES;
    p->per_thread = m.per_thread > p->per_thread ? m.per_thread : p->per_thread;
    p->shared_floats = m.shared > p->shared_floats ? m.shared : p->shared_floats;
}

enum { SLOTS_A_STEP = 3 + NN_INPUTS_MAX };

/* The slots of all steps in one array to place them, and back. */
static enum edgel_status place_slots(struct nn_plan *p, struct edgel_error *err)
{
    const size_t n = (size_t)p->nsteps * SLOTS_A_STEP;
    struct nn_slot *all = edgel_calloc(n, sizeof *all);
    if (!all)
        return edgel_fail(err, EDGEL_ENOMEM, "plan of a network: out of memory");
    for (int l = 0; l < p->nsteps; l++) {
        struct step *s = &p->steps[l];
        struct nn_slot *to = all + (size_t)l * SLOTS_A_STEP;
        if (s->absorbed)
            continue;
        to[0] = s->out;
        to[1] = s->grad;
        to[2] = s->saved;
        memcpy(to + 3, s->spare, sizeof s->spare);
    }
    enum edgel_status status = nn_slots_place(all, n, &p->block_floats, err);
    for (int l = 0; l < p->nsteps; l++) {
        struct step *s = &p->steps[l];
        const struct nn_slot *from = all + (size_t)l * SLOTS_A_STEP;
        s->out = from[0];
        s->grad = from[1];
        s->saved = from[2];
        memcpy(s->spare, from + 3, sizeof s->spare);
    }
    edgel_free(all);
    return status;
}

static float *output_of(const struct nn_plan *p, int home)
{
    const struct step *s = &p->steps[home];
    return p->block + (s->host < 0 ? s->out.at : p->steps[s->host].out.at + s->host_at);
}

static void point(struct nn_plan *p, int l)
{
    struct step *s = &p->steps[l];
    struct nn_call *c = &s->call;
    c->out.data = output_of(p, l);
    c->grad_out.data = s->grad.floats ? p->block + s->grad.at : NULL;
    c->saved = s->saved.floats ? p->block + s->saved.at : NULL;
    c->scratch = p->scratch;
    c->per_thread = p->per_thread;
    c->shared = p->shared;
    if (s->plus >= 0)
        c->plus.data = output_of(p, p->steps[s->plus].home);
    for (int k = 0; k < c->ninputs; k++) {
        const struct step *in = &p->steps[source(p, l, k)];
        c->in[k].data = output_of(p, source(p, l, k));
        if (in->wants_grad && p->training)
            c->grad_in[k].data = p->block + (s->adds[k] ? s->spare[k].at : in->grad.at);
    }
}

static enum edgel_status take_memory(struct nn_plan *p, struct edgel_error *err)
{
    const size_t threads = (size_t)edgel_pool_threads(p->pool);
    p->block = edgel_alloc(p->block_floats + 1, sizeof *p->block);
    p->scratch = edgel_alloc(threads * p->per_thread + 1, sizeof *p->scratch);
    p->shared = edgel_alloc(p->shared_floats + 1, sizeof *p->shared);
    if (!p->block || !p->scratch || !p->shared)
        return edgel_fail(err, EDGEL_ENOMEM, "network on %d images of %dx%d: %zu bytes: out of memory", p->n,
                          p->shapes[0].w, p->shapes[0].h, nn_plan_bytes(p));
    for (int l = 0; l < p->nsteps; l++)
        if (!p->steps[l].absorbed)
            point(p, l);
    return EDGEL_OK;
}

/* All but the memory itself. */
static enum edgel_status lay_out(struct nn_plan *p, int h, int w, struct edgel_error *err)
{
    p->shapes = edgel_calloc((size_t)p->nsteps, sizeof *p->shapes);
    p->steps = edgel_calloc((size_t)p->nsteps, sizeof *p->steps);
    if (!p->shapes || !p->steps)
        return edgel_fail(err, EDGEL_ENOMEM, "plan of a network: out of memory");
    EDGEL_TRY(nn_network_shapes(p->net, h, w, p->shapes, err));
    absorb_readers(p);
    find_planar(p);
    find_hosts(p);
    want_gradients(p);
    for (int l = 0; l < p->nsteps; l++) {
        describe(p, l);
        ask_memory(p, l);
    }
    for (int l = 0; l < p->nsteps; l++)
        if (!p->steps[l].absorbed)
            plan_life(p, l);
    extend_hosts(p);
    struct step *last = last_step(p);
    extend(&last->out, p->nsteps - 1);
    if (p->training && last->wants_grad) {
        last->grad.floats = last->out.floats;
        extend(&last->grad, p->nsteps);
    }
    for (int l = p->nsteps - 1; l > 0 && p->training; l--)
        if (!p->steps[l].absorbed && p->steps[l].wants_grad)
            plan_backward(p, l);
    return place_slots(p, err);
}

/* Everything but the memory; *out is the caller's to destroy, also after a failure. */
static enum edgel_status begin(const struct nn_network *net, int n, int h, int w, bool training,
                               struct edgel_pool *pool, struct nn_plan **out, struct edgel_error *err)
{
    *out = NULL;
    if (n < 1 || n > NN_BATCH_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "batch of %d: must be 1..%d", n, NN_BATCH_MAX);
    struct nn_plan *p = *out = edgel_calloc(1, sizeof *p);
    if (!p)
        return edgel_fail(err, EDGEL_ENOMEM, "plan of a network: out of memory");
    *p = (struct nn_plan){ .net = net, .pool = pool, .nsteps = net->nlayers, .n = n, .training = training };
    nn_kernels_init(&p->kernels, edgel_cpu_flags());
    return lay_out(p, h, w, err);
}

enum edgel_status nn_plan_create(const struct nn_network *net, int n, int h, int w, bool training,
                                 struct edgel_pool *pool, struct nn_plan **out, struct edgel_error *err)
{
    enum edgel_status status = begin(net, n, h, w, training, pool, out, err);
    if (status == EDGEL_OK)
        status = take_memory(*out, err);
    if (status != EDGEL_OK)
        nn_plan_destroy(out);
    return status;
}

enum edgel_status nn_plan_measure(const struct nn_network *net, int n, int h, int w, bool training,
                                  struct edgel_pool *pool, size_t *bytes, struct edgel_error *err)
{
    struct nn_plan *p;
    enum edgel_status status = begin(net, n, h, w, training, pool, &p, err);
    *bytes = status == EDGEL_OK ? nn_plan_bytes(p) : 0;
    nn_plan_destroy(&p);
    return status;
}

void nn_plan_destroy(struct nn_plan **plan)
{
    struct nn_plan *p = *plan;
    if (!p)
        return;
    edgel_free(p->shapes);
    edgel_free(p->steps);
    edgel_free(p->block);
    edgel_free(p->scratch);
    edgel_free(p->shared);
    edgel_free(p);
    *plan = NULL;
}

size_t nn_plan_bytes(const struct nn_plan *p)
{
    const size_t threads = (size_t)edgel_pool_threads(p->pool);
    return (p->block_floats + threads * p->per_thread + p->shared_floats) * sizeof(float);
}

struct nn_shape nn_plan_output(const struct nn_plan *p)
{
    return p->shapes[p->nsteps - 1];
}

/* --- running --- */

struct copy {
    struct nn_shape shape;
    const float *planar_in;
    float *planar_out, *blocked;
};

static void pack_sample(void *user, int thread, size_t i)
{
    const struct copy *c = user;
    (void)thread;
    const size_t planar = (size_t)c->shape.c * (size_t)c->shape.h * (size_t)c->shape.w;
    nn_pack(c->planar_in + i * planar, c->shape, c->blocked + i * nn_sample_floats(c->shape));
}

static void unpack_sample(void *user, int thread, size_t i)
{
    const struct copy *c = user;
    (void)thread;
    const size_t planar = (size_t)c->shape.c * (size_t)c->shape.h * (size_t)c->shape.w;
    nn_unpack(c->blocked + i * nn_sample_floats(c->shape), c->shape, c->planar_out + i * planar);
}

static void set_count(struct nn_call *c, int count)
{
    c->out.n = c->grad_out.n = count;
    for (int k = 0; k < c->ninputs; k++)
        c->in[k].n = c->grad_in[k].n = count;
}

/* Packs the input for the layers, and unpacks the output for the caller. */
static void take_input(struct nn_plan *p, int count, const float *input)
{
    struct copy in = { p->shapes[0], input, NULL, p->steps[0].call.out.data };
    if (!p->planar_in)
        edgel_pool_run(p->pool, (size_t)count, pack_sample, &in);
    for (int l = 0; l < p->nsteps && p->planar_in; l++)
        for (int k = 0; k < p->steps[l].call.ninputs; k++)
            if (source(p, l, k) == 0)
                p->steps[l].call.in[k].data = (float *)(uintptr_t)input; /* not written to */
}

static void give_output(struct nn_plan *p, int count, float *output)
{
    const struct copy out = { nn_plan_output(p), NULL, output, last_step(p)->call.out.data };
    if (!p->planar_out)
        edgel_pool_run(p->pool, (size_t)count, unpack_sample, (void *)(uintptr_t)&out);
}

void nn_plan_forward(struct nn_plan *p, int count, const float *input, const float *params, float *buffers,
                     uint64_t seed, float *output)
{
    take_input(p, count, input);
    if (p->planar_out)
        last_step(p)->call.out.data = output;
    for (int l = 0; l < p->nsteps; l++) {
        struct nn_call *c = &p->steps[l].call;
        set_count(c, count);
        if (!c->layer->op->forward || p->steps[l].absorbed)
            continue;
        c->params = params + c->layer->params_at;
        c->buffers = buffers + c->layer->buffers_at;
        c->seed = seed + (uint64_t)l * 0x9E3779B97F4A7C15u;
        c->layer->op->forward(c);
    }
    give_output(p, count, output);
}

struct sum {
    const struct nn_kernels *kernels;
    float *to;
    const float *from;
    size_t n;
};
enum { SUM_FLOATS = 1 << 14 };

static void add_part(void *user, int thread, size_t i)
{
    const struct sum *s = user;
    (void)thread;
    const size_t at = i * SUM_FLOATS, left = s->n - at;
    s->kernels->lanes.add(s->to + at, s->from + at, left < SUM_FLOATS ? left : SUM_FLOATS);
}

/* Adds the spare gradients that the call wrote to those of the readers before it. */
static void add_spares(struct nn_plan *p, int l, int count)
{
    struct step *s = &p->steps[l];
    for (int k = 0; k < s->call.ninputs; k++) {
        if (!s->adds[k])
            continue;
        const int in = source(p, l, k);
        struct sum sum = { &p->kernels, p->block + p->steps[in].grad.at, s->call.grad_in[k].data,
                           (size_t)count * nn_sample_floats(p->shapes[in]) };
        edgel_pool_run(p->pool, (sum.n + SUM_FLOATS - 1) / SUM_FLOATS, add_part, &sum);
    }
}

void nn_plan_backward(struct nn_plan *p, const float *grad_output, const float *params, float *grads)
{
    struct step *last = last_step(p);
    const int count = last->call.out.n;
    memset(grads, 0, p->net->nparams * sizeof *grads);
    if (!last->wants_grad)
        return;
    struct copy in = { nn_plan_output(p), grad_output, NULL, last->call.grad_out.data };
    edgel_pool_run(p->pool, (size_t)count, pack_sample, &in);
    for (int l = p->nsteps - 1; l > 0; l--) {
        struct nn_call *c = &p->steps[l].call;
        if (p->steps[l].absorbed || !p->steps[l].wants_grad)
            continue;
        c->params = params + c->layer->params_at;
        c->grads = c->layer->frozen ? NULL : grads + c->layer->params_at;
        c->layer->op->backward(c);
        add_spares(p, l, count);
    }
}
