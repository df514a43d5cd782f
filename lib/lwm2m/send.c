/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/send.c - POST /dp with records in SenML CBOR. */
#include "lwm2m/send.h"

#include "coap/option.h"

static enum sally_err post(struct sally_lwm2m_client *c,
                           struct sally_span payload, sally_usec now)
{
    uint8_t room[16];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = SALLY_CODE_POST,
                                     .confirmable = true,
                                     .payload = payload };
    enum sally_err e;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "dp");
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT,
                        SALLY_FORMAT_SENML_CBOR);
    e = sally_coap_options_end(&w);
    q.options = sally_buf_span(&options);
    return e != SALLY_E_OK
               ? e
               : sally_coap_link_request(&c->link, &q, now, &c->sending);
}

enum sally_err sally_lwm2m_client_send(struct sally_lwm2m_client *c,
                                       const struct sally_lwm2m_record *records,
                                       size_t count, sally_usec now)
{
    const struct sally_lwm2m_format *f =
        sally_format_find(SALLY_FORMAT_SENML_CBOR);
    const struct sally_path root = { .depth = 0 };
    struct sally_pool *bodies = c->shared->coap->bodies;
    struct sally_buf payload = { NULL, 0, 0 };
    struct sally_writer w = sally_writer_into(&payload);
    enum sally_err e;

    if (c->state != SALLY_CLIENT_REGISTERED)
        return SALLY_E_BAD_STATE;
    if (sally_lwm2m_client_send_muted(c))
        return SALLY_E_NOT_ALLOWED;
    if (c->sending != 0)
        return SALLY_E_BUSY;
    payload.at = sally_pool_take(bodies);
    if (payload.at == NULL)
        return SALLY_E_BUSY;
    payload.room = c->shared->coap->parameters->body_max;
    e = f->encode(&root, records, count, &w);
    if (e == SALLY_E_OK)
        e = post(c, sally_buf_span(&payload), now);
    else if (e == SALLY_E_NO_ROOM)
        e = SALLY_E_TOO_LARGE;
    sally_pool_give(bodies, payload.at);
    return e;
}

/* What the server's answer means for the records, and for the way there. */
static enum sally_err verdict(struct sally_lwm2m_client *c, uint8_t code)
{
    if (sally_coap_class(code) == 2)
        return SALLY_E_OK;
    switch (code) {
    case SALLY_CODE_NOT_FOUND: /* a server that does not know Send */
    case SALLY_CODE_METHOD_NOT_ALLOWED:
    case SALLY_CODE_NOT_IMPLEMENTED:
        c->send_unsupported = true;
        return SALLY_E_CANCELLED;
    case SALLY_CODE_BAD_REQUEST:
        c->update_wanted = true; /* it may have lost the registration */
        return SALLY_E_REFUSED;
    case SALLY_CODE_NOT_ACCEPTABLE:
    case SALLY_CODE_TOO_LARGE:
    case SALLY_CODE_UNSUPPORTED_FORMAT:
    case SALLY_CODE_UNPROCESSABLE:
        return SALLY_E_REFUSED;
    default: /* busy, or it wants us registered anew: offer it again */
        return SALLY_E_CANCELLED;
    }
}

bool sally_send_told(struct sally_lwm2m_client *c, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    bool gone = e != SALLY_E_OK;

    c->sending = 0;
    if (e == SALLY_E_OK) {
        gone = reply->code == SALLY_CODE_UNAUTHORIZED ||
               reply->code == SALLY_CODE_FORBIDDEN;
        e = verdict(c, reply->code);
    }
    c->upcalls->on_delivered(c->owner, e, now);
    return gone;
}
