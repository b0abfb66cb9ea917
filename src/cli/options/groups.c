/* The option rows that several commands share, and what follows from their values. */
#include "cli/cli.h"
#include <stddef.h>

#define ROW(type, field) .at = offsetof(struct type, field)

const struct cli_option cli_input_rows[] = {
    { .name = "include",
      .kind = CLI_LIST,
      .metavar = "GLOB",
      ROW(cli_input_options, include),
      .help =
          "Take only files of input folders that match GLOB. It is compared with the file's name, or with its path "
          "below the folder when GLOB holds a '/'. May be repeated." },
    { .name = "exclude",
      .kind = CLI_LIST,
      .metavar = "GLOB",
      ROW(cli_input_options, exclude),
      .help = "Leave out files of input folders that match GLOB. May be repeated." },
    { .name = "files-from",
      .kind = CLI_STRING,
      .metavar = "FILE",
      ROW(cli_input_options, files_from),
      .help = "Read further inputs from FILE, one per line; - is standard input." },
    { .name = "null",
      .letter = '0',
      .kind = CLI_FLAG,
      ROW(cli_input_options, nul),
      .help = "Names in the list of --files-from end with NUL bytes instead of newlines." },
    { 0 },
};

const struct cli_option cli_read_rows[] = {
    { .name = "lenient",
      .kind = CLI_FLAG,
      ROW(cli_read_options, lenient),
      .help = "Use what can be decoded of a damaged file instead of failing; the damage is reported." },
    { .name = "no-orient",
      .kind = CLI_FLAG_OFF,
      ROW(cli_read_options, orient),
      .help = "Do not turn images by their EXIF orientation." },
    { .name = "max-pixels",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_pixels),
      .min = 1,
      .max = 9e15,
      .def = "268435456",
      .help = "Refuse images with more than N pixels." },
    { .name = "max-side",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_side),
      .min = 1,
      .max = 2147483647,
      .def = "1000000",
      .help = "Refuse images wider or higher than N pixels." },
    { .name = "max-scans",
      .kind = CLI_INT,
      .metavar = "N",
      ROW(cli_read_options, max_scans),
      .min = 1,
      .max = 2147483647,
      .def = "100",
      .help = "Refuse progressive JPEG files with more than N scans." },
    { .name = "max-chunk",
      .kind = CLI_INT,
      .metavar = "BYTES",
      ROW(cli_read_options, max_chunk),
      .min = 1,
      .max = 2147483647,
      .def = "8000000",
      .help =
          "Refuse PNG files with a chunk of more than BYTES, stored or decompressed. Chunks of image data are "
          "exempt." },
    { .name = "max-file",
      .kind = CLI_INT,
      .metavar = "BYTES",
      ROW(cli_read_options, max_file),
      .min = 1,
      .max = 9e15,
      .note = "2^26, and 16 for each pixel of an image or 8 for each of --max-pixels in a MAT file",
      .help = "Refuse files of images, masks and COCO documents of more than BYTES before they are read." },
    { 0 },
};

uint64_t cli_file_bytes(const struct cli_read_options *o)
{
    return o->max_file > 0 ? (uint64_t)o->max_file : (UINT64_C(1) << 26) + 16 * (uint64_t)o->max_pixels;
}

static enum edgel_status take_range(void *options, const char *what, const char *text,
                                    struct edgel_error *err)
{
    return edgel_range_parse(what, text, &((struct cli_range_options *)options)->range, err);
}

static const char *const range_names[] = { "full", "auto", "8bit", "10bit", "12bit", "14bit", "16bit", NULL };
const struct cli_option cli_range_rows[] = {
    { .name = "range",
      .kind = CLI_CALL,
      .metavar = "full|auto|8bit|10bit|12bit|14bit|16bit|MIN,MAX",
      .call = take_range,
      .choices = range_names, /* for completion */
      .note = "full",
      .help =
          "What black and white are in the samples of images. full: the least and the largest value of their type (0 "
          "and 255, 65535 or, of floats, 1). 12bit: 0 and 4095, as 12-bit cameras write them into 16 bits. Samples are "
          "scaled to the full range of their type before anything works on them; whole numbers are rounded and cut, "
          "floats are not. A type that does not hold MAX is left as it is: 8-bit images stay under 12bit. auto: the "
          "smallest of these, from 8bit on, that holds every 16-bit image of the run, and the same for floats; "
          "decided once, from all inputs, which are read for it, and by what PNG (sBIT) and TIFF files say; of "
          "--shard, from those of all parts. RANGE/RANGE: one for whole numbers and one for floats." },
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
          "Do only part i of N: every N-th image of the sorted list, from the i-th on. Parts may run at the same "
          "time and on several machines; 'edgel merge' joins their logs and counts." },
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
          "Work with N threads, each on an image of its own. With fewer images than threads, several threads share an "
          "image: so do detect, segment and the --boundary bsds of eval. Results do not depend on N." },
    { .name = "jsonl",
      .kind = CLI_STRING,
      .metavar = "FILE",
      ROW(cli_run_options, jsonl),
      .help =
          "Write a log: one JSON line per image, and a last line with the totals. - is standard output." },
    { .name = "progress",
      .kind = CLI_CHOICE,
      ROW(cli_run_options, progress),
      .choices = progress_names,
      .def = "auto",
      .help = "Show a progress bar on standard error; auto: only when it is a terminal." },
    { .name = "quiet",
      .letter = 'q',
      .kind = CLI_FLAG,
      ROW(cli_run_options, quiet),
      .help = "Print errors only: no progress bar, no remarks, no totals." },
    { .name = "verbose",
      .letter = 'v',
      .kind = CLI_FLAG,
      ROW(cli_run_options, verbose),
      .help = "Print what becomes of each image." },
    { 0 },
};

const struct cli_exit cli_batch_exits[] = {
    { CLI_EXIT_OK, "everything was done" },
    { CLI_EXIT_FAILED, "some inputs failed (each was reported), or a result could not be written" },
    { CLI_EXIT_USAGE,
      "wrong usage, or refused before any work: an output exists, the output folder cannot be made, two inputs have "
      "one output" },
    { CLI_EXIT_NOTHING, "no input was found" },
    { CLI_EXIT_INTERRUPTED, "interrupted; finished outputs are kept, and none is incomplete" },
    { 0 },
};

struct edgel_read cli_read_params(const struct cli_read_options *o, enum edgel_decode decode)
{
    static const struct edgel_limit_names options = { "--max-pixels", "--max-side", "--max-scans",
                                                      "--max-chunk", "--max-file" };
    return (struct edgel_read){ .decode = decode,
                                .orient = o->orient,
                                .lenient = o->lenient,
                                .limits = { .max_pixels = (uint64_t)o->max_pixels,
                                            .max_side = (int)o->max_side,
                                            .max_scans = (int)o->max_scans,
                                            .max_chunk_bytes = (size_t)o->max_chunk,
                                            .names = &options,
                                            .max_file_bytes = (uint64_t)o->max_file } };
}

void cli_range_say(const char *text, const struct edgel_range_found *found)
{
    if (found->whole + found->real == 0)
        cli_message("range auto: %s, as no image has 16 bits or floats", text);
    else if (found->real == 0)
        cli_message("range auto: %s, as the largest value of %zu images of 16 bits is %g", text, found->whole,
                    found->largest_whole);
    else if (found->whole == 0)
        cli_message("range auto: %s, as the largest value of %zu float images is %g", text, found->real,
                    found->largest_real);
    else
        cli_message(
            "range auto: %s, as the largest value of %zu images of 16 bits is %g, of %zu float images %g",
            text, found->whole, found->largest_whole, found->real, found->largest_real);
}
