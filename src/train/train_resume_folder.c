/* Going on with the training of a folder, and beginning one anew there. */
#include "train/train_files.h"
#include <stdio.h>
#include <string.h>

static enum edgel_status out_of_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "folder of a training: out of memory");
}

enum edgel_status edgel_train_record_resume(const char *folder, struct edgel_trainer *trainer,
                                            struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    EDGEL_REQUIRE(folder);
    EDGEL_REQUIRE(trainer);
    char *path = train_path(folder, "last.safetensors");
    if (!path)
        return out_of_memory(err);
    enum edgel_status status = edgel_file_read(path, EDGEL_FILE_TRAINING, NULL, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_trainer_resume(trainer, bytes.data, bytes.size, path, err);
    edgel_bytes_finish(&bytes);
    edgel_free(path);
    return status;
}

/* Whether a file that is not the same bytes holds the same model: one of an earlier version has no hash. */
static enum edgel_status holds_same(const struct edgel_bytes *there, const char *path,
                                    const unsigned char *bytes, size_t size, bool *same,
                                    struct edgel_error *err)
{
    struct edgel_model *model = NULL;
    struct edgel_error why = { 0 };
    unsigned char *again = NULL;
    size_t n = 0;
    *same = false;
    enum edgel_status status = edgel_model_decode(there->data, there->size, path, &model, &why);
    if (status == EDGEL_OK)
        status = edgel_model_encode(model, &again, &n, &why);
    if (status == EDGEL_OK)
        *same = n == size && memcmp(again, bytes, n) == 0;
    edgel_model_free(again);
    edgel_model_destroy(&model);
    return status == EDGEL_ENOMEM ? edgel_fail(err, status, "%s", why.msg) : EDGEL_OK;
}

static enum edgel_status write_best(const char *folder, const void *bytes, size_t size,
                                    struct edgel_error *err)
{
    struct edgel_output_folder *out;
    EDGEL_TRY(edgel_output_folder_open(folder, false, &out, err));
    const enum edgel_status status = train_folder_write(out, "best.safetensors", bytes, size, err);
    edgel_output_folder_close(&out);
    return status;
}

/* Compares the file with the best model, and writes it anew if they differ. */
static enum edgel_status restore(const char *folder, const char *path, const struct edgel_model *best,
                                 enum edgel_train_best *found, struct edgel_error *err)
{
    struct edgel_bytes there = { 0 };
    unsigned char *bytes = NULL;
    size_t size = 0;
    const bool read = edgel_file_read(path, EDGEL_FILE_MODEL, NULL, &there, NULL) == EDGEL_OK;
    enum edgel_status status = edgel_model_encode(best, &bytes, &size, err);
    if (status == EDGEL_OK && (!read || there.size != size || memcmp(there.data, bytes, size) != 0)) {
        bool same = false;
        if (read)
            status = holds_same(&there, path, bytes, size, &same, err);
        if (!same)
            *found = read ? EDGEL_TRAIN_BEST_DAMAGED : EDGEL_TRAIN_BEST_LOST;
        if (status == EDGEL_OK)
            status = write_best(folder, bytes, size, err);
    }
    edgel_model_free(bytes);
    edgel_bytes_finish(&there);
    return status;
}

enum edgel_status edgel_train_record_restore(const char *folder, const struct edgel_trainer *trainer,
                                             const struct edgel_model *model, enum edgel_train_best *found,
                                             struct edgel_error *err)
{
    enum edgel_train_best state = EDGEL_TRAIN_BEST_INTACT;
    struct edgel_model *best = NULL;
    EDGEL_REQUIRE(folder);
    EDGEL_REQUIRE(trainer);
    EDGEL_REQUIRE(model);
    char *path = train_path(folder, "best.safetensors");
    if (!path)
        return out_of_memory(err);
    enum edgel_status status = edgel_model_copy(model, &best, err);
    if (status == EDGEL_OK && edgel_trainer_best(trainer, best))
        status = restore(folder, path, best, &state, err);
    edgel_model_destroy(&best);
    edgel_free(path);
    if (found)
        *found = state;
    return status;
}

size_t edgel_train_record_epochs(const char *folder)
{
    struct edgel_bytes bytes = { 0 };
    char *path = train_path(folder, "results.csv");
    size_t lines = 0;
    if (path && edgel_file_read(path, EDGEL_FILE_TEXT, NULL, &bytes, NULL) == EDGEL_OK)
        for (size_t i = 0; i < bytes.size; i++)
            lines += bytes.data[i] == '\n';
    edgel_bytes_finish(&bytes);
    edgel_free(path);
    return lines ? lines - 1 : 0;
}

enum edgel_status edgel_train_record_clear(const char *folder, struct edgel_error *err)
{
    static const char *const names[] = { "results.csv",      "curves.svg",       "confusion.csv",
                                         "best.safetensors", "last.safetensors", "args.json" };
    EDGEL_REQUIRE(folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = train_path(folder, names[i]);
        if (!path)
            return out_of_memory(err);
        (void)remove(path); /* it may be missing; one that cannot be removed is overwritten */
        edgel_free(path);
    }
    return EDGEL_OK;
}
