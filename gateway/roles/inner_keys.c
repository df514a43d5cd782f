/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/inner_keys.c - what the keyring brings to the inner door: keys
 * and authorities, the key of the state, and what that unlocks of the past. */
#include "config/keyring.h"
#include "log/log.h"
#include "roles/inner_parts.h"
#include "uplink/machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A session is offered only to whom it was saved for, in the next process too.
 */
static enum sally_err bind_sessions(struct inner *in,
                                    const struct sally_sealer *s)
{
    struct sally_hash_key key;
    uint8_t digest[SALLY_SHA256_LEN];
    enum sally_err e = sally_seal_digest(s, "resumption", NULL, 0, digest);

    if (e != SALLY_E_OK)
        return e;
    (void)memcpy(&key, digest, sizeof(key));
    sally_security_bind(in->engine.security, &key);
    sally_wipe(&key, sizeof(key));
    sally_wipe(digest, sizeof(digest));
    return SALLY_E_OK;
}

/* Beside the console's socket, in a directory that a reboot empties and that no
 * backup of the state has.                                                  */
static bool anchor_path(const struct sally_config *c, char *out, size_t size)
{
    int n = snprintf(out, size, "%s.anchor", c->console_socket);

    return n > 0 && (size_t)n < size;
}

static enum sally_err drop_anchors(struct inner *in, size_t count,
                                   const char *const *paths,
                                   enum sally_past *past)
{
    char why[512] = "";
    enum sally_err e =
        sally_store_anchor(in->store, paths, count, sally_crypto_random(),
                           past, why, sizeof(why));

    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_WARNING, "no_anchor", SALLY_TEXT("why", why));
    return e;
}

/* An anchor that the operator names has to be there; the other one may lack
 * where nobody can write to that directory.                                 */
static enum sally_err find_past(struct inner *in, struct sally_state_past *past)
{
    const struct sally_config *c = in->context->config;
    char run[512];
    const char *const paths[] = { run, c->anchor_file };
    size_t count = c->anchor_file[0] != '\0' ? 2 : 1;
    enum sally_err e = SALLY_E_IO;

    past->fleeting = sally_store_is_volatile(c->state_dir);
    if (anchor_path(c, run, sizeof(run)))
        e = drop_anchors(in, count, paths, &past->past);
    if (e != SALLY_E_OK) {
        bool older = past->past == SALLY_PAST_OLDER; /* it said so already */

        e = drop_anchors(in, count - 1, &paths[1], &past->past);
        if (older)
            past->past = SALLY_PAST_OLDER;
    }
    if (e == SALLY_E_OK && past->past == SALLY_PAST_OLDER)
        sally_log(SALLY_LOG_WARNING, "state_rolled_back",
                  SALLY_TEXT("why", "state_dir is an older copy, or another "
                                    "one: what has oscore_start = \"b1\" "
                                    "needs new keys"));
    return e;
}

static enum sally_err unlock(struct inner *in, struct sally_span key,
                             struct sally_span facts)
{
    SALLY_ON_EXIT(sally_sealer_wipe) struct sally_sealer s = { { 0 } };
    struct sally_state_past past = { .fleeting = false };
    enum sally_err e;

    if (key.len != sizeof(s.root))
        return SALLY_E_MALFORMED;
    memcpy(s.root, key.at, sizeof(s.root));
    e = bind_sessions(in, &s);
    if (e == SALLY_E_OK)
        e = find_past(in, &past);
    if (e == SALLY_E_OK) {
        sally_shard_unlock(in->shard, &s, past);
        e = sally_machine_check(in->shard, &s, facts);
    }
    in->unlocked = e == SALLY_E_OK;
    return e;
}

static enum sally_err hold(struct inner *in, struct sally_span key)
{
    if (key.len != sizeof(in->held_key))
        return SALLY_E_MALFORMED;
    memcpy(&in->held_key, key.at, sizeof(in->held_key));
    in->holder = sally_holder_of(&in->held_key);
    in->holds = true;
    return SALLY_E_OK;
}

static enum sally_err take_own(struct inner *in, struct sally_span parts)
{
    struct sally_span key;
    unsigned kind;

    if (!sally_keyring_take(&parts, &kind, &key))
        return SALLY_E_MALFORMED;
    if (kind == SALLY_KEYRING_HELD_KEY)
        return hold(in, key);
    return kind == SALLY_KEYRING_STATE_KEY ? unlock(in, key, parts)
                                           : SALLY_E_MALFORMED;
}

/* What a sensor or server that stays has is in its clients already. */
static enum sally_err take_entry(struct inner *in, uint32_t born,
                                 const struct sally_keyring_entry *entry)
{
    const struct sally_config *c = in->context->next != NULL
                                       ? in->context->next
                                       : in->context->config;

    if (entry->sensor == SALLY_KEYRING_SERVER)
        return sally_shard_trust(in->shard, entry->account, entry->parts);
    if (entry->sensor == SALLY_KEYRING_MASTER)
        return take_own(in, entry->parts);
    if (entry->sensor >= c->sensor_count)
        return SALLY_E_OUT_OF_RANGE;
    if (c->sensors[entry->sensor].born < born)
        return SALLY_E_OK;
    return sally_shard_keys(in->shard, entry->sensor, entry->account,
                            entry->parts);
}

static enum sally_err take_entries(struct inner *in, uint32_t born, int fd)
{
    SALLY_ON_EXIT(sally_keyring_wipe) struct sally_keyring k = { .fd = -1 };
    struct sally_keyring_entry entry;
    enum sally_err e = sally_keyring_open(&k, fd);

    while (e == SALLY_E_OK) {
        e = sally_keyring_next(&k, &entry);
        if (e == SALLY_E_NOT_FOUND)
            return SALLY_E_OK; /* that was all */
        if (e == SALLY_E_OK)
            e = take_entry(in, born, &entry);
    }
    return e;
}

void sally_inner_keys(void *role, uint32_t born, int fd)
{
    struct inner *in = role;
    enum sally_err e = take_entries(in, born, fd);

    (void)close(fd);
    in->key_missing = in->key_missing || e != SALLY_E_OK;
    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "keys_refused",
                  SALLY_TEXT("why", sally_err_text(e)));
}
