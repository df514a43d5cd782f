/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/tables.h - rows of the daemon as lines for a person. Members
 * that are missing are left blank; those not known here are not an error.   */
#ifndef SALLY_CLI_TABLES_H
#define SALLY_CLI_TABLES_H

#include <stdio.h>

#include "cli/line.h"

/* Every member of an object on a line of its own: "spool bytes   4096". */
void sally_table_pairs(FILE *out, struct sally_json row);

/* The row's `text`, as a line. */
void sally_table_text(FILE *out, struct sally_json row);

/* What came of an order, a line for each sensor. */
void sally_table_order(FILE *out, struct sally_json row);

/* A line for each account of a sensor. */
void sally_table_sensors_heading(FILE *out);
void sally_table_sensor(FILE *out, struct sally_json row);

/* A row of `show`: the sensor, one hop of its way, or where that is broken. */
void sally_table_doctor(FILE *out, struct sally_json row);
void sally_table_show(FILE *out, struct sally_json row);

void sally_table_values_heading(FILE *out);
void sally_table_value(FILE *out, struct sally_json row);

#endif
