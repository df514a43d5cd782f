/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap_ask.c - Bootstrap-Request and Bootstrap-Pack-Request, and
 * what is answered to them. LwM2M Core 1.2 s.6.1.7.1, 6.1.7.7.              */
#include "lwm2m/bootstrap_parts.h"

#include "coap/option.h"

#define OPTIONS_MAX 512 /* bytes of the options of one request */

/* --- What we ask -------------------------------------------------------- */

static void put_query(struct sally_coap_option_writer *w, const char *name,
                      const char *text, uint32_t number)
{
    uint8_t room[272];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer q = sally_writer_into(&b);

    sally_put_text(&q, name);
    if (text != NULL)
        sally_put_text(&q, text);
    else
        sally_put_decimal(&q, number);
    if (q.failed)
        w->out.failed = true;
    sally_coap_put_option(w, SALLY_OPTION_URI_QUERY, sally_buf_span(&b));
}

static void ask(struct sally_bootstrap *b, uint8_t code,
                const struct sally_coap_option_writer *w, sally_usec now)
{
    struct sally_coap_question q = { .code = code, .confirmable = true };
    enum sally_err e = sally_coap_options_end(w);

    q.options = sally_buf_span(w->out.out);
    if (e == SALLY_E_OK)
        e = sally_coap_link_request(&b->link, &q, now, &b->asking);
    if (e != SALLY_E_OK)
        sally_bootstrap_lose(b, e);
}

/* POST /bs?ep=[&pct=] */
void sally_bootstrap_ask_writes(struct sally_bootstrap *b, sally_usec now)
{
    const struct sally_bootstrap_settings *s = b->settings;
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    b->request_wanted = false;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "bs");
    put_query(&w, "ep=", s->endpoint, 0);
    if (s->version > 10 && s->preferred != 0 && !b->unpreferred)
        put_query(&w, "pct=", NULL, s->preferred);
    b->asked = true;
    ask(b, SALLY_CODE_POST, &w, now);
}

/* GET /bspack?ep=[&acc=]; acc says which instance of /0 is the bootstrap
 * account, since the server cannot look before it writes.                   */
void sally_bootstrap_ask_pack(struct sally_bootstrap *b, sally_usec now)
{
    const struct sally_bootstrap_settings *s = b->settings;
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);

    b->pack_wanted = false;
    b->packing = true;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "bspack");
    put_query(&w, "ep=", s->endpoint, 0);
    if (b->has_account)
        put_query(&w, "acc=", NULL, b->account);
    sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT,
                        s->preferred != 0 ? s->preferred
                                          : SALLY_FORMAT_SENML_CBOR);
    ask(b, SALLY_CODE_GET, &w, now);
}

/* --- What it answers ---------------------------------------------------- */

void sally_bootstrap_unpack(struct sally_bootstrap *b)
{
    b->packing = false;
    b->waiting = false;
    b->request_wanted = true;
    sally_bootstrap_restage(b);
}

/* Returns 0 when the owner goes on with what the Pack says. */
static uint8_t take_pack(struct sally_bootstrap *b,
                         const struct sally_coap_reply *reply, sally_usec now)
{
    static const struct sally_path root = { .depth = 0 };
    const struct sally_lwm2m_format *f = NULL;
    struct sally_buf room = { sally_pool_take(b->shared->bodies), 0,
                              b->shared->parameters->body_max };
    uint8_t code = SALLY_CODE_UNSUPPORTED_FORMAT;
    uint32_t number;

    if (sally_coap_option_uint(reply->options, SALLY_OPTION_CONTENT_FORMAT,
                               &number) && number <= UINT16_MAX)
        f = sally_format_find((uint16_t)number);
    if (room.at != NULL && f != NULL && f->min_version <= b->settings->version)
        code = sally_bootstrap_write(b, &root, f, reply->payload, &room);
    sally_pool_give(b->shared->bodies, room.at);
    return code == SALLY_CODE_CHANGED ? sally_bootstrap_conclude(b, now) : code;
}

static void on_pack(struct sally_bootstrap *b,
                    const struct sally_coap_reply *reply, sally_usec now)
{
    if (reply->code == SALLY_CODE_CONTENT && take_pack(b, reply, now) == 0) {
        b->waiting = true;
        sally_bootstrap_enter(b, SALLY_BOOTSTRAP_FINISHING, SALLY_E_OK);
        return;
    }
    if (sally_coap_class(reply->code) != 2) /* else we refused the Pack */
        b->refused_with = reply->code;
    sally_bootstrap_unpack(b);
}

static void on_answer(struct sally_bootstrap *b,
                      const struct sally_coap_reply *reply, sally_usec now)
{
    if (sally_coap_class(reply->code) == 2) {
        sally_bootstrap_receive(b, now);
        return;
    }
    b->refused_with = reply->code;
    if (reply->code == SALLY_CODE_UNSUPPORTED_FORMAT && !b->unpreferred) {
        b->unpreferred = true; /* it writes as it likes, then */
        b->request_wanted = true;
        return;
    }
    sally_bootstrap_lose(b, SALLY_E_REFUSED);
}

/* A server that writes has heard us, whatever became of its answer. */
void sally_bootstrap_answered(struct sally_bootstrap *b, sally_coap_exchange x,
                              enum sally_err e,
                              const struct sally_coap_reply *reply,
                              sally_usec now)
{
    if (x != b->asking || b->state != SALLY_BOOTSTRAP_REQUESTING)
        return;
    b->asking = 0;
    if (e != SALLY_E_OK)
        sally_bootstrap_lose(b, e);
    else if (b->packing)
        on_pack(b, reply, now);
    else
        on_answer(b, reply, now);
}
