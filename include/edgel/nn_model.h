/* edgel/nn_model.h: models: architectures, model files, their layers, ONNX. */
#ifndef EDGEL_NN_MODEL_H
#define EDGEL_NN_MODEL_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- architecture --- */

/* Spread of the starting weights: He: normal, variance 2 / fan-in (for rectifiers); Xavier: uniform, variance
 * 2 / (fan-in + fan-out). Biases start at 0, batch norm at scale 1 and shift 0.
 * Source: He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010. */
enum edgel_init { EDGEL_INIT_HE, EDGEL_INIT_XAVIER };

/*
 * An architecture is text, one layer a line; `#` starts a comment:
 *
 *     [NAME:] OPERATOR [INPUT ...] [KEY=VALUE ...]
 *
 * The first layer is `input channels=C`, named input. INPUT names an earlier layer; without one the layer takes the
 * output of the line before. A layer without a name is called by operator and number (conv1, conv2, ...). Keys are the
 * attributes of the operator: `out=classes` is the number of outputs of the model, pad=same (the default) is
 * dilation (k - 1) / 2, `like=NAME` takes the height and width of another layer, size=HxW gives them. The last layer
 * makes the output; every other one has a reader.
 *
 *     conv            out, k (3), stride (1), pad (same), dilation (1), groups (1), bias (1)
 *     conv_transpose  the same, output_pad (0), size or like
 *     batchnorm       eps (1e-5), momentum (0.1)
 *     maxpool avgpool k (2), stride (k), pad (0), ceil (0)
 *     upsample        factor, like: bilinear
 *     concat add      two inputs and more
 *     dropout         p (0.5)
 *     relu tanh sigmoid silu gelu softmax; leaky_relu slope (0.01); elu alpha (1); prelu init (0.25)
 */
/* Text of a preset architecture, a static string; NULL for other names. */
EDGEL_API const char *edgel_preset(const char *name);
/* Name of the k-th preset, and what it is in a few words; NULL after the last. */
EDGEL_API const char *edgel_preset_name(int k);
EDGEL_API const char *edgel_preset_what(int k);

/* --- sizes of maps along one axis --- */

/* Side that a convolution makes of a side n: (n + 2 pad - dilation (k - 1) - 1) / stride + 1, rounded down; 0 if the
 * kernel does not fit or an argument is out of range (n, k, stride, dilation >= 1, pad >= 0). */
EDGEL_API int edgel_conv_out_size(int n, int k, int stride, int pad, int dilation);
/* Side that a transposed convolution makes of a side n: (n - 1) stride - 2 pad + dilation (k - 1) + 1 + output_padding,
 * with 0 <= output_padding < stride; 0 if that is less than 1 or an argument is out of range. */
EDGEL_API int edgel_conv_transpose_out_size(int n, int k, int stride, int pad, int dilation,
                                            int output_padding);
/* Whether a transposed convolution can make `size` of a side n, that is edgel_conv_out_size(size, ...) == n. A side of
 * 3 under k = 3, stride 2, pad 1 comes from 5 or from 6. EDGEL_OK, or EDGEL_EINVAL naming the sizes that can be. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_conv_transpose_check(int size, int n, int k, int stride,
                                                                       int pad, int dilation,
                                                                       struct edgel_error *err);

/* --- model --- : a network with its parameters and all that is needed to run it */

enum {
    EDGEL_MODEL_OUTPUTS_MAX = 4096,   /* channels that a network makes */
    EDGEL_MODEL_FLOATS_MAX = 1 << 28, /* parameters and running estimates together */
    EDGEL_MODEL_STRING_MAX = 1 << 16, /* bytes of a class name, key or note */
    EDGEL_MODEL_NOTES_MAX = 1000,
    EDGEL_MODEL_ID_MAX = 65534
};

/*
 * Input: images of in_channels values per pixel, 0..1, of which the network sees (x - mean) / deviation. Output: one
 * logit per pixel and class; probabilities are sigmoid of the one (1 output), or softmax over all (2 and more). The
 * output has the size of the image.
 */
struct edgel_model;

/* What the truth was that the model learned, and so what its masks stand for. */
enum edgel_model_labels {
    EDGEL_MODEL_IDS,     /* every pixel has the id of one class */
    EDGEL_MODEL_BINARY,  /* foreground or not */
    EDGEL_MODEL_BOUNDARY /* on a contour or not, by several annotators */
};
/* "ids", "binary", "boundary"; a static string. */
EDGEL_API const char *edgel_model_labels_name(enum edgel_model_labels labels);

struct edgel_model_class {
    int id;           /* 0..EDGEL_MODEL_ID_MAX: value in masks */
    const char *name; /* 1 byte or more, no control characters */
};

struct edgel_model_params {
    const char *text; /* architecture; edgel_preset() has some */
    size_t size;      /* bytes of text */
    const char *name; /* of the text in messages */
    int outputs;      /* 1..EDGEL_MODEL_OUTPUTS_MAX: what `out=classes` means */
    enum edgel_init init;
    uint64_t seed; /* starting weights are a function of it and the architecture */
};
/* name "architecture", one output, He, seed 0; text and size are the caller's. */
EDGEL_API void edgel_model_params_init(struct edgel_model_params *params);

/*
 * Makes a model with starting weights. Labels are ids (1 output: binary), classes have ids 0, 1, ... and names "class
 * 0", ... (1 output: id 1, "foreground"), mean is 0, deviation 1, threshold 0.5, there are no notes.
 *
 * *out  NULL on failure; the caller destroys it
 * Returns EDGEL_OK; EDGEL_EFORMAT: the text is no architecture; EDGEL_EINVAL: outputs out of range, the last layer is a
 * softmax or sigmoid or makes another number of channels, or an output whose size is not that of the image;
 * EDGEL_ELIMIT: more than EDGEL_MODEL_FLOATS_MAX floats; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_create(const struct edgel_model_params *params,
                                                               struct edgel_model **out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_copy(const struct edgel_model *model, struct edgel_model **out, struct edgel_error *err);
EDGEL_API void edgel_model_destroy(struct edgel_model **model); /* NULL is fine */

/* What a model is. Pointers live until the model is changed or destroyed. */
struct edgel_model_info {
    int in_channels, outputs, layers; /* layers: the input not counted */
    size_t params, buffers; /* floats that are trained, and running estimates of batch normalisation */
    bool sigmoid;           /* one output; else softmax */
    bool drops;             /* has layers of dropout */
    int stages;             /* that edgel_pretrain_layerwise() would train */
    enum edgel_model_labels labels;
    double threshold;                        /* one output: foreground from this probability on, 0..1 */
    const struct edgel_model_class *classes; /* [outputs] */
    const double *mean, *deviation;          /* [in_channels] */
    bool unhashed; /* read from a file without a hash of its contents: a changed bit would not be seen */
};
EDGEL_API void edgel_model_describe(const struct edgel_model *model, struct edgel_model_info *out);
/* The architecture as text that edgel_model_create() reads, attributes that are not the default spelled out; to be
 * freed with edgel_model_free(). NULL: out of memory. */
EDGEL_API char *edgel_model_text(const struct edgel_model *model);
EDGEL_API void edgel_model_free(void *text_or_bytes); /* NULL is fine */

/* Each takes copies. EDGEL_EINVAL: a value that is not allowed, with the rule; EDGEL_ENOMEM. The model is then as it
 * was. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_classes(struct edgel_model *model, const struct edgel_model_class *classes, int count,
                        struct edgel_error *err); /* count == outputs, ids differ */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_normalisation(struct edgel_model *model, const double *mean, const double *deviation,
                              int count,
                              struct edgel_error *err); /* count == in_channels; deviation >= 1e-6 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_labels(struct edgel_model *model, enum edgel_model_labels labels, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_threshold(struct edgel_model *model, double threshold, struct edgel_error *err); /* 0..1 */

/* Free text under a key, kept in model files: how the model was trained. A NULL value takes the note out. Keys that
 * files use themselves (architecture, classes, ...) are EDGEL_EINVAL, and so is a value that begins with "fnv1a64:". */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_set_note(struct edgel_model *model, const char *key,
                                                                 const char *value, struct edgel_error *err);
/* NULL: no such note; and the k-th key, NULL after the last. */
EDGEL_API const char *edgel_model_note(const struct edgel_model *model, const char *key);
EDGEL_API const char *edgel_model_note_key(const struct edgel_model *model, int k);

/* What one layer is on an image. Strings live as long as the model. */
struct edgel_layer {
    const char *name, *op;
    char text[160];     /* inputs and attributes as the architecture spells them: "fine up", "out=16 k=3" */
    int channels, h, w; /* of what it makes */
    size_t params;
    double macs; /* multiply-adds */
    int field;   /* sides of the square of pixels that one of its values depends on; 0: more than 2^20 */
};
/* Fills out[layers + 1], the input first, for an image of w x h. EDGEL_EINVAL: the network cannot take this size;
 * EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_layers(const struct edgel_model *model, int w, int h,
                                                               struct edgel_layer *out,
                                                               struct edgel_error *err);
/* Bytes that a predictor without pool needs for it in one piece. As edgel_model_layers(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_memory(const struct edgel_model *model, int w, int h,
                                                               size_t *bytes, struct edgel_error *err);

/* --- parameters by name --- */

enum { EDGEL_MODEL_ARRAY_NAME_MAX = 80 };

/* Parameters or running estimates of a layer. */
struct edgel_model_array {
    char name[EDGEL_MODEL_ARRAY_NAME_MAX]; /* LAYER.ARRAY as in model files: "conv1.weight" */
    int ndims, dims[4];                    /* shape and order as in PyTorch */
    size_t values;                         /* product of dims */
    bool estimate;                         /* a running estimate of batch normalisation: it has no gradient */
};
/* How many arrays there are, and the k-th in the order of the layers. EDGEL_EINVAL: there is no such one. */
EDGEL_API int edgel_model_array_count(const struct edgel_model *model);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_array_at(const struct edgel_model *model, int k,
                                                                 struct edgel_model_array *out,
                                                                 struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_array_find(const struct edgel_model *model,
                                                                   const char *name,
                                                                   struct edgel_model_array *out,
                                                                   struct edgel_error *err);
/* Copies the n values of an array out of the model, or into it. EDGEL_EINVAL: no array has this name, it has another
 * number of values, or a value to set is not finite; nothing is changed then. A model that a trainer has may be
 * changed between its steps. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_array_get(const struct edgel_model *model,
                                                                  const char *name, float *values, size_t n,
                                                                  struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_array_set(struct edgel_model *model, const char *name,
                                                                  const float *values, size_t n,
                                                                  struct edgel_error *err);

/*
 * Fine-tuning: takes the arrays (weights, biases, running estimates) of `from` whose name and shape are those of an
 * array of the model; others, such as a head for another number of classes, stay as they are.
 */
struct edgel_model_taken {
    int arrays, arrays_taken;
    size_t floats, floats_taken;
    char left[160]; /* the first array that was not taken and why, or "" */
};
EDGEL_API void edgel_model_take(struct edgel_model *model, const struct edgel_model *from,
                                struct edgel_model_taken *taken);

/*
 * A model file is safetensors: an array of each layer is the F32 tensor LAYER.ARRAY (conv1.weight), shaped and ordered
 * as in PyTorch, and __metadata__ holds format "edgel.model/1", architecture, classes, mean, std, head, labels,
 * threshold, the notes, and last the hash of all of it, "fnv1a64:" and 16 hexadecimal digits (docs/formats.md): a file
 * that is not what was written is refused. A file without one is read, and edgel_model_describe() says so.
 *
 * encode  *bytes is to be freed with edgel_model_free(). EDGEL_EINVAL: a parameter that is NaN or infinite;
 *         EDGEL_ENOMEM
 * decode  untrusted bytes; name is for messages. EDGEL_EFORMAT: malformed, another hash, or tensors that are not those
 *         of the architecture, or a value that is not finite; EDGEL_EINVAL, EDGEL_ELIMIT as edgel_model_create();
 *         EDGEL_EUNSUPPORTED: no model of edgel, or of a later version; EDGEL_ENOMEM. Tensors named "train.*" are
 *         passed over.
 * Source: https://github.com/huggingface/safetensors
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_encode(const struct edgel_model *model,
                                                               unsigned char **bytes, size_t *size,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_decode(const void *bytes, size_t size,
                                                               const char *name, struct edgel_model **out,
                                                               struct edgel_error *err);

/* --- ONNX --- */

struct edgel_onnx_params {
    bool logits;   /* the output is "logits", not "probabilities" */
    bool unfolded; /* batch normalisation stays a node of its own */
};
/* Probabilities, folded. */
EDGEL_API void edgel_onnx_params_init(struct edgel_onnx_params *params);
/*
 * The model as an ONNX graph (operator set 13, IR version 8), which runs elsewhere: input "image", float
 * [N][in_channels] [H][W] of 0..1, normalised within the graph; output [N][outputs][H][W]; classes, labels and
 * threshold as metadata.
 *
 * *bytes  to be freed with edgel_model_free()
 * Returns EDGEL_OK; EDGEL_EUNSUPPORTED: a layer that has no form in ONNX; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_onnx(const struct edgel_model *model,
                                                             const struct edgel_onnx_params *params,
                                                             unsigned char **bytes, size_t *size,
                                                             struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
