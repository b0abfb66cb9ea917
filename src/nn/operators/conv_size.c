/* Output sizes of convolutions and of their transposes. */
#include "core/core_priv.h"
#include "edgel/nn.h"

static bool parameters_ok(int n, int k, int stride, int pad, int dilation)
{
    return n >= 1 && k >= 1 && stride >= 1 && pad >= 0 && dilation >= 1;
}

static int as_size(int64_t n)
{
    return n >= 1 && n <= INT32_MAX ? (int)n : 0;
}

int edgel_conv_out_size(int n, int k, int stride, int pad, int dilation)
{
    if (!parameters_ok(n, k, stride, pad, dilation))
        return 0;
    const int64_t reach = (int64_t)n + 2 * (int64_t)pad - (int64_t)dilation * (k - 1) - 1;
    return reach < 0 ? 0 : as_size(reach / stride + 1);
}

int edgel_conv_transpose_out_size(int n, int k, int stride, int pad, int dilation, int output_padding)
{
    if (!parameters_ok(n, k, stride, pad, dilation) || output_padding < 0 || output_padding >= stride)
        return 0;
    return as_size((int64_t)(n - 1) * stride - 2 * (int64_t)pad + (int64_t)dilation * (k - 1) + 1 +
                   output_padding);
}

enum edgel_status edgel_conv_transpose_check(int size, int n, int k, int stride, int pad, int dilation,
                                             struct edgel_error *err)
{
    if (!parameters_ok(n, k, stride, pad, dilation))
        return edgel_fail(err, EDGEL_EINVAL,
                          "input %d, k %d, stride %d, pad %d, dilation %d: must be at least 1, 1, 1, 0, 1", n,
                          k, stride, pad, dilation);
    if (edgel_conv_out_size(size, k, stride, pad, dilation) == n)
        return EDGEL_OK;
    const int most = edgel_conv_transpose_out_size(n, k, stride, pad, dilation, stride - 1);
    int least = most - (stride - 1);
    least = least < 1 ? 1 : least;
    if (most == 0)
        return edgel_fail(err, EDGEL_EINVAL,
                          "output of %d: no side gives %d under k=%d stride=%d pad=%d dilation=%d", size, n,
                          k, stride, pad, dilation);
    if (least == most)
        return edgel_fail(err, EDGEL_EINVAL,
                          "output of %d: a side of %d under k=%d stride=%d pad=%d dilation=%d comes from %d",
                          size, n, k, stride, pad, dilation, least);
    return edgel_fail(
        err, EDGEL_EINVAL,
        "output of %d: a side of %d under k=%d stride=%d pad=%d dilation=%d comes from %d %s %d", size, n, k,
        stride, pad, dilation, least, most - least == 1 ? "or" : "to", most);
}
