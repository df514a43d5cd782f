/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/date.h - dates as devices write them. RFC 3339. */
#ifndef SALLY_INGRESS_DATE_H
#define SALLY_INGRESS_DATE_H

#include "base/error.h"
#include "base/span.h"

/* "2024-11-05T14:22:10.123+01:00" to seconds since 1970 UTC; the fraction is
 * dropped, and a space may stand for the T. MALFORMED for anything else, also
 * without a zone, since nobody knows which one the device is in; OUT_OF_RANGE
 * for a day or time that there is not.                                      */
enum sally_err sally_date_parse(struct sally_span text,
                                int64_t *seconds) SALLY_MUST_USE;

#endif
