/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/body.c - bounded memory for bodies in several messages. */
#include "coap/body.h"

#include "coap/option.h"
#include "security/mechanism.h"

#include <string.h>

void sally_coap_bodies_init(struct sally_coap_bodies *b,
                            struct sally_pool *pool, size_t max,
                            sally_usec lifetime)
{
    *b = (struct sally_coap_bodies){ .pool = pool,
                                     .max = max,
                                     .lifetime = lifetime };
}

/* Options that change from block to block of one body. */
static bool varies(uint16_t number)
{
    return number == SALLY_OPTION_BLOCK1 || number == SALLY_OPTION_BLOCK2 ||
           number == SALLY_OPTION_SIZE1 || number == SALLY_OPTION_SIZE2 ||
           number == SALLY_OPTION_OBSERVE || number == SALLY_OPTION_ECHO;
}

uint64_t sally_coap_body_key(const struct sally_hash_key *seed,
                             const struct sally_coap_message *request)
{
    uint8_t bytes[SALLY_DATAGRAM_MAX + 1];
    struct sally_buf room = SALLY_BUF(bytes);
    struct sally_coap_options walk = { request->options, 0 };
    struct sally_coap_option_writer w;
    struct sally_coap_option o;

    room.at[room.len++] = request->code;
    w = sally_coap_options_into(&room);
    while (sally_coap_option_next(&walk, &o))
        if (!varies(o.number))
            sally_coap_put_option(&w, o.number, o.value);
    return sally_hash(seed, sally_buf_span(&room));
}

static struct sally_coap_upload *find_upload(struct sally_coap_bodies *b,
                                             uint64_t key)
{
    for (size_t i = 0; i < SALLY_UPLOADS_MAX; i++)
        if (b->upload[i].bytes != NULL && b->upload[i].key == key)
            return &b->upload[i];
    return NULL;
}

static void end_upload(struct sally_coap_bodies *b, struct sally_coap_upload *u)
{
    sally_pool_give(b->pool, u->bytes);
    *u = (struct sally_coap_upload){ .bytes = NULL };
}

void sally_coap_upload_end(struct sally_coap_bodies *b, uint64_t key)
{
    struct sally_coap_upload *u = find_upload(b, key);

    if (u != NULL)
        end_upload(b, u);
}

/* A free place, else the one that has been silent for longest. */
static struct sally_coap_upload *begin_upload(struct sally_coap_bodies *b,
                                              uint64_t key)
{
    struct sally_coap_upload *u = find_upload(b, key);

    for (size_t i = 0; u == NULL && i < SALLY_UPLOADS_MAX; i++)
        if (b->upload[i].bytes == NULL)
            u = &b->upload[i];
    if (u == NULL)
        u = &b->upload[b->upload[0].until <= b->upload[1].until ? 0 : 1];
    if (u->bytes == NULL)
        u->bytes = sally_pool_take(b->pool);
    u->key = key;
    u->len = 0;
    return u->bytes == NULL ? NULL : u;
}

enum sally_err sally_coap_upload_add(struct sally_coap_bodies *b, uint64_t key,
                                     const struct sally_coap_block *block,
                                     struct sally_span payload, sally_usec now,
                                     struct sally_span *whole)
{
    size_t size = sally_coap_block_size(block->szx);
    struct sally_coap_upload *u;

    if (payload.len > size || (block->more && payload.len != size))
        return SALLY_E_MALFORMED;
    u = block->number == 0 ? begin_upload(b, key) : find_upload(b, key);
    if (u == NULL)
        return block->number == 0 ? SALLY_E_NO_ROOM : SALLY_E_UNEXPECTED;
    if (sally_coap_block_offset(block) != u->len)
        return SALLY_E_UNEXPECTED;
    if (payload.len > b->max - u->len) {
        end_upload(b, u);
        return SALLY_E_TOO_LARGE;
    }
    if (payload.len != 0)
        memcpy(&u->bytes[u->len], payload.at, payload.len);
    u->len += payload.len;
    u->until = sally_after(now, b->lifetime);
    *whole = (struct sally_span){ u->bytes, u->len };
    return block->more ? SALLY_E_PENDING : SALLY_E_OK;
}

void sally_coap_body_drop(struct sally_coap_bodies *b)
{
    sally_pool_give(b->pool, b->kept.bytes);
    b->kept.bytes = NULL;
}

void sally_coap_body_keep(struct sally_coap_bodies *b, uint64_t key,
                          const struct sally_coap_message *answer,
                          uint32_t etag, sally_usec now)
{
    struct sally_coap_kept *k = &b->kept;

    sally_coap_body_drop(b);
    if (answer->payload.len > b->max ||
        answer->options.len > SALLY_KEPT_OPTIONS_MAX)
        return;
    k->bytes = sally_pool_take(b->pool);
    if (k->bytes == NULL)
        return;
    memcpy(k->bytes, answer->payload.at, answer->payload.len);
    if (answer->options.len != 0)
        memcpy(k->options, answer->options.at, answer->options.len);
    k->options_len = (uint8_t)answer->options.len;
    k->len = answer->payload.len;
    k->key = key;
    k->code = answer->code;
    k->etag = etag;
    k->until = sally_after(now, b->lifetime);
}

const struct sally_coap_kept *
sally_coap_body_kept(const struct sally_coap_bodies *b, uint64_t key)
{
    return b->kept.bytes != NULL && b->kept.key == key ? &b->kept : NULL;
}

sally_usec sally_coap_bodies_deadline(const struct sally_coap_bodies *b)
{
    sally_usec due = b->kept.bytes == NULL ? SALLY_NEVER : b->kept.until;

    for (size_t i = 0; i < SALLY_UPLOADS_MAX; i++)
        if (b->upload[i].bytes != NULL)
            due = sally_earlier(due, b->upload[i].until);
    return due;
}

void sally_coap_bodies_expire(struct sally_coap_bodies *b, sally_usec now)
{
    if (b->kept.bytes != NULL && b->kept.until <= now)
        sally_coap_body_drop(b);
    for (size_t i = 0; i < SALLY_UPLOADS_MAX; i++)
        if (b->upload[i].bytes != NULL && b->upload[i].until <= now)
            end_upload(b, &b->upload[i]);
}

void sally_coap_bodies_wipe(struct sally_coap_bodies *b)
{
    sally_coap_body_drop(b);
    for (size_t i = 0; i < SALLY_UPLOADS_MAX; i++)
        end_upload(b, &b->upload[i]);
}
