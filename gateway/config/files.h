/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/files.h - reads the configuration's files into memory, once:
 * the main file, and every *.conf in objects.d, profiles.d and sensors.d
 * beside it, each folder in the order of the names.                         */
#ifndef SALLY_CONFIG_FILES_H
#define SALLY_CONFIG_FILES_H

#include "config/config.h"

#define SALLY_CONFIG_FILE_MAX 1048576 /* bytes of one file */
#define SALLY_CONFIG_FILES_MAX 20000

struct sally_config_files {
    struct sally_arena arena; /* holds all of it */
    struct sally_config_file *files;
    size_t count; /* the main file is files[0] */
};

/* Returns how many problems there were, each reported as one line,
 * FILE: WHAT. A folder that does not exist is not one. Names that begin with a
 * dot are passed over. *out must be wiped in both cases.                    */
unsigned sally_config_files_read(const char *main_path,
                                 struct sally_config_files *out,
                                 FILE *report);

void sally_config_files_wipe(struct sally_config_files *f);

#endif
