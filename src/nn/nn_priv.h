/* nn_priv.h: layers, operators and the run of a network.
 *
 * A network is a list of layers in the order they run. Each layer is one operator with attributes, takes the outputs of
 * earlier layers and makes one output. Adding an operator is one file with its row (struct nn_op) and its name in the
 * list of operators.c. The row holds all of it: nothing outside operators/ knows an operator by name.
 *
 * Tensors are blocked: [N][ceil(C / 16)][H][W][16 lanes] floats. Lanes past C belong to no channel: sums over channels
 * leave them out. An operator makes finite values there of finite inputs. In a tensor that is a part of a concatenation
 * (network_plan.c) they hold the channels of the next part, which may be infinite. */
#ifndef EDGEL_NN_PRIV_H
#define EDGEL_NN_PRIV_H

#include "core/core_priv.h"
#include "edgel/nn.h"
#include "nn/kernels/lanes.h"
#include "nn/kernels/nn_dsp.h"

enum {
    NN_LANES = 16,
    NN_INPUTS_MAX = 8,
    NN_NAME_MAX = 40,
    NN_LAYERS_MAX = 1000,
    NN_CHANNELS_MAX = 4096,
    NN_SIDE_MAX = 1 << 20,
    NN_BATCH_MAX = 1 << 16
};

/* --- layers --- */

/* Attributes of all operators; each names those it takes in its table of nn_attr. */
struct nn_layer {
    const struct nn_op *op;
    char name[NN_NAME_MAX];
    int ninputs, input[NN_INPUTS_MAX]; /* indices of earlier layers */
    int like;                          /* layer whose size the output takes, or -1 */

    int out, k, stride, pad, dilation, groups, bias, output_pad, factor, ceil; /* pad -1: d (k - 1) / 2 */
    int size_h, size_w; /* explicit output size, or 0 */
    double p, eps, momentum, slope;
    bool out_classes; /* out was given as `classes` */

    /* set by the operator's setup */
    int channels; /* of the output */
    size_t nparams, nbuffers;

    /* set by the network */
    size_t params_at, buffers_at; /* offsets into the flat arrays */
    bool frozen;                  /* parameters get no gradient; a batch norm keeps its running estimates */
};

enum nn_attr_kind { NN_INT, NN_REAL, NN_SIZE /* HxW, into two ints */ };
struct nn_attr { /* a list of them ends with a zeroed row */
    const char *name;
    enum nn_attr_kind kind;
    size_t at; /* offset in struct nn_layer */
    double min, max, def;
    bool required;
};

struct nn_shape { /* of one sample */
    int c, h, w;
};

/* A parameter array of a layer: its part of the flat array, with the shape and name that files give it. */
struct nn_array {
    const char *name; /* "weight", "bias", "running_mean" */
    int ndims, dims[4];
    size_t at; /* within the layer's parameters or buffers */
    bool buffer;
    bool decayed; /* penalties and weight decay hold for it */
};
enum { NN_ARRAYS_MAX = 4 };

/* --- operators --- */

struct nn_tensor {
    float *data; /* NULL: not wanted */
    int n, c, h, w;
    bool
        planar; /* [N][C][H][W] instead of blocked: the ends of a network, for operators with NN_TAKES_PLANAR */
};
/* Floats of one sample; blocks of channels. */
static inline int nn_blocks(int c)
{
    return (c + NN_LANES - 1) / NN_LANES;
}
static inline size_t nn_sample_floats(struct nn_shape s)
{
    return (size_t)nn_blocks(s.c) * (size_t)s.h * (size_t)s.w * NN_LANES;
}
/* Row y of channel block b of sample n. */
static inline float *nn_row(const struct nn_tensor *t, int n, int b, int y)
{
    return t->data +
           ((((size_t)n * (size_t)nn_blocks(t->c) + (size_t)b) * (size_t)t->h + (size_t)y) * (size_t)t->w) *
               NN_LANES;
}

/* The loops of one CPU level. */
struct nn_kernels {
    struct nn_dsp dsp; /* convolutions */
    struct nn_lanes lanes;
    struct edgel_numeric numeric;
};
void nn_kernels_init(struct nn_kernels *k, unsigned cpu_flags); /* flags of edgel_cpu_flags() */

/* An activation, value by value. apply: z -> y = f(z) in place. derive: grad -> grad f'(z) in place, given y if
 * from_output, else z. */
struct nn_activation_kind {
    bool from_output;
    void (*apply)(const struct nn_kernels *k, float *z, size_t n, float slope);
    void (*derive)(const struct nn_kernels *k, float *grad, const float *z_or_y, size_t n, float slope);
};
/* Activation that is applied where a row is made; kind NULL: none. */
struct nn_activation {
    const struct nn_activation_kind *kind;
    float slope; /* leaky_relu's slope, elu's alpha */
};

/* One layer at work. Every pointer is valid for what the pass needs; others are NULL. */
struct nn_call {
    const struct nn_layer *layer;
    const struct nn_kernels *kernels;
    struct edgel_pool *pool;
    bool training; /* forward: batch statistics, dropout */
    uint64_t seed; /* of dropout: a function of run, step and layer */
    int ninputs;
    struct nn_tensor in[NN_INPUTS_MAX], out;
    struct nn_tensor grad_in[NN_INPUTS_MAX],
        grad_out; /* backward writes grad_in and may overwrite grad_out */
    const float *params;
    float *grads;   /* of the parameters, written; NULL when frozen */
    float *buffers; /* running estimates */
    float *saved;   /* [memory.saved] from forward to backward */
    float *scratch; /* [threads][memory.per_thread], aligned to 64 bytes each */
    float *shared;  /* [memory.shared] of this call */
    size_t per_thread;
    /* Activation to apply to what forward makes, and to undo first in backward (out then holds what came after it).
     * Only operators with NN_FUSES see one. */
    struct nn_activation activation;
    /* Tensor that forward adds to what it makes, before the activation; data NULL: none. Only with
     * NN_ADDS_INFERENCE. */
    struct nn_tensor plus;
};
static inline float *nn_thread_scratch(const struct nn_call *c, int thread)
{
    return c->scratch + (size_t)thread * c->per_thread;
}

struct nn_memory { /* floats */
    size_t saved, per_thread, shared;
};

enum nn_op_flags {
    NN_BACKWARD_READS_INPUT = 1,
    NN_BACKWARD_READS_OUTPUT = 2,
    NN_FUSES_INFERENCE = 4, /* forward without training takes an activation */
    NN_FUSES_TRAINING = 8,  /* forward and backward of training take one as well */
    NN_TAKES_LIKE = 16,     /* like=LAYER gives the size of the output */
    NN_TAKES_PLANAR = 32,   /* forward without training, groups 1: reads and writes planar tensors too */
    NN_ADDS_INFERENCE = 64, /* forward without training takes a tensor to add */
    NN_CONVOLVES = 128, /* weights of the channels it reads and makes: stages of pre-training begin with it */
    NN_NORMALISES = 256,    /* keeps running estimates by its momentum */
    NN_DROPS = 512,         /* drops values with its probability p when training; does nothing at inference */
    NN_IMAGE = 1024,        /* the image itself: layer 0 and no other */
    NN_CONCATENATES = 2048, /* its channels are those of its inputs one after the other */
    NN_SUMS = 4096,         /* its output is the sum of its inputs */
    NN_PROBABILITIES = 8192 /* makes probabilities of logits: never the last layer of a model */
};

struct onnx_graph; /* model/onnx_priv.h */

struct nn_op {
    const char *name;           /* as the text format spells it */
    int min_inputs, max_inputs; /* of the text format */
    unsigned flags;
    const struct nn_attr *attrs; /* NULL: none */
    /* Checks attributes against the channels of the inputs; sets channels, nparams, nbuffers. Messages name the rule,
     * the caller adds file, line and layer. NULL: the channels of the first input, no parameters. */
    enum edgel_status (*setup)(struct nn_layer *l, const int *in_channels, struct edgel_error *err);
    /* Shape rule. like: shape of layer->like, or NULL. NULL: that of the first input. */
    enum edgel_status (*shape)(const struct nn_layer *l, const struct nn_shape *in,
                               const struct nn_shape *like, struct nn_shape *out, struct edgel_error *err);
    /* Which input samples along one axis outputs lo..hi read, border left out of account. NULL: the same. */
    void (*reads)(const struct nn_layer *l, int *lo, int *hi);
    /* Step between the inputs of neighbouring outputs: 2 for stride 2, 1/2 for upsampling by 2. NULL: 1. */
    double (*step)(const struct nn_layer *l);
    /* Parameter arrays; returns how many. NULL: none. */
    int (*arrays)(const struct nn_layer *l, struct nn_array out[NN_ARRAYS_MAX]);
    /* Starting values: params and buffers of the layer; fan-in rule of the operator (He or Xavier by init). */
    void (*init)(const struct nn_layer *l, enum edgel_init init, uint64_t seed, float *params,
                 float *buffers);
    /* Multiply-adds of one sample. NULL: 0. */
    double (*macs)(const struct nn_layer *l, const struct nn_shape *in, struct nn_shape out);
    /* Memory a call needs; c holds shapes without data, training says for which passes. NULL: none. */
    void (*memory)(const struct nn_call *c, int threads, struct nn_memory *m);
    void (*forward)(const struct nn_call *c);
    void (*backward)(const struct nn_call *c);
    /* Value by value: layers that fuse apply it themselves. NULL: it is no such activation. */
    const struct nn_activation_kind *activation;
    /* At inference channel c is y = (x - mean) scale + shift: what it does can go into the layer before. NULL: no. */
    void (*affine)(const struct nn_layer *l, const float *params, const float *buffers, int c, double *mean,
                   double *scale, double *shift);
    /* Output channel that an element of the array "weight" belongs to; with "bias" such a layer takes in what affine
     * layers behind it do. NULL: it cannot. */
    int (*weight_channel)(const struct nn_layer *l, const struct nn_array *weight, size_t element);
    /* Adds the layer to an ONNX graph. NULL: it has no form there. */
    void (*onnx)(struct onnx_graph *g);
};

/* operators.c: all of them, NULL at the end; and one by name, NULL if there is none. */
const struct nn_op *const *nn_operators(void);
const struct nn_op *nn_operator(const char *name);

/* --- row_bands.c --- */
/* Runs work for rows y0..y1-1 of block b of sample n, over all rows of t, its samples and `blocks` blocks, on the
 * pool. */
typedef void (*nn_band_work)(const struct nn_call *c, int thread, int n, int b, int y0, int y1);
void nn_row_bands(const struct nn_call *c, struct nn_tensor t, int blocks, nn_band_work work);

/* The activation a layer applies, kind NULL if its operator is none. */
static inline struct nn_activation nn_activation_of(const struct nn_layer *l)
{
    return (struct nn_activation){ l->op->activation, (float)l->slope };
}

/* --- architecture.c, network.c --- */
struct nn_network {
    struct nn_layer *layers; /* [0] is the input */
    int nlayers, in_channels, classes;
    size_t nparams, nbuffers;
};
/* Parses the text of an architecture (architecture.c has the grammar). name stands in messages. classes: what
 * `out=classes` means. EDGEL_EFORMAT with name, line and rule; EDGEL_ENOMEM. */
EDGEL_NODISCARD enum edgel_status nn_network_parse(const char *text, size_t size, const char *name,
                                                   int classes, struct nn_network *out,
                                                   struct edgel_error *err);
/* The same network as text: what parse reads back, every attribute that is not its default spelled out. */
void nn_network_text(const struct nn_network *net, struct edgel_text *out);
/* Lays out params_at and buffers_at after layers were changed. Too many parameters: EDGEL_ELIMIT. */
EDGEL_NODISCARD enum edgel_status nn_network_layout(struct nn_network *net, const char *name,
                                                    struct edgel_error *err);
void nn_network_finish(struct nn_network *net);
EDGEL_NODISCARD enum edgel_status nn_network_shapes(const struct nn_network *net, int h, int w,
                                                    struct nn_shape *shapes, struct edgel_error *err);
void nn_network_init(const struct nn_network *net, enum edgel_init init, uint64_t seed, float *params,
                     float *buffers);
/* Whether a stage of layer-wise pre-training begins with layer i > 0: a convolution that does not follow another one
 * directly. And how many stages there are: the last convolution, which makes the classes, is left out. */
bool nn_network_begins_stage(const struct nn_network *net, int i);
int nn_network_stages(const struct nn_network *net);

/* --- memory.c --- : arrays that live from first to last within one block */
struct nn_slot {
    size_t floats, at; /* at is set by place: a multiple of 16 */
    int first, last;
};
EDGEL_NODISCARD enum edgel_status nn_slots_place(struct nn_slot *slots, size_t n, size_t *floats,
                                                 struct edgel_error *err);

/* --- network_plan.c --- : a network for one shape of batch, with all its memory */
struct nn_plan;
/* n samples of h x w. training: forward and backward; else forward alone, activations fused, memory used again. */
EDGEL_NODISCARD enum edgel_status nn_plan_create(const struct nn_network *net, int n, int h, int w,
                                                 bool training, struct edgel_pool *pool, struct nn_plan **out,
                                                 struct edgel_error *err);
void nn_plan_destroy(struct nn_plan **plan);
/* What nn_plan_bytes() of such a plan would be, without its memory. */
EDGEL_NODISCARD enum edgel_status nn_plan_measure(const struct nn_network *net, int n, int h, int w,
                                                  bool training, struct edgel_pool *pool, size_t *bytes,
                                                  struct edgel_error *err);
size_t nn_plan_bytes(const struct nn_plan *plan);
struct nn_shape nn_plan_output(const struct nn_plan *plan);
/* Planar in, planar out: input [n][in_channels][h][w]; output [n][classes][h'][w'] of the last layer. count <= n
 * samples are run (the tail of a folder). params: the network's flat array. buffers are written when training. */
void nn_plan_forward(struct nn_plan *plan, int count, const float *input, const float *params, float *buffers,
                     uint64_t seed, float *output);
/* After forward with training: grad_output [n][classes][h'][w'] -> grads [nparams], written (frozen layers: 0). */
void nn_plan_backward(struct nn_plan *plan, const float *grad_output, const float *params, float *grads);

/* network_plan.c: planar [c][h][w] of one sample to blocked and back */
void nn_pack(const float *planar, struct nn_shape s, float *blocked);
void nn_unpack(const float *blocked, struct nn_shape s, float *planar);

/* --- arrays.c --- : the parameters and buffers of a network one after the other, as files name them */
struct nn_named_array {
    char name[EDGEL_MODEL_ARRAY_NAME_MAX]; /* "conv1.weight" */
    struct nn_array array;
    size_t floats, at; /* at: in the network's params, or buffers if array.buffer */
    int layer;
};
/* Starts zeroed with net set. */
struct nn_array_walk {
    const struct nn_network *net;
    int layer, next, count;
    struct nn_array arrays[NN_ARRAYS_MAX];
};
size_t nn_array_floats(const struct nn_array *a); /* product of its dims */
bool nn_array_next(struct nn_array_walk *walk, struct nn_named_array *out);
/* --- model_arrays.c --- : one by name; EDGEL_EINVAL */
EDGEL_NODISCARD enum edgel_status nn_array_find(const struct nn_network *net, const char *name,
                                                struct nn_named_array *out, struct edgel_error *err);
EDGEL_NODISCARD enum edgel_status nn_array_check_size(const struct nn_named_array *a, size_t n,
                                                      struct edgel_error *err);

/* --- model.c --- */
struct nn_note {
    char *key, *value;
};
struct edgel_model {
    struct nn_network net;
    float *params, *buffers;           /* [net.nparams], [net.nbuffers], never NULL */
    struct edgel_model_class *classes; /* [net.classes], names owned */
    double *mean, *deviation;          /* [net.in_channels] */
    enum edgel_model_labels labels;
    double threshold;
    struct nn_note *notes;
    int nnotes;
    bool unhashed; /* read from a file without a hash */
};
/* The keys of __metadata__ that describe the model itself: no note has one. */
enum nn_model_key {
    NN_KEY_FORMAT,
    NN_KEY_ARCHITECTURE,
    NN_KEY_CLASSES,
    NN_KEY_MEAN,
    NN_KEY_STD,
    NN_KEY_HEAD,
    NN_KEY_LABELS,
    NN_KEY_THRESHOLD,
    NN_MODEL_KEYS
};
#define NN_KEY_HASH    "hash"     /* besides these, that of nn_stored_hash() as text */
#define NN_HASH_BEGINS "fnv1a64:" /* and then 16 hexadecimal digits */
extern const char *const nn_model_keys[NN_MODEL_KEYS];
bool nn_model_is_key(const char *key); /* whether it is one of them, or the hash */
/* A model around a network, which becomes its own (also on failure): all as edgel_model_create(), the weights 0. */
EDGEL_NODISCARD enum edgel_status nn_model_of(struct nn_network *net, const char *name,
                                              struct edgel_model **out, struct edgel_error *err);
/* planar [in_channels][pixels]: (x - mean) / deviation, in place. Training and inference share it. */
void nn_model_normalise(const struct edgel_model *m, float *planar, size_t pixels);
/* Index of the first value that is NaN or infinite; n: none. */
size_t nn_first_not_finite(const float *v, size_t n);

/* --- safetensors.c --- : the file format, knowing nothing of models */
enum { NN_TENSOR_DIMS_MAX = 8, NN_TENSORS_MAX = 16384, NN_HEADER_MAX_BYTES = 1 << 22 };
struct nn_stored { /* a tensor of a file that was read */
    const char *name;
    bool f32;
    int ndims;
    size_t dims[NN_TENSOR_DIMS_MAX];
    const unsigned char *data; /* little endian, in the file's bytes */
    size_t begin, bytes;
};
struct nn_stored_file {
    struct nn_stored *tensors; /* by name */
    size_t ntensors;
    struct nn_note *meta; /* __metadata__ */
    size_t nmeta;
    struct edgel_json *header;
};
/* bytes must outlive the file. EDGEL_EFORMAT with name and rule, EDGEL_ENOMEM; the file is then empty. */
EDGEL_NODISCARD enum edgel_status nn_stored_read(const void *bytes, size_t size, const char *name,
                                                 struct nn_stored_file *out, struct edgel_error *err);
void nn_stored_finish(struct nn_stored_file *file);
const struct nn_stored *nn_stored_find(const struct nn_stored_file *file, const char *name); /* NULL: none */
const char *nn_stored_meta(const struct nn_stored_file *file, const char *key);              /* NULL: none */
/* A hash of all that a file holds, however its header is spelled and in whatever order: metadata but NN_KEY_HASH, and
 * names, types, shapes and bytes of the tensors. Each is hashed by itself (FNV-1a, 64 bits, with its length before
 * each part), and the hashes are added up, so that a change within one byte always shows. */
uint64_t nn_stored_hash(const struct nn_stored_file *file);
/* An F32 tensor of floats values into to. */
void nn_stored_floats(const struct nn_stored *t, float *to, size_t floats);

struct nn_to_store {
    const char *name;
    int ndims;
    size_t dims[NN_TENSOR_DIMS_MAX];
    const float *data;
};
/* *bytes is the caller's, edgel_free(). Equal arguments give equal bytes. The hash is the last of the metadata. */
EDGEL_NODISCARD enum edgel_status nn_stored_write(const struct nn_note *meta, size_t nmeta,
                                                  const struct nn_to_store *tensors, size_t ntensors,
                                                  unsigned char **bytes, size_t *size,
                                                  struct edgel_error *err);

/* --- model_file.c --- : model files with further one-dimensional tensors, named "train.*": a checkpoint */
struct nn_extra {
    const char *name;
    float *data;
    size_t floats;
    bool found; /* set by decode: it was there with this many values */
};
EDGEL_NODISCARD enum edgel_status nn_model_encode(const struct edgel_model *m, const struct nn_extra *extras,
                                                  size_t nextras, unsigned char **bytes, size_t *size,
                                                  struct edgel_error *err);
/* The values of extras out of the bytes of a file, as far as they are there. */
EDGEL_NODISCARD enum edgel_status nn_model_extras(const void *bytes, size_t size, const char *name,
                                                  struct nn_extra *extras, size_t nextras,
                                                  struct edgel_error *err);

/* --- fold.c --- */
/* The network of a model as inference runs it, batch normalisation folded into convolutions, with arrays of its own
 * (edgel_free). */
EDGEL_NODISCARD enum edgel_status nn_fold(const struct edgel_model *m, struct nn_network *net, float **params,
                                          float **buffers, struct edgel_error *err);

/* --- field.c --- : what outputs depend on, along one axis */
struct nn_reach { /* samples lo..hi; none when lo > hi */
    int lo, hi;
};
/* need[l]: the samples of each layer that outputs lo..hi of the last depend on, those of the padding included.
 * within[l]: the samples that layer l has. */
void nn_field(const struct nn_network *net, const struct nn_reach *within, int lo, int hi,
              struct nn_reach *need);
/* Image samples between neighbouring samples of a layer: num / den, reduced. */
struct nn_jump {
    int64_t num, den;
};
/* Fills jump[nlayers]. Returns what all origins of tiles must be multiples of, or 0: there are no tiles. */
int nn_network_step(const struct nn_network *net, struct nn_jump *jump);

/* One axis of an image that is cut. */
struct nn_cut {
    const struct nn_network *net;
    const struct nn_jump *jump;   /* [nlayers] */
    const struct nn_reach *whole; /* [nlayers] from the shapes of the whole image */
    struct nn_reach *need;        /* [nlayers] scratch */
    int step;
};
struct nn_segment {
    int at, size;        /* of the tile */
    int core, core_size; /* outputs that are right; core_size < 1: the tile is too small */
};
/* The tile of at most `size` (a multiple of step) samples whose core begins at output `from`. */
struct nn_segment nn_cut_next(const struct nn_cut *c, int from, int size);
/* Whether its core gives what the whole image gives. sizes[nlayers]: of the layers on the tile, by their shape
 * rules. */
bool nn_cut_fits(const struct nn_cut *c, struct nn_segment s, const int *sizes);

#endif
