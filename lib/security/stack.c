/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/stack.c - picks the mechanism of an association and owns its
 * state.                                                                    */
#include "security/stack.h"

#include "base/secret.h"
#include "security/dtls_record.h"
#include "security/rows.h"
#include "security/stack_object.h"

#include <stdlib.h>

/* The one place where a security mode and a URI scheme become a mechanism. A
 * pair that is not here is refused. LwM2M 1.1 Transport s.5.2, RFC 7252 s.6. */
static const struct choice {
    enum sally_security_mode mode;
    enum sally_scheme scheme;
    const struct sally_mechanism *channel;
} choices[] = {
    { SALLY_MODE_PSK, SALLY_SCHEME_COAPS, &sally_mechanism_dtls },
    { SALLY_MODE_RPK, SALLY_SCHEME_COAPS, &sally_mechanism_dtls },
    { SALLY_MODE_X509, SALLY_SCHEME_COAPS, &sally_mechanism_dtls },
    { SALLY_MODE_PSK, SALLY_SCHEME_COAPS_TCP, &sally_mechanism_tls },
    { SALLY_MODE_RPK, SALLY_SCHEME_COAPS_TCP, &sally_mechanism_tls },
    { SALLY_MODE_X509, SALLY_SCHEME_COAPS_TCP, &sally_mechanism_tls },
    { SALLY_MODE_NOSEC, SALLY_SCHEME_COAP, &sally_mechanism_none },
    { SALLY_MODE_NOSEC, SALLY_SCHEME_COAP_TCP, &sally_mechanism_none_stream },
};

const struct sally_mechanism *sally_stack_row(enum sally_security_mode mode,
                                              enum sally_scheme scheme)
{
    for (size_t i = 0; i < SALLY_LEN(choices); i++)
        if (choices[i].mode == mode && choices[i].scheme == scheme)
            return choices[i].channel;
    return NULL;
}

enum sally_security_mode sally_stack_usual(enum sally_scheme scheme)
{
    for (size_t i = 0; i < SALLY_LEN(choices); i++)
        if (choices[i].scheme == scheme)
            return choices[i].mode;
    return SALLY_MODE_NOSEC;
}

const struct sally_object_mechanism *
sally_stack_object_row(const struct sally_credential *credential)
{
    return credential->oscore != NULL ? &sally_object_oscore : NULL;
}

/* A server that knows of OSCORE keys takes nothing that is not protected. */
static const struct sally_object_mechanism *
object_of(const struct sally_credential *credential,
          const struct sally_key_finder *finder)
{
    if (credential != NULL)
        return sally_stack_object_row(credential);
    return finder->contexts != NULL ? &sally_object_oscore : NULL;
}

void sally_stack_end(struct sally_stack *s)
{
    sally_stack_object_end(s);
    if (s->channel == NULL || s->state == NULL)
        return;
    s->alert = (int16_t)s->channel->alert(s->state);
    s->channel->wipe(s->state);
    sally_wipe(s->state, s->channel->size);
    free(s->state);
    s->state = NULL;
}

static enum sally_err
begin(struct sally_stack *s, const struct sally_mechanism *row,
      struct sally_security *shared, const struct sally_credential *credential,
      const struct sally_key_finder *finder, sally_usec now)
{
    enum sally_role role =
        finder == NULL ? SALLY_ROLE_CLIENT : SALLY_ROLE_SERVER;
    enum sally_err e;

    sally_stack_end(s);
    if (s->channel != row)
        sally_stack_forget(s);
    s->channel = row;
    s->shared = shared;
    if (row == NULL)
        return SALLY_E_UNSUPPORTED;
    if (row->secure && shared == NULL)
        return SALLY_E_BAD_STATE;
    s->state = calloc(1, row->size);
    if (s->state == NULL)
        return SALLY_E_NO_MEMORY;
    s->alert = -1;
    e = row->start(s->state, shared, credential, finder, &s->resumption, role,
                   now);
    if (e == SALLY_E_OK)
        e = sally_stack_object_make(s, object_of(credential, finder));
    if (e != SALLY_E_OK)
        sally_stack_end(s);
    return e;
}

enum sally_err sally_stack_start(struct sally_stack *s,
                                 struct sally_security *shared,
                                 enum sally_scheme scheme,
                                 const struct sally_credential *credential,
                                 sally_usec now)
{
    if (credential == NULL)
        return SALLY_E_NO_CREDENTIAL;
    return begin(s, sally_stack_row(credential->mode, scheme), shared,
                 credential, NULL, now);
}

enum sally_err sally_stack_accept(struct sally_stack *s,
                                  struct sally_security *shared,
                                  enum sally_scheme scheme,
                                  const struct sally_key_finder *finder,
                                  sally_usec now)
{
    static const struct sally_key_finder nobody = { .owner = NULL };
    enum sally_security_mode mode =
        scheme == SALLY_SCHEME_COAPS || scheme == SALLY_SCHEME_COAPS_TCP
            ? SALLY_MODE_PSK
            : SALLY_MODE_NOSEC;

    if (finder == NULL)
        finder = &nobody;
    return begin(s, sally_stack_row(mode, scheme), shared, NULL, finder, now);
}

enum sally_channel_state sally_stack_state(const struct sally_stack *s)
{
    enum sally_channel_state channel;

    if (s->state == NULL)
        return SALLY_CHANNEL_IDLE;
    channel = s->channel->state(s->state);
    return channel == SALLY_CHANNEL_UP ? sally_stack_object_state(s) : channel;
}

enum sally_err sally_stack_reason(const struct sally_stack *s)
{
    if (s->state == NULL)
        return SALLY_E_OK;
    if (sally_stack_carries(s) &&
        sally_stack_object_state(s) == SALLY_CHANNEL_FAILED)
        return s->object->row->reason(s->object->state);
    return s->channel->reason(s->state);
}

enum sally_err sally_stack_seal(struct sally_stack *s,
                                struct sally_span message,
                                struct sally_buf *wire)
{
    if (s->state == NULL)
        return SALLY_E_BAD_STATE;
    return s->channel->seal(s->state, message, wire);
}

enum sally_err sally_stack_open(struct sally_stack *s, struct sally_span wire,
                                struct sally_buf *message, sally_usec now)
{
    if (s->state == NULL)
        return SALLY_E_BAD_STATE;
    return s->channel->open(s->state, wire, message, now);
}

struct sally_span sally_stack_output(struct sally_stack *s)
{
    if (s->state == NULL)
        return (struct sally_span){ NULL, 0 };
    return s->channel->output(s->state);
}

sally_usec sally_stack_deadline(const struct sally_stack *s)
{
    if (s->state == NULL)
        return SALLY_NEVER;
    return sally_earlier(s->channel->deadline(s->state),
                         sally_stack_object_deadline(s));
}

void sally_stack_expire(struct sally_stack *s, sally_usec now)
{
    if (s->state == NULL)
        return;
    if (s->channel->deadline(s->state) <= now)
        s->channel->expire(s->state, now);
    sally_stack_object_expire(s, now);
}

void sally_stack_close(struct sally_stack *s)
{
    if (s->state != NULL)
        s->channel->close(s->state);
}

void sally_stack_forget(struct sally_stack *s)
{
    if (s->channel != NULL)
        s->channel->forget(&s->resumption);
}

void sally_stack_wipe(struct sally_stack *s)
{
    sally_stack_end(s);
    sally_stack_forget(s);
    *s = (struct sally_stack){ .channel = NULL };
}

bool sally_stack_is_stream(const struct sally_stack *s)
{
    return s->channel != NULL && s->channel->stream;
}

size_t sally_stack_overhead(const struct sally_stack *s)
{
    return s->channel == NULL ? 0 : s->channel->overhead;
}

bool sally_stack_resumed(const struct sally_stack *s)
{
    if (s->state == NULL)
        return false;
    return s->object == NULL ? s->channel->resumed(s->state)
                             : s->object->continued;
}

struct sally_span sally_stack_peer_identity(const struct sally_stack *s)
{
    if (s->state == NULL)
        return (struct sally_span){ NULL, 0 };
    return s->channel->peer_identity(s->state);
}

const char *sally_stack_suite(const struct sally_stack *s)
{
    return s->state == NULL ? "" : s->channel->suite(s->state);
}

int sally_stack_alert(const struct sally_stack *s)
{
    if (s->channel == NULL)
        return -1;
    return s->state == NULL ? s->alert : s->channel->alert(s->state);
}

unsigned sally_stack_wear(const struct sally_stack *s)
{
    return s->object == NULL ? 0 : s->object->row->wear(s->object->state);
}

bool sally_stack_kept_by_cid(const struct sally_stack *s)
{
    return s->state != NULL && s->channel->kept_by_cid(s->state);
}

struct sally_span sally_stack_cid(const struct sally_stack *s)
{
    if (s->state == NULL)
        return (struct sally_span){ NULL, 0 };
    return s->channel->cid(s->state);
}

struct sally_span sally_stack_cid_of(struct sally_span datagram)
{
    return sally_dtls_record_cid(datagram);
}
