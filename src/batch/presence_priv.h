/* presence_priv.h: what runs that are at work in one output folder know of each other. */
#ifndef EDGEL_PRESENCE_PRIV_H
#define EDGEL_PRESENCE_PRIV_H

#include "batch/batch_priv.h"
#include "io/io_priv.h"

struct edgel_presence_params {
    const char *path; /* of the folder, for messages */
    const struct edgel_setting *settings;
    size_t nsettings;
    const uint64_t *outputs; /* [noutputs] edgel_presence_hash() of each, rising */
    size_t noutputs;
    const char *(*name_of)(void *user, uint64_t hash); /* the path of that output, for messages */
    void *user;
};

uint64_t edgel_presence_hash(const char *below); /* of the path of an output below the folder */

struct edgel_presence;
/*
 * Tells others that this run is at work in the folder, which must stay open until the presence is released.
 *
 * Returns EDGEL_OK; EDGEL_EINVAL: another run is at work there with other settings or some of these outputs;
 * EDGEL_EIO: the folder cannot be written to; EDGEL_ENOMEM. *out is NULL on failure.
 */
EDGEL_NODISCARD enum edgel_status edgel_presence_announce(const struct edgel_presence_params *params,
                                                          struct edgel_output_folder *folder,
                                                          struct edgel_presence **out,
                                                          struct edgel_error *err);
/* Whether no other run has told of itself there. */
bool edgel_presence_is_alone(const struct edgel_presence *presence);
void edgel_presence_release(struct edgel_presence **presence); /* NULL is fine */

#endif
