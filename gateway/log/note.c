/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/log/note.c - the events of the security journal, and its chain. */
#include "log/note.h"

#include "base/writer.h"

#include <string.h>

static const struct {
    const char *event;
    enum sally_note_kind kind;
} events[] = {
    { "sensor_online", SALLY_NOTE_PEER },
    { "session_flapping", SALLY_NOTE_PEER },
    { "session_taken_over", SALLY_NOTE_PEER },
    { "auth_refused", SALLY_NOTE_PEER },
    { "tls_refused", SALLY_NOTE_PEER },
    { "subscribe_refused", SALLY_NOTE_PEER },
    { "topic_foreign", SALLY_NOTE_PEER },
    { "payload_refused", SALLY_NOTE_PEER },
    { "reading_not_admitted", SALLY_NOTE_PEER },
    { "command_refused", SALLY_NOTE_PEER },
    { "oscore_refused", SALLY_NOTE_PEER },
    { "console_refused", SALLY_NOTE_PEER },
    { "reload_asked", SALLY_NOTE_OWN },
    { "order_given", SALLY_NOTE_OWN },
    { "reloaded", SALLY_NOTE_OWN },
    { "reload_refused", SALLY_NOTE_OWN },
    { "config_refused", SALLY_NOTE_OWN },
    { "keys_refused", SALLY_NOTE_OWN },
    { "passwords_refused", SALLY_NOTE_OWN },
    { "state_rolled_back", SALLY_NOTE_OWN },
    { "state_not_sealed", SALLY_NOTE_OWN },
    { "master_key_changed", SALLY_NOTE_OWN },
    { "numbers_not_kept", SALLY_NOTE_OWN },
    { "no_anchor", SALLY_NOTE_OWN },
    { "machine_changed", SALLY_NOTE_OWN },
    { "machine_adopted", SALLY_NOTE_OWN },
    { "factory_reset", SALLY_NOTE_OWN },
    { "backup_made", SALLY_NOTE_OWN },
    { "backup_restored", SALLY_NOTE_OWN },
    { "sensor_replaced", SALLY_NOTE_OWN },
    { "bus_broken", SALLY_NOTE_OWN },
    { "role_died", SALLY_NOTE_OWN },
    { "bootstrap_begun", SALLY_NOTE_OWN },
    { "bootstrap_done", SALLY_NOTE_OWN },
    { "bootstrap_failed", SALLY_NOTE_OWN },
    { "bootstrap_refused", SALLY_NOTE_PEER },
    { "bootstrap_account_purged", SALLY_NOTE_OWN },
    { "account_given", SALLY_NOTE_OWN },
    { "account_changed", SALLY_NOTE_OWN },
    { "keys_rotated", SALLY_NOTE_OWN },
    { "account_revoked", SALLY_NOTE_OWN },
    { "keys_dead", SALLY_NOTE_OWN },
    { "sensor_blocked", SALLY_NOTE_OWN },
    { "sensor_unblocked", SALLY_NOTE_OWN },
    { "config_ignored", SALLY_NOTE_OWN },
    { "account_damaged", SALLY_NOTE_OWN },
    { "account_unusable", SALLY_NOTE_OWN },
    { "ready", SALLY_NOTE_OWN },
    { "stopping", SALLY_NOTE_OWN },
};

enum sally_note_kind sally_note_kind(const char *event)
{
    for (size_t i = 0; i < SALLY_LEN(events); i++)
        if (strcmp(events[i].event, event) == 0)
            return events[i].kind;
    return SALLY_NOTE_NONE;
}

enum sally_err sally_note_chain(struct sally_note *note,
                                const uint8_t before[SALLY_SHA256_LEN])
{
    uint8_t head[16];
    struct sally_buf buf = SALLY_BUF(head);
    struct sally_writer w = sally_writer_into(&buf);
    const struct sally_span key = { before, SALLY_SHA256_LEN };

    sally_put_uint(&w, note->number, 8);
    sally_put_uint(&w, (uint64_t)note->time, 8);
    return sally_crypto_hmac(
        key, (const struct sally_span[]){ sally_buf_span(&buf), note->line }, 2,
        note->hash);
}
