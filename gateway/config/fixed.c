/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/fixed.c - the keys that a running gateway cannot change: what
 * was opened, sized or limited by them stays as it is until it ends.        */
#include "config/loader.h"

#include <string.h>

#define SALLY_AT(field)                                                        \
    offsetof(struct sally_config, field),                                      \
        sizeof(((struct sally_config *)0)->field)

/* The order is that of fixed_lines. */
static const struct fixed {
    const char *group; /* within `gateway`; NULL: in it */
    const char *key;
    bool text;
    size_t offset, size;
} fixed[SALLY_CONFIG_FIXED] = {
    { NULL, "state_dir", true, SALLY_AT(state_dir) },
    { NULL, "volatile", false, SALLY_AT(volatile_state) },
    { NULL, "master_key_file", true, SALLY_AT(master_key_file) },
    { NULL, "machine_file", true, SALLY_AT(machine_file) },
    { NULL, "anchor_file", true, SALLY_AT(anchor_file) },
    { NULL, "max_sensors", false, SALLY_AT(max_sensors) },
    { NULL, "memory_limit_mb", false, SALLY_AT(memory_limit_mb) },
    { "console", "socket", true, SALLY_AT(console_socket) },
};

void sally_load_fixed_lines(struct sally_loader *l,
                            const config_setting_t *gateway)
{
    for (size_t i = 0; i < SALLY_LEN(fixed); i++) {
        const config_setting_t *group = gateway, *found = NULL;

        if (group != NULL && fixed[i].group != NULL)
            group = config_setting_get_member(group, fixed[i].group);
        if (group != NULL)
            found = config_setting_get_member(group, fixed[i].key);
        if (found == NULL)
            found = gateway; /* where it would stand */
        l->out->fixed_lines[i] =
            found == NULL ? 1 : (unsigned)config_setting_source_line(found);
    }
}

static bool same(const struct fixed *f, const struct sally_config *a,
                 const struct sally_config *b)
{
    const char *left = (const char *)a + f->offset;
    const char *right = (const char *)b + f->offset;
    const char *texts[2];

    if (!f->text)
        return memcmp(left, right, f->size) == 0;
    memcpy(&texts[0], left, sizeof(texts[0]));
    memcpy(&texts[1], right, sizeof(texts[1]));
    return strcmp(texts[0], texts[1]) == 0;
}

unsigned sally_config_check_fixed(const struct sally_config *running,
                                  const struct sally_config *next,
                                  FILE *report)
{
    unsigned bad = 0;

    for (size_t i = 0; i < SALLY_LEN(fixed); i++) {
        if (same(&fixed[i], running, next))
            continue;
        fprintf(report,
                "%s:%u: %s: expected what it was when the gateway started; "
                "a new value needs a restart\n",
                next->file, next->fixed_lines[i], fixed[i].key);
        bad++;
    }
    return bad;
}
