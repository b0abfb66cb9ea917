/* The option rows that several commands share, and what follows from their values. */
#include "cli.h"
#include <stddef.h>

#define ROW(type, field) .at = offsetof(struct type, field)

const struct cli_option cli_input_rows[] = {
    { .name = "include",
      .kind = CLI_LIST,
      .metavar = "GLOB",
      ROW(cli_input_options, include),
      .help =
          "In folders take only files that match, by name or, with a '/' in GLOB, by path below the folder. "
          "May be repeated." },
    { .name = "exclude",
      .kind = CLI_LIST,
      .metavar = "GLOB",
      ROW(cli_input_options, exclude),
      .help = "In folders leave out files that match. May be repeated." },
    { .name = "files-from",
      .kind = CLI_STRING,
      .metavar = "FILE",
      ROW(cli_input_options, files_from),
      .help = "Read further inputs from FILE, one a line; - is standard input." },
    { .name = "null",
      .letter = '0',
      .kind = CLI_FLAG,
      ROW(cli_input_options, nul),
      .help = "The list of --files-from is separated by NUL bytes instead of newlines." },
    { 0 },
};

const struct cli_option cli_read_rows[] = {
    { .name = "lenient",
      .kind = CLI_FLAG,
      ROW(cli_read_options, lenient),
      .help = "Take what decodes of a damaged file instead of failing; the damage is reported." },
    { .name = "no-orient",
      .kind = CLI_FLAG_OFF,
      ROW(cli_read_options, orient),
      .help = "Leave the EXIF orientation alone." },
    { .name = "max-pixels",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_pixels),
      .min = 1,
      .max = 9e15,
      .def = "268435456",
      .help = "Refuse images with more pixels." },
    { .name = "max-side",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_side),
      .min = 1,
      .max = 2147483647,
      .def = "1000000",
      .help = "Refuse images that are wider or higher." },
    { .name = "max-scans",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_scans),
      .min = 1,
      .max = 2147483647,
      .def = "100",
      .help = "Refuse progressive JPEG files with more scans." },
    { .name = "max-chunk",
      .kind = CLI_INT,
      .metavar = "BYTES",
      ROW(cli_read_options, max_chunk),
      .min = 1,
      .max = 2147483647,
      .def = "8000000",
      .help = "Refuse PNG files with a larger chunk other than image data, unpacked as well." },
    { 0 },
};

static enum edgel_status take_shard(void *options, const char *what, const char *text,
                                    struct edgel_error *err)
{
    return edgel_shard_parse(what, text, &((struct cli_shard_options *)options)->shard, err);
}

const struct cli_option cli_shard_rows[] = {
    { .name = "shard",
      .kind = CLI_CALL,
      .metavar = "i/N",
      .call = take_shard,
      .help =
          "Do part i of N alone, every N-th of the sorted list. Parts may run at the same time, on several "
          "machines; 'edgel merge' joins what they wrote." },
    { 0 },
};

static const char *const progress_names[] = { "auto", "always", "never", NULL };

const struct cli_option cli_run_rows[] = {
    { .name = "jobs",
      .letter = 'j',
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_run_options, jobs),
      .min = 1,
      .max = 1024,
      .note = "all cores",
      .help =
          "Use N threads: on N images at a time, and (detect, segment, eval --boundary bsds) inside an image where "
          "there are fewer. The results do not depend on it." },
    { .name = "jsonl",
      .kind = CLI_STRING,
      .metavar = "FILE",
      ROW(cli_run_options, jsonl),
      .help = "Write one JSON line per image and a last one with the totals; - is standard output." },
    { .name = "progress",
      .kind = CLI_CHOICE,
      ROW(cli_run_options, progress),
      .choices = progress_names,
      .def = "auto",
      .help = "Progress bar on standard error; auto: on a terminal only." },
    { .name = "quiet",
      .letter = 'q',
      .kind = CLI_FLAG,
      ROW(cli_run_options, quiet),
      .help = "Say nothing but errors: no progress bar, no remarks, no totals." },
    { .name = "verbose",
      .letter = 'v',
      .kind = CLI_FLAG,
      ROW(cli_run_options, verbose),
      .help = "Say what is done with each image." },
    { 0 },
};

const struct cli_exit cli_batch_exits[] = {
    { CLI_EXIT_OK, "everything was done" },
    { CLI_EXIT_FAILED, "some inputs failed, each was reported; or a result could not be written" },
    { CLI_EXIT_USAGE,
      "wrong usage, or refused before any work (an output exists, its folder cannot be made, two inputs map to one "
      "output)" },
    { CLI_EXIT_NOTHING, "no input was found" },
    { CLI_EXIT_INTERRUPTED, "interrupted; what was finished is kept, nothing is torn" },
    { 0 },
};

struct edgel_read cli_read_params(const struct cli_read_options *o, enum edgel_decode decode)
{
    static const struct edgel_limit_names options = { "--max-pixels", "--max-side", "--max-scans",
                                                      "--max-chunk" };
    return (struct edgel_read){ .decode = decode,
                                .orient = o->orient,
                                .lenient = o->lenient,
                                .limits = { .max_pixels = (uint64_t)o->max_pixels,
                                            .max_side = (int)o->max_side,
                                            .max_scans = (int)o->max_scans,
                                            .max_chunk_bytes = (size_t)o->max_chunk,
                                            .names = &options } };
}

int cli_jobs(const struct cli_run_options *o)
{
    return o->jobs > 0 ? (int)o->jobs : edgel_cpu_count();
}
