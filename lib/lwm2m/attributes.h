/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/attributes.h - pmin and pmax that a server attached to paths.
 * LwM2M Core 1.1 s.5.1.2: a value set on a resource wins over its object
 * instance, over its object, over the server's defaults in /1/x/2 and 3.    */
#ifndef SALLY_LWM2M_ATTRIBUTES_H
#define SALLY_LWM2M_ATTRIBUTES_H

#include "base/cursor.h"
#include "base/writer.h"
#include "codec/linkformat.h"
#include "lwm2m/client.h"

struct sally_periods {
    bool has_pmin, has_pmax;
    uint32_t pmin, pmax; /* seconds */
};

/* Applies one Write-Attributes' queries ("pmin=5", "pmax" alone unsets).
 * Returns a response code: 2.04, 4.00 for an unknown or malformed attribute
 * or pmin above pmax, 4.13 when no more paths can have attributes. All or
 * nothing.                                                                  */
uint8_t sally_attributes_write(struct sally_lwm2m_client *c,
                               const struct sally_path *path,
                               struct sally_span options);

/* What holds for `path`, with inheritance and defaults. */
struct sally_periods
sally_attributes_effective(const struct sally_lwm2m_client *c,
                           const struct sally_path *path);

/* Adds ";pmin=..;pmax=.." of exactly this path, or those inherited too. */
void sally_attributes_put(const struct sally_lwm2m_client *c,
                          const struct sally_path *path, bool inherited,
                          struct sally_links *links);

/* All of them, and back, see sally_lwm2m_client_save(). MALFORMED, NO_ROOM. */
void sally_attributes_save(const struct sally_lwm2m_client *c,
                           struct sally_writer *w);
enum sally_err sally_attributes_restore(struct sally_lwm2m_client *c,
                                        struct sally_cursor *at) SALLY_MUST_USE;

/* Forgets all; a new registration starts without. */
void sally_attributes_clear(struct sally_lwm2m_client *c);

#endif
