/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_reading.c - what of a request makes a reading. */
#include "ingress/coap_reading.h"

#include "base/text.h"
#include "coap/option.h"
#include "security/crypto.h"

#include <string.h>

/* One level of a topic: nothing that would make it two, or a wildcard. */
static bool is_level(struct sally_span s)
{
    if (s.len == 0 || !sally_text_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < 0x20 || s.at[i] == 0x7f ||
            strchr("/+#", s.at[i]) != NULL)
            return false;
    return true;
}

static uint8_t put_path(struct sally_span options, struct sally_writer *w)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    size_t levels = 0;

    sally_put_text(w, "coap");
    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_URI_PATH)
            continue;
        if (!is_level(o.value))
            return SALLY_CODE_BAD_REQUEST;
        sally_put_u8(w, '/');
        sally_put(w, o.value);
        levels++;
    }
    if (levels == 0)
        return SALLY_CODE_NOT_FOUND;
    return w->failed ? SALLY_CODE_BAD_REQUEST : 0;
}

static bool conditions_hold(struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    bool asked = false, holds = false;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number == SALLY_OPTION_IF_NONE_MATCH)
            return false;
        asked |= o.number == SALLY_OPTION_IF_MATCH;
        holds |= o.number == SALLY_OPTION_IF_MATCH && o.value.len == 0;
    }
    return holds || !asked;
}

uint8_t sally_coap_reading_options(const struct sally_coap_request *q)
{
    static const uint16_t known[] = {
        SALLY_OPTION_IF_MATCH,       SALLY_OPTION_URI_HOST,
        SALLY_OPTION_IF_NONE_MATCH,  SALLY_OPTION_URI_PORT,
        SALLY_OPTION_URI_PATH,       SALLY_OPTION_CONTENT_FORMAT,
        SALLY_OPTION_URI_QUERY,      SALLY_OPTION_ACCEPT,
        SALLY_OPTION_BLOCK2,         SALLY_OPTION_BLOCK1,
        SALLY_OPTION_SIZE1,
    };
    uint16_t culprit = 0;

    if (!sally_coap_options_understood(q->options, known, SALLY_LEN(known),
                                       &culprit))
        return culprit == SALLY_OPTION_PROXY_URI ||
                       culprit == SALLY_OPTION_PROXY_SCHEME
                   ? SALLY_CODE_NO_PROXYING
                   : SALLY_CODE_BAD_OPTION;
    return conditions_hold(q->options) ? 0 : SALLY_CODE_PRECONDITION_FAILED;
}

uint8_t sally_coap_reading_topic(const struct sally_coap_request *q,
                                 struct sally_buf *topic)
{
    struct sally_writer w = sally_writer_into(topic);

    return put_path(q->options, &w);
}

static uint8_t put_query(struct sally_span options, struct sally_writer *w)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    bool begun = false;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_URI_QUERY)
            continue;
        if (memchr(o.value.at, '&', o.value.len) != NULL)
            return SALLY_CODE_BAD_REQUEST;
        if (begun)
            sally_put_u8(w, '&');
        sally_put(w, o.value);
        begun = true;
    }
    return w->failed ? SALLY_CODE_BAD_REQUEST : 0;
}

uint8_t sally_coap_reading_content(const struct sally_coap_request *q,
                                   struct sally_buf *room,
                                   struct sally_span *content)
{
    struct sally_writer w = sally_writer_into(room);
    uint8_t code = q->payload.len == 0 ? put_query(q->options, &w) : 0;

    *content = q->payload.len == 0 ? sally_buf_span(room) : q->payload;
    return code;
}

/* The key separates; it hides nothing, so a fixed HMAC key will do. */
enum sally_err sally_coap_reading_key(const struct sally_coap_source *from,
                                      const struct sally_coap_request *q,
                                      uint8_t key[SALLY_INGEST_KEY])
{
    const uint8_t head[] = {
        from->peer.family,         (uint8_t)(from->peer.port >> 8),
        (uint8_t)from->peer.port,  (uint8_t)(q->mid >> 8),
        (uint8_t)q->mid,           q->code,
        (uint8_t)q->token.len,
    };
    const struct sally_span parts[] = {
        { head, sizeof(head) },
        { from->peer.ip, sizeof(from->peer.ip) },
        q->token,
        q->options,
        q->payload,
    };
    uint8_t digest[SALLY_SHA256_LEN];
    enum sally_err e =
        sally_crypto_hmac(sally_span_of("sallyport ingest key, CoAP"), parts,
                          SALLY_LEN(parts), digest);

    if (e == SALLY_E_OK)
        memcpy(key, digest, SALLY_INGEST_KEY);
    return e;
}
