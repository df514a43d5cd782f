/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/sensor_fingerprint.c - what a sensor is made of, as one number
 * that is the same as long as all of it is.                                 */
#include "config/sensor_draft.h"

#include <string.h>

/* Key files are found from where the sensor's own file lies. */
static struct sally_span folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return sally_span_sub(sally_span_of(file), 0,
                          slash == NULL ? 0 : (size_t)(slash - file));
}

uint64_t sally_sensor_fingerprint(const struct sally_loader *l,
                                  const config_setting_t *group,
                                  const struct sally_config_sensor *s)
{
    uint64_t sum = sally_fingerprint_setting(l->common, group);

    sum = sally_fingerprint_bytes(sum, folder_of(l->reader.file));
    if (l->profile_list != NULL)
        sum = sally_fingerprint_number(
            sum, l->profile_list[s->profile].fingerprint);
    for (size_t i = 0; i < sally_config_accounts(s); i++)
        if (s->accounts[i].server != UINT32_MAX)
            sum = sally_fingerprint_number(
                sum, l->server_list[s->accounts[i].server].fingerprint);
    return sum;
}

void sally_sensor_fingerprint_common(struct sally_loader *l)
{
    l->common = sally_fingerprint_number(l->common, l->out->min_assurance);
    l->common =
        sally_fingerprint_bytes(l->common, sally_span_of(l->out->name));
}
