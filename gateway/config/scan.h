/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/scan.h - a look at a file's text before the library has it.
 *
 * Refuses what the library would do silently or differently from one version
 * to the next: @include (which would read files that the supervisor did not),
 * zero bytes (which would end the file early), and whole numbers that do not
 * fit 32 bits and have no L (1.5 cuts them). Says where a text or comment
 * without an end begins; the library would name the end of the file.        */
#ifndef SALLY_CONFIG_SCAN_H
#define SALLY_CONFIG_SCAN_H

#include "config/report.h"

/* True if nothing was found; else the first of them was reported, for the file
 * that the reader stands in.                                                */
bool sally_scan_text(struct sally_reader *r, struct sally_span text);

#endif
