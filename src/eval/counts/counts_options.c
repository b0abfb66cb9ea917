/*
 * The options of families in the first line of a counts file, written and read by their table.
 *
 *   "KEY":value            a family with one option, where it is asked for
 *   "KEY":{"NAME":value}   a family with several, all of them; those inside a switch are an object of its name, which
 *                          is there when the switch is on
 */
#include "eval/eval_priv.h"
#include <string.h>

/* The i-th option is a switch that stands as the object of those inside it. */
static bool opens(const struct edgel_family_row *f, int i)
{
    const struct edgel_family_option *next = i + 1 < f->noptions ? &f->options[i + 1] : NULL;
    return next && next->inside && strcmp(next->inside, f->options[i].stored) == 0;
}

static void write_value(struct edgel_text *t, const struct edgel_family_option *o, double v)
{
    switch (o->kind) {
    case EDGEL_OPTION_SWITCH: edgel_text_str(t, v > 0 ? "true" : "false"); break;
    case EDGEL_OPTION_WORD: edgel_text_printf(t, "\"%s\"", edgel_option_word(o, v)); break;
    case EDGEL_OPTION_WHOLE:
    case EDGEL_OPTION_REAL: edgel_text_real(t, v); break;
    }
}

static void write_object(struct edgel_text *t, const struct edgel_family_row *f, const double *v)
{
    bool inside = false;
    const char *comma = "";
    edgel_text_str(t, "{");
    for (int i = 0; i < f->noptions; i++) {
        const struct edgel_family_option *o = &f->options[i];
        if (inside && !o->inside)
            edgel_text_str(t, "}");
        const bool off = o->inside ? !inside : opens(f, i) && !edgel_option_on(o, v[i]);
        inside = !off && (o->inside || opens(f, i));
        if (off)
            continue;
        edgel_text_printf(t, "%s\"%s\":", comma, o->stored);
        comma = opens(f, i) ? "" : ",";
        if (opens(f, i))
            edgel_text_str(t, "{");
        else
            write_value(t, o, v[i]);
    }
    edgel_text_str(t, inside ? "}}" : "}");
}

void edgel_options_write(struct edgel_text *t, const struct edgel_family_row *f,
                         const struct edgel_measure *m)
{
    const double *v = m->options[f->family];
    if (f->noptions == 0 || (!edgel_option_on(f->options, v[0]) && !f->null_when_off))
        return;
    edgel_text_printf(t, ",\"%s\":", f->options->key);
    if (f->noptions == 1)
        write_value(t, f->options, v[0]);
    else
        write_object(t, f, v);
}

static enum edgel_status read_value(const struct edgel_place *p, const struct edgel_json *v,
                                    const struct edgel_family_option *o, double *out)
{
    struct edgel_error odd = { 0 };
    bool on;
    int word;
    switch (o->kind) {
    case EDGEL_OPTION_SWITCH:
        EDGEL_TRY(edgel_place_bool(p, v, o->stored, &on));
        *out = on;
        return EDGEL_OK;
    case EDGEL_OPTION_WORD:
        EDGEL_TRY(edgel_place_word(p, v, o->stored, o->words, &word));
        *out = word;
        return EDGEL_OK;
    case EDGEL_OPTION_WHOLE:
    case EDGEL_OPTION_REAL:
        if (!edgel_json_real(v, out))
            return edgel_place_refuse(p, o->stored, "must be a number");
        break;
    }
    return edgel_option_check(o, *out, &odd) == EDGEL_OK
               ? EDGEL_OK
               : edgel_fail(p->err, EDGEL_EFORMAT, "%s: %.400s", p->where, odd.msg);
}

enum edgel_status edgel_options_read(const struct edgel_place *p, const struct edgel_family_row *f,
                                     const struct edgel_json *measure, struct edgel_measure *m)
{
    double *out = m->options[f->family];
    const struct edgel_json *own = f->noptions > 0 ? edgel_json_get(measure, f->options->key) : NULL;
    if (!own || edgel_json_is_null(own))
        return EDGEL_OK;
    if (f->noptions == 1)
        return read_value(p, own, f->options, out);
    for (int i = 0; i < f->noptions; i++) {
        const struct edgel_family_option *o = &f->options[i];
        const struct edgel_json *in = o->inside ? edgel_json_get(own, o->inside) : own;
        if (opens(f, i))
            out[i] = edgel_json_get(own, o->stored) != NULL;
        else if (in)
            EDGEL_TRY(read_value(p, edgel_json_get(in, o->stored), o, &out[i]));
    }
    return EDGEL_OK;
}

const char *edgel_options_differ(const struct edgel_family_row *f, const struct edgel_measure *a,
                                 const struct edgel_measure *b)
{
    const double *v = a->options[f->family], *w = b->options[f->family];
    bool inside = false;
    for (int i = 0; i < f->noptions; i++) {
        const struct edgel_family_option *o = &f->options[i];
        const bool on = edgel_option_on(o, v[i]);
        if (o->inside && !inside)
            continue;
        if (v[i] != w[i] && (on || edgel_option_on(o, w[i])))
            return o->key;
        if (i == 0 && !on)
            return NULL; /* of neither */
        inside = opens(f, i) ? on : inside && o->inside;
    }
    return NULL;
}
