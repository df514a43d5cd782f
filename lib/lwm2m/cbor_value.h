/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/cbor_value.h - one LwM2M value as one CBOR item, with or without
 * SenML around it.                                                          */
#ifndef SALLY_LWM2M_CBOR_VALUE_H
#define SALLY_LWM2M_CBOR_VALUE_H

#include "codec/cbor.h"
#include "lwm2m/registry.h"

/* Writes the value alone; a link as the text "object:instance", nothing for
 * NONE.                                                                     */
void sally_cbor_put_value(struct sally_writer *w,
                          const struct sally_lwm2m_value *v);

/* An item as a value: numbers as INTEGER, UNSIGNED or FLOAT, and STRING,
 * OPAQUE, BOOLEAN, whose bytes borrow from the input. NONE for an item that
 * is no value. OUT_OF_RANGE below -2^63.                                    */
enum sally_err sally_cbor_value_of(const struct sally_cbor_item *item,
                                   struct sally_lwm2m_value *out)
    SALLY_MUST_USE;

#endif
