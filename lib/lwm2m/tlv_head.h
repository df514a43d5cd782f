/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/tlv_head.h - the type byte of a TLV. LwM2M Core 1.1 s.7.4.3. */
#ifndef SALLY_LWM2M_TLV_HEAD_H
#define SALLY_LWM2M_TLV_HEAD_H

/* Bits 7 and 6 of the type byte. */
enum sally_tlv_kind {
    SALLY_TLV_INSTANCE,          /* of an object; holds resources */
    SALLY_TLV_RESOURCE_INSTANCE, /* holds a value */
    SALLY_TLV_MULTIPLE_RESOURCE, /* holds resource instances */
    SALLY_TLV_RESOURCE           /* holds a value */
};

/* Bit 5: the id has two bytes. Bits 4 and 3: how many bytes the length has; if
 * none, bits 2 to 0 are the length.                                         */
#define SALLY_TLV_WIDE_ID 0x20
#define SALLY_TLV_SHORT_MAX 7
#define SALLY_TLV_LENGTH_MAX 0xffffff

#define SALLY_TLV_NO_ID 65535 /* reserved, LwM2M Core 1.1 s.7.3 */

#endif
