/* Numbers to text and back, independent of the locale. */
#include "core/core_priv.h"
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Switches this thread to the C locale; pass the result to leave_c(). */
static locale_t enter_c(void)
{
    pthread_once(&once, make_locale);
    return c_locale ? uselocale(c_locale) : (locale_t)0;
}

static void leave_c(locale_t before)
{
    if (before)
        uselocale(before);
}

/* True if all characters may be part of a decimal number: rules out spaces, "inf", "nan" and "0x". */
static bool plain_number(const char *s)
{
    return *s != '\0' && strspn(s, "+-.0123456789eE") == strlen(s);
}

enum edgel_status edgel_parse_real(const char *what, const char *text, double lo, double hi, double *out,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(out);
    char *end = NULL;
    locale_t before = enter_c();
    double v = plain_number(text) ? strtod(text, &end) : 0;
    leave_c(before);
    if (!end || end == text || *end != '\0' || !isfinite(v))
        return edgel_fail(err, EDGEL_EINVAL, "%s '%s': not a number", what, text);
    if (!(v >= lo && v <= hi)) {
        if (isinf(hi))
            return edgel_fail(err, EDGEL_EINVAL, "%s %s: must be at least %g", what, text, lo);
        return edgel_fail(err, EDGEL_EINVAL, "%s %s: must be from %g to %g", what, text, lo, hi);
    }
    *out = v;
    return EDGEL_OK;
}

enum edgel_status edgel_parse_int(const char *what, const char *text, int64_t lo, int64_t hi, int64_t *out,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(out);
    char *end = NULL;
    errno = 0;
    long long v = plain_number(text) ? strtoll(text, &end, 10) : 0;
    if (!end || end == text || *end != '\0')
        return edgel_fail(err, EDGEL_EINVAL, "%s '%s': not a whole number", what, text);
    if (errno == ERANGE || !(v >= lo && v <= hi))
        return edgel_fail(err, EDGEL_EINVAL, "%s %s: must be from %" PRId64 " to %" PRId64, what, text, lo,
                          hi);
    *out = v;
    return EDGEL_OK;
}

/* Exact where digits and power of ten are exact in double: one multiplication or division then rounds once. */
static bool short_number(const char *s, double *out)
{
    static const double power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const bool negative = *s == '-';
    bool point = false;
    int64_t v = 0;
    int exponent = 0, digits = 0;
    for (s += negative; *s == '.' || (*s >= '0' && *s <= '9'); s++) {
        if (*s == '.') {
            point = true;
            continue;
        }
        v = v * 10 + (*s - '0');
        exponent -= point;
        digits += v != 0;
        if (digits > 15 || exponent < -1000)
            return false;
    }
    if (*s != '\0') {
        const bool down = s[1] == '-';
        int e = 0;
        for (s += 1 + (s[1] == '-' || s[1] == '+'); *s != '\0' && e < 1000; s++)
            e = e * 10 + (*s - '0');
        exponent += down ? -e : e;
    }
    if (exponent < -22 || exponent > 22)
        return false;
    const double d = exponent < 0 ? (double)v / power[-exponent] : (double)v * power[exponent];
    *out = negative ? -d : d;
    return true;
}

bool edgel_real_of_text(const char *s, double *out)
{
    if (short_number(s, out))
        return true;
    locale_t before = enter_c();
    *out = strtod(s, NULL);
    leave_c(before);
    return isfinite(*out);
}

void edgel_text_real(struct edgel_text *t, double v)
{
    char buf[32];
    if (!isfinite(v)) {
        edgel_text_str(t, "null");
        return;
    }
    locale_t before = enter_c();
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    const char *exponent = strstr(buf, "e+"); /* 2040, not 2.04e+03: all its digits are known below 2^53 */
    if (exponent && fabs(v) < 9007199254740992.0)
        snprintf(buf, sizeof buf, "%.*g", atoi(exponent + 2) + 1, v);
    leave_c(before);
    edgel_text_str(t, buf);
}

void edgel_text_fixed(struct edgel_text *t, double v, int decimals)
{
    char buf[400];
    locale_t before = enter_c();
    snprintf(buf, sizeof buf, "%.*f", decimals, v);
    leave_c(before);
    edgel_text_str(t, buf);
}

void edgel_text_general(struct edgel_text *t, double v, int width)
{
    char buf[64];
    if (isnan(v)) {
        edgel_text_printf(t, "%*s", width, "NaN");
        return;
    }
    locale_t before = enter_c();
    snprintf(buf, sizeof buf, "%*g", width, v);
    leave_c(before);
    edgel_text_str(t, buf);
}
