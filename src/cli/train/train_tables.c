/* What the tables of the library say of losses, optimizers, schedules and changes of samples, as rows and sentences of
 * the help. */
#include "cli/train/train.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends what fits. */
static void add(char *buf, size_t size, const char *fmt, ...) EDGEL_PRINTF(3, 4);

static void add(char *buf, size_t size, const char *fmt, ...)
{
    const size_t n = strlen(buf);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf + n, size - n, fmt, ap);
    va_end(ap);
}

void train_list_names(char *buf, size_t size, const char *last, const char *(*name_at)(int i),
                      bool (*has)(int i, int number), int number)
{
    int n = 0, at = 0;
    for (int i = 0; name_at(i); i++)
        n += has(i, number);
    for (int i = 0; name_at(i); i++) {
        if (!has(i, number))
            continue;
        add(buf, size, at == 0 ? "" : at + 1 < n ? ", " : " %s ", last);
        add(buf, size, "%s", name_at(i));
        at++;
    }
}

/* --- names as choices --- */

const char *train_optimizers[EDGEL_OPTIMIZERS + 1], *train_schedules[EDGEL_SCHEDULES + 1],
    *train_monitors[EDGEL_MONITORS + 1];

static const char *optimizer_at(int i)
{
    return edgel_optimizer_at(i).name;
}

static const char *schedule_at(int i)
{
    return edgel_schedule_at(i).name;
}

/* --- losses and their numbers --- */

struct cli_option train_number_rows[TRAIN_LOSS_NUMBERS_MAX + 1];

const char *train_loss_option(int i)
{
    static char names[TRAIN_LOSS_NUMBERS_MAX][32];
    snprintf(names[i], sizeof names[i], "%s", edgel_loss_param_at(i).name);
    for (char *c = names[i]; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return names[i];
}

bool train_loss_weighted(int kind, int unused)
{
    (void)unused;
    return edgel_loss_at(kind).weighted;
}

void train_tell_losses(char *buf, size_t size)
{
    *buf = '\0';
    for (int k = 0; edgel_loss_name(k); k++)
        add(buf, size, "%s%s (%s)", k ? ", " : "", edgel_loss_name(k), edgel_loss_at(k).what);
    add(buf, size, ".");
}

void train_tell_weighted(char *buf, size_t size)
{
    *buf = '\0';
    train_list_names(buf, size, "and", edgel_loss_name, train_loss_weighted, 0);
    add(buf, size, ".");
}

/* The numbers of losses as options. */
static void make_number_rows(void)
{
    static char defaults[TRAIN_LOSS_NUMBERS_MAX][32], helps[TRAIN_LOSS_NUMBERS_MAX][256];
    for (int i = 0; edgel_loss_param_at(i).name && i < TRAIN_LOSS_NUMBERS_MAX; i++) {
        const struct edgel_loss_param p = edgel_loss_param_at(i);
        snprintf(defaults[i], sizeof defaults[i], "%g", p.def);
        add(helps[i], sizeof helps[i], "Of ");
        train_list_names(helps[i], sizeof helps[i], "and", edgel_loss_name, edgel_loss_takes, i);
        add(helps[i], sizeof helps[i], ": %s.", p.what);
        train_number_rows[i] = (struct cli_option){ .name = train_loss_option(i),
                                                    .kind = CLI_REAL,
                                                    .metavar = "X",
                                                    .at = offsetof(struct train_options, loss_numbers) +
                                                          (size_t)i * sizeof(double),
                                                    .min = p.min,
                                                    .max = p.max,
                                                    .def = defaults[i],
                                                    .help = helps[i] };
    }
}

/* --- optimizers and schedules --- */

bool train_optimizer_has(int kind, int field)
{
    const struct edgel_optimizer_info info = edgel_optimizer_at(kind);
    return field == TRAIN_MOMENTUM ? info.momentum : info.decays;
}

bool train_schedule_has(int kind, int field)
{
    const struct edgel_schedule_info info = edgel_schedule_at(kind);
    return field == TRAIN_TOTAL ? info.total : field == TRAIN_EVERY ? info.every : info.power;
}

void train_list_optimizers(char *buf, size_t size, int field)
{
    train_list_names(buf, size, "and", optimizer_at, train_optimizer_has, field);
}

void train_list_schedules(char *buf, size_t size, int field)
{
    train_list_names(buf, size, "and", schedule_at, train_schedule_has, field);
}

void train_tell_optimizers(char *buf, size_t size)
{
    *buf = '\0';
    for (int k = 0; optimizer_at(k); k++)
        add(buf, size, "%s%s (%s; --lr %g)", k ? ", " : "", optimizer_at(k), edgel_optimizer_at(k).what,
            edgel_optimizer_at(k).lr);
    add(buf, size, ".");
}

void train_tell_momentum(char *buf, size_t size)
{
    *buf = '\0';
    train_list_optimizers(buf, size, TRAIN_MOMENTUM);
    add(buf, size, ".");
}

void train_tell_schedules(char *buf, size_t size)
{
    *buf = '\0';
    for (int k = 0; schedule_at(k); k++)
        add(buf, size, "%s%s (%s)", k ? ", " : "", schedule_at(k), edgel_schedule_at(k).what);
    add(buf, size, ".");
}

/* --- changes of samples --- */

void train_tell_changes(char *buf, size_t size)
{
    *buf = '\0';
    for (int i = 0; edgel_augment_at(i).name; i++) {
        const struct edgel_augment_info c = edgel_augment_at(i);
        add(buf, size, "%s%s:%g (%s; %s up to %g)", i ? ", " : "", c.name, c.amount, c.what, c.unit, c.most);
    }
    add(buf, size, ".");
}

void train_make_rows(void)
{
    if (train_number_rows[0].name)
        return;
    make_number_rows();
    for (int k = 0; k < EDGEL_OPTIMIZERS; k++)
        train_optimizers[k] = optimizer_at(k);
    for (int k = 0; k < EDGEL_SCHEDULES; k++)
        train_schedules[k] = schedule_at(k);
    for (int k = 0; k < EDGEL_MONITORS; k++)
        train_monitors[k] = edgel_monitor_at(k).name;
}
