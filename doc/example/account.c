/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.c - KEY=VALUE to a credential, by the library's own table of what an
 * account consists of: no mechanism is named here.                          */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t room[SALLY_CREDENTIAL_MAX]; /* what fields come to */
static size_t used;

static bool keep(const void *bytes, size_t len, struct sally_span *out)
{
    if (len > sizeof(room) - used)
        return false;
    *out = (struct sally_span){ &room[used], len };
    memcpy(&room[used], bytes, len);
    used += len;
    return true;
}

static bool read_file(const char *path, struct sally_span *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = f == NULL ? 0 : fread(&room[used], 1, sizeof(room) - used, f);

    if (f != NULL)
        fclose(f);
    *out = (struct sally_span){ &room[used], n };
    used += n;
    return n != 0;
}

static bool read_hex(const char *text, struct sally_span *out)
{
    uint8_t bytes[SALLY_PSK_IDENTITY_MAX];
    size_t n = 0;
    unsigned byte;
    int digits;

    for (; n < sizeof(bytes) && *text != '\0'; text += digits)
        if (sscanf(text, "%2x%n", &byte, &digits) == 1)
            bytes[n++] = (uint8_t)byte;
        else
            return false;
    return keep(bytes, n, out);
}

static bool read_number(const struct sally_credential_field *f,
                        const char *text, int64_t *out)
{
    const struct sally_word *w = f->words;
    char *end;

    for (; w != NULL && w->word != NULL; w++)
        if (strcmp(w->word, text) == 0) {
            *out = w->value;
            return true;
        }
    *out = strtoll(text, &end, 0);
    return end != text && *end == '\0';
}

static bool read_value(const struct sally_credential_field *f,
                       const char *text, struct sally_credential_value *out)
{
    if (f->type != SALLY_CREDENTIAL_TEXT && f->type != SALLY_CREDENTIAL_OPAQUE)
        return read_number(f, text, &out->number);
    if (f->from_file)
        return read_file(text, &out->bytes);
    if (f->object == 21)
        return read_hex(text, &out->bytes);
    return keep(text, strlen(text), &out->bytes);
}

static bool put(struct sally_credential_draft *d, const char *setting)
{
    size_t count, length = strcspn(setting, "=");
    const struct sally_credential_field *f = sally_credential_fields(&count);

    if (strcmp(setting, "oscore_start=b1") == 0) {
        d->oscore.start = SALLY_OSCORE_B1; /* no resource says it */
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        struct sally_credential_value v = { .number = 0 };

        if (strlen(f[i].config_key) == length &&
            strncmp(f[i].config_key, setting, length) == 0)
            return setting[length] == '=' &&
                   read_value(&f[i], &setting[length + 1], &v) &&
                   sally_credential_put(d, &f[i], v) == SALLY_E_OK;
    }
    return false;
}

bool account_make(struct sally_credential *out, char **settings)
{
    struct sally_credential_draft d = { .parts = { .connection_id = true } };
    const struct sally_credential_field *culprit = NULL;
    enum sally_err e;

    for (; *settings != NULL; settings++)
        if (!put(&d, *settings)) {
            fprintf(stderr, "%s: not a setting, or not its value\n", *settings);
            return false;
        }
    e = sally_credential_finish(out, &d, &culprit);
    if (e != SALLY_E_OK)
        fprintf(stderr, "%s: %s\n",
                culprit != NULL ? culprit->config_key : "account",
                sally_err_text(e));
    sally_wipe(room, sizeof(room));
    return e == SALLY_E_OK;
}
