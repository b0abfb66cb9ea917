/* The dense CRF: exact sums against the formula over all pairs, the lattice against exact sums, what holds for any
 * image. */
#include "edgel/ml_crf.h"
#include "filter_twin.h"
#include "ml/lattice.h"

enum { W = 17, H = 13, CLASSES = 3 };

/* An image of two halves with noise, and probabilities that lean towards the half's class. */
static struct edgel_image make_scene(int channels, enum edgel_type type, float *p)
{
    struct edgel_image img = make(W, H, channels, type);
    const double white = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float sum = 0, *q = p + (y * W + x) * CLASSES;
            for (int c = 0; c < channels; c++) {
                const double v = (x < W / 2 ? 0.2 : 0.7) + (double)(rnd() % 100) / 2000;
                set(&img, x, y, c, type == EDGEL_F32 ? v : floor(v * white));
            }
            for (int k = 0; k < CLASSES; k++)
                sum += q[k] = (float)(rnd() % 1000) / 1000 + (k == (x < W / 2) ? 0.3F : 0.01F);
            for (int k = 0; k < CLASSES; k++)
                q[k] /= sum;
        }
    return img;
}

/* The formula of the header in double. */
static void mean_field_of_twin(struct edgel_image *img, const struct edgel_crf_params *p, const float *start,
                               double *q)
{
    enum { N = W * H };
    static double kernel[2][N][N], sums[2][N], total[N][CLASSES];
    const double unit = img->type == EDGEL_U8 ? 1 : img->type == EDGEL_U16 ? 1 / 257.0 : 255;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            const double dx = i % W - j % W, dy = i / W - j / W, square = dx * dx + dy * dy;
            double away = 0;
            for (int c = 0; c < img->channels; c++)
                away += pow((get(img, i % W, i / W, c) - get(img, j % W, j / W, c)) * unit, 2);
            kernel[0][i][j] = exp(-square / (2 * p->smooth_sigma * p->smooth_sigma));
            kernel[1][i][j] = exp(-square / (2 * p->colour_sigma * p->colour_sigma) -
                                  away / (2 * p->gray_sigma * p->gray_sigma));
        }
    for (int m = 0; m < 2; m++)
        for (int i = 0; i < N; i++) {
            sums[m][i] = 0;
            for (int j = 0; j < N; j++)
                sums[m][i] += kernel[m][i][j];
        }
    for (int i = 0; i < N * CLASSES; i++)
        q[i] = start[i];
    for (int step = 0; step < p->iterations; step++) {
        for (int i = 0; i < N; i++)
            for (int k = 0; k < CLASSES; k++) {
                total[i][k] = 0;
                for (int m = 0; m < 2; m++)
                    for (int j = 0; j < N; j++)
                        total[i][k] += (m ? p->colour_weight : p->smooth_weight) * kernel[m][i][j] /
                                       sqrt(sums[m][i] * sums[m][j]) * q[j * CLASSES + k];
            }
        for (int i = 0; i < N; i++) {
            double all = 0;
            for (int l = 0; l < CLASSES; l++) {
                double gain = 0;
                for (int k = 0; k < CLASSES; k++)
                    gain += (p->compatibility ? p->compatibility[l * CLASSES + k] : l == k) * total[i][k];
                all += q[i * CLASSES + l] = fmax(start[i * CLASSES + l], 1e-6) * exp(gain);
            }
            for (int l = 0; l < CLASSES; l++)
                q[i * CLASSES + l] /= all;
        }
    }
}

static void exact_sums_are_those_of_the_formula(void **unused)
{
    (void)unused;
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    static const double matrix[] = { 1, 0, -0.5, 0, 2, 0.25, -0.5, 0.25, 1 };
    for (int k = 0; k < 6; k++) {
        float start[W * H * CLASSES], q[W * H * CLASSES];
        double want[W * H * CLASSES];
        struct edgel_crf_params p;
        struct edgel_image img = make_scene(k % 2 ? 3 : 1, types[k % 3], start);
        edgel_crf_params_init(&p);
        p.exact = true;
        p.compatibility = k % 2 ? matrix : NULL;
        p.iterations = 1 + k;
        p.smooth_sigma = 1 + k;
        memcpy(q, start, sizeof q);
        assert_int_equal(edgel_crf(edgel_image_view(&img), &p, CLASSES, q, NULL, NULL), EDGEL_OK);
        mean_field_of_twin(&img, &p, start, want);
        for (int i = 0; i < W * H * CLASSES; i++)
            assert_true(fabs(q[i] - want[i]) < 1e-4);
        edgel_image_finish(&img);
    }
}

/* Sums of the lattice are near those of a Gaussian, up to one factor for all points. */
static void the_lattice_is_near_a_gaussian(void **unused)
{
    (void)unused;
    enum { N = 600 };
    static float points[N * 3], in[N * 2], out[N * 2];
    struct ml_lattice l;
    double want[N], got = 0, wanted = 0, away = 0;
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < 3; d++)
            points[i * 3 + d] = (float)(rnd() % 1000) / 400;
        in[2 * i] = (float)(points[i * 3] > 1);
        in[2 * i + 1] = 1;
    }
    assert_int_equal(ml_lattice_init(&l, points, N, 3, NULL), EDGEL_OK);
    for (int i = 0; i < N; i++) { /* the shares of a point add up to 1 and are none below 0 */
        double sum = 0;
        for (int r = 0; r < 4; r++) {
            assert_true(l.share[i * 4 + r] > -1e-6F && l.vertex[i * 4 + r] < l.vertices);
            sum += l.share[i * 4 + r];
        }
        assert_true(fabs(sum - 1) < 1e-5);
    }
    float *room = edgel_alloc(l.vertices + 1, 4 * sizeof *room);
    ml_lattice_filter(&l, in, out, 2, room, NULL);
    for (int i = 0; i < N; i++) {
        want[i] = 0;
        for (int j = 0; j < N; j++) {
            double square = 0;
            for (int d = 0; d < 3; d++)
                square += pow(points[i * 3 + d] - points[j * 3 + d], 2);
            want[i] += exp(-square / 2) * in[2 * j];
        }
        got += out[2 * i];
        wanted += want[i];
    }
    for (int i = 0; i < N; i++)
        away += fabs(out[2 * i] * wanted / got - want[i]) / wanted;
    assert_true(away < 0.1);
    edgel_free(room);
    ml_lattice_finish(&l);

    points[7] = 2e6F;
    struct edgel_error err = { 0 };
    assert_int_equal(ml_lattice_init(&l, points, N, 3, &err), EDGEL_ELIMIT);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* The lattice's probabilities lead to the same classes as exact sums, with the same bits for any number of threads. */
static void lattice_and_threads_change_little_and_nothing(void **unused)
{
    (void)unused;
    float start[W * H * CLASSES], exact[W * H * CLASSES], q[2][W * H * CLASSES];
    struct edgel_crf_params p;
    int differ = 0;
    edgel_crf_params_init(&p);
    struct edgel_image img = make_scene(3, EDGEL_U8, start);
    memcpy(exact, start, sizeof exact);
    p.exact = true;
    assert_int_equal(edgel_crf(edgel_image_view(&img), &p, CLASSES, exact, NULL, NULL), EDGEL_OK);
    p.exact = false;
    for (int threads = 1; threads <= 7; threads += 3) {
        struct edgel_pool *pool;
        assert_int_equal(edgel_pool_create(threads, &pool, NULL), EDGEL_OK);
        memcpy(q[threads > 1], start, sizeof start);
        assert_int_equal(edgel_crf(edgel_image_view(&img), &p, CLASSES, q[threads > 1], pool, NULL),
                         EDGEL_OK);
        if (threads > 1)
            assert_memory_equal(q[0], q[1], sizeof start);
        edgel_pool_destroy(&pool);
    }
    for (int i = 0; i < W * H; i++) {
        int a = 0, b = 0;
        for (int k = 1; k < CLASSES; k++) {
            a = exact[i * CLASSES + k] > exact[i * CLASSES + a] ? k : a;
            b = q[0][i * CLASSES + k] > q[0][i * CLASSES + b] ? k : b;
        }
        differ += a != b;
        assert_true(a == (i % W < W / 2)); /* and it cleans up */
    }
    assert_true(differ <= W * H / 50);

    p.smooth_weight = p.colour_weight = 0; /* nobody has neighbours: nothing changes */
    memcpy(q[1], start, sizeof start);
    assert_int_equal(edgel_crf(edgel_image_view(&img), &p, CLASSES, q[1], NULL, NULL), EDGEL_OK);
    for (int i = 0; i < W * H * CLASSES; i++)
        assert_true(fabsf(q[1][i] - start[i]) < 1e-5F);
    edgel_image_finish(&img);
}

static void failing_memory_and_bad_values_are_refused(void **unused)
{
    (void)unused;
    float start[W * H * CLASSES], q[W * H * CLASSES];
    struct edgel_crf_params good, p;
    double matrix[9] = { 0 };
    edgel_crf_params_init(&good);
    struct edgel_image img = make_scene(3, EDGEL_U8, start);
    const struct edgel_view v = edgel_image_view(&img);
    enum edgel_status status = EDGEL_ENOMEM;
    memcpy(q, start, sizeof q);
    for (long n = 0; status != EDGEL_OK; n++) {
        const long live = edgel_alloc_live();
        assert_true(n < 200);
        edgel_alloc_fail_after(n);
        status = edgel_crf(v, &good, CLASSES, q, NULL, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(status == EDGEL_OK || (status == EDGEL_ENOMEM && memcmp(q, start, sizeof q) == 0));
        assert_int_equal(edgel_alloc_live(), live);
    }
#define REFUSE(change, text)                                                      \
    do {                                                                          \
        struct edgel_error err = { 0 };                                           \
        p = good;                                                                 \
        p.change;                                                                 \
        assert_int_equal(edgel_crf(v, &p, CLASSES, q, NULL, &err), EDGEL_EINVAL); \
        assert_non_null(strstr(err.msg, text));                                   \
    } while (0)
    REFUSE(smooth_weight = -1, "smooth_weight -1: must be 0..1000000");
    REFUSE(smooth_sigma = 0, "smooth_sigma 0: must be 0.01..1000000");
    REFUSE(colour_weight = NAN, "colour_weight");
    REFUSE(colour_sigma = 2e6, "colour_sigma");
    REFUSE(gray_sigma = 0, "gray_sigma");
    REFUSE(iterations = 0, "0 iterations: must be 1..1000");
    matrix[5] = NAN;
    REFUSE(compatibility = matrix, "classes 1 and 2");
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_crf(v, &good, 1, q, NULL, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "1 classes: must be 2..256"));
    edgel_error_clear(&err);
    q[4] = 1.5F;
    assert_int_equal(edgel_crf(v, &good, CLASSES, q, NULL, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "pixel 1, class 1: must be 0..1"));
    struct edgel_image large = make(129, 128, 1, EDGEL_U8);
    p = good;
    p.exact = true;
    edgel_error_clear(&err);
    assert_int_equal(edgel_crf(edgel_image_view(&large), &p, CLASSES, q, NULL, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "129x128 pixels: at most 16384"));
    edgel_image_finish(&large);
    edgel_image_finish(&img);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_sums_are_those_of_the_formula),
        cmocka_unit_test(the_lattice_is_near_a_gaussian),
        cmocka_unit_test(lattice_and_threads_change_little_and_nothing),
        cmocka_unit_test(failing_memory_and_bad_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
