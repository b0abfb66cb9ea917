/*
 * Architectures by name: the table at the end says what each is.
 *
 * A separable convolution is a depthwise one (groups = channels) and a 1x1 one. Max pooling rounds up (ceil=1) and
 * upsampling is cut to the size of the finer map (like=), so that images of any size fit.
 * Sources: Ronneberger et al. 2015, arXiv:1505.04597; Yu and Koltun 2016, arXiv:1511.07122; Howard et al. 2017,
 * arXiv:1704.04861; He et al. 2016, arXiv:1512.03385; Lin et al. 2017, arXiv:1612.03144.
 */
#include "edgel/nn.h"
#include <string.h>

/* A line is a layer, or a block of them. */
/* clang-format off */
#define NORM "batchnorm\nrelu\n"
#define CONV(c) "conv out=" #c " bias=0\n" NORM
/* Depthwise with c channels in, 1x1 to o channels out. */
#define SEPARABLE(c, o, more) "conv out=" #c " groups=" #c " bias=0" more "\nconv out=" #o " k=1 bias=0\n"

static const char linear[] =
    "input channels=3\n"
    "conv out=classes k=5\n";

static const char edge_tiny[] =
    "input channels=3\n"
    CONV(16)
    "conv out=16 bias=0\n"
    "batchnorm\n"
    "fine: relu\n"
    "maxpool k=2 ceil=1\n"
    "conv out=32 bias=0\n"
    "batchnorm\n"
    "half_in: relu\n"
    SEPARABLE(32, 32, "") NORM
    SEPARABLE(32, 32, "")
    "half_out: batchnorm\n"
    "add half_in half_out\n"
    "half: relu\n"
    "maxpool k=2 ceil=1\n"
    SEPARABLE(32, 48, "")
    "batchnorm\n"
    "quarter_in: relu\n"
    SEPARABLE(48, 48, "") NORM
    SEPARABLE(48, 48, " dilation=2")
    "quarter_out: batchnorm\n"
    "add quarter_in quarter_out\n"
    "quarter: relu\n"
    "maxpool k=2 ceil=1\n"
    SEPARABLE(48, 60, "")
    "batchnorm\n"
    "eighth_in: relu\n"
    SEPARABLE(60, 60, " dilation=2")
    "eighth_out: batchnorm\n"
    "add eighth_in eighth_out\n"
    "relu\n"
    "conv out=16 k=1\n"
    "eighth_up: upsample factor=2 like=quarter\n"
    "quarter_side: conv quarter out=16 k=1\n"
    "add quarter_side eighth_up\n"
    "relu\n"
    SEPARABLE(16, 16, "") NORM
    "quarter_up: upsample factor=2 like=half\n"
    "half_side: conv half out=16 k=1\n"
    "add half_side quarter_up\n"
    "relu\n"
    SEPARABLE(16, 16, "") NORM
    "half_up: upsample factor=2 like=fine\n"
    "fine_side: conv fine out=16 k=1\n"
    "add fine_side half_up\n"
    "relu\n"
    SEPARABLE(16, 16, "") NORM
    "conv out=classes k=1\n";

static const char unet_tiny[] =
    "input channels=3\n"
    CONV(16)
    "conv out=16 bias=0\n"
    "batchnorm\n"
    "fine: relu\n"
    "maxpool k=2 ceil=1\n"
    CONV(32)
    "conv out=32 bias=0\n"
    "batchnorm\n"
    "half: relu\n"
    "maxpool k=2 ceil=1\n"
    CONV(64)
    "conv out=64 bias=0\n"
    "batchnorm\n"
    "quarter: relu\n"
    "eighth_in: maxpool k=2 ceil=1\n"
    SEPARABLE(64, 64, "") NORM
    SEPARABLE(64, 64, " dilation=2") NORM
    SEPARABLE(64, 64, "")
    "eighth_out: batchnorm\n"
    "add eighth_in eighth_out\n"
    "relu\n"
    "quarter_up: upsample factor=2 like=quarter\n"
    "concat quarter quarter_up\n"
    SEPARABLE(128, 64, "") NORM
    "half_up: upsample factor=2 like=half\n"
    "concat half half_up\n"
    CONV(32)
    CONV(32)
    "fine_up: upsample factor=2 like=fine\n"
    "concat fine fine_up\n"
    CONV(16)
    CONV(16)
    "conv out=classes k=1\n";

static const char dilated_tiny[] =
    "input channels=3\n"
    CONV(16)
    CONV(16)
    "conv out=16 dilation=2 bias=0\n" NORM
    "conv out=16 dilation=4 bias=0\n" NORM
    "conv out=16 dilation=8 bias=0\n" NORM
    "conv out=16 dilation=16 bias=0\n" NORM
    CONV(16)
    "conv out=classes k=1\n";
/* clang-format on */

static const struct {
    const char *name, *what, *text;
} presets[] = {
    { "linear", "one 5x5 convolution: logistic regression on the colours of a neighbourhood", linear },
    { "edge-tiny", "boundary maps: four scales of separable convolutions, joined from coarse to fine",
      edge_tiny },
    { "unet-tiny", "an encoder and a decoder with skip connections, four scales", unet_tiny },
    { "dilated-tiny", "context by dilation, without down-sampling: thin structures", dilated_tiny },
};

const char *edgel_preset(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0)
            return presets[i].text;
    return NULL;
}

const char *edgel_preset_name(int k)
{
    return k >= 0 && (size_t)k < sizeof presets / sizeof *presets ? presets[k].name : NULL;
}

const char *edgel_preset_what(int k)
{
    return k >= 0 && (size_t)k < sizeof presets / sizeof *presets ? presets[k].what : NULL;
}
