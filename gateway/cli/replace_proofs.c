/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/replace_proofs.c - passwords and addresses of the new device. */
#include "cli/replace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "security/crypto.h"

/* --- Addresses ------------------------------------------------------------ */

/* What is looked for in the file: a text in quotes that means the address. */
struct wanted {
    const struct sally_config_auth *old;
    bool mac;
};

static bool means_mac(struct sally_span text, const uint8_t mac[6])
{
    uint8_t bytes[6];
    struct sally_buf out = SALLY_BUF(bytes);

    if (text.len != 17)
        return false;
    for (size_t i = 0; i < 6; i++)
        if (sally_text_hex(sally_span_sub(text, 3 * i, 2), &out) != SALLY_E_OK)
            return false;
    return memcmp(bytes, mac, sizeof(bytes)) == 0;
}

/* All forms of it, and IPv4 as a part of IPv6 (RFC 4291 s.2.5.5.2). */
static bool take_ip(const char *text, uint8_t out[16])
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0,    0,
                                        0, 0, 0, 0, 0xff, 0xff };

    memcpy(out, mapped, sizeof(mapped));
    return inet_pton(AF_INET, text, out + sizeof(mapped)) == 1 ||
           inet_pton(AF_INET6, text, out) == 1;
}

static bool means_ip(struct sally_span text, const char *ip)
{
    uint8_t one[16], other[16];
    char room[INET6_ADDRSTRLEN] = "";

    return sally_span_text(text, room, sizeof(room)) && take_ip(room, one) &&
           take_ip(ip, other) &&
           memcmp(one, other, sizeof(one)) == 0;
}

static bool means(const struct wanted *w, struct sally_span text)
{
    return w->mac ? means_mac(text, w->old->mac) : means_ip(text, w->old->ip);
}

/* How often it stands there; *found is the last one, without its quotes. */
static unsigned find(const struct wanted *w, struct sally_span file,
                     struct sally_span *found)
{
    unsigned count = 0;

    for (size_t i = 0; i < file.len; i++) {
        const struct sally_span rest = sally_span_sub(file, i + 1, SIZE_MAX);
        const uint8_t *end =
            rest.len == 0 ? NULL : memchr(rest.at, '"', rest.len);

        if (file.at[i] != '"' || end == NULL)
            continue;
        if (means(w, sally_span_sub(rest, 0, (size_t)(end - rest.at)))) {
            *found = sally_span_sub(rest, 0, (size_t)(end - rest.at));
            count++;
        }
    }
    return count;
}

static struct sally_config_file *file_of(struct sally_replacing *r)
{
    for (size_t i = 0; i < r->files.count; i++)
        if (strcmp(r->files.files[i].path, r->sensor->file) == 0)
            return &r->files.files[i];
    return NULL;
}

/* It is written between quotes. */
static bool is_address(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "0123456789abcdefABCDEF:.-") == strlen(text);
}

static bool change(struct sally_replacing *r, const struct wanted *w,
                   const char *to)
{
    struct sally_config_file *f = file_of(r);
    struct sally_span old = { NULL, 0 }, all;
    size_t before;

    if (!is_address(to))
        return sally_replace_fail(r, to, "is no address");
    if (means(w, sally_span_of(to)))
        return sally_replace_fail(r, to, "is that of the old device, which "
                                         "would go on being let in");
    if (f == NULL || find(w, f->text, &old) != 1)
        return sally_replace_fail(
            r, r->sensor->file,
            w->mac ? "expected its mac there once: change it by hand"
                   : "expected its ip there once: change it by hand");
    all = f->text;
    before = (size_t)(old.at - all.at);
    f->text = sally_span_of(sally_arena_format(
        &r->files.arena, "%.*s%s%.*s", (int)before, (const char *)all.at, to,
        (int)(all.len - before - old.len),
        (const char *)all.at + before + old.len));
    return !r->files.arena.failed ||
           sally_replace_fail(r, r->id, "there is not enough memory");
}

/* The one proof of its kind; NULL: none. Of a MAC and an IP address together
 * the MAC is what the old device has.                                       */
static const struct sally_config_auth *proof(const struct sally_replacing *r,
                                             bool mac, unsigned *count)
{
    const struct sally_config_auth *found = NULL;

    *count = 0;
    for (uint32_t i = 0; i < r->sensor->auth_count; i++) {
        const struct sally_config_auth *a = &r->sensor->auth[i];

        if (a->method == SALLY_AUTH_ADDRESS &&
            (mac ? a->has_mac : a->ip[0] != '\0')) {
            found = a;
            ++*count;
        }
    }
    return found;
}

static bool change_one(struct sally_replacing *r, bool mac, const char *to)
{
    unsigned count;
    const struct wanted w = { proof(r, mac, &count), mac };

    if (to == NULL) {
        if (count == 0 || (!mac && w.old->has_mac && count == 1))
            return true;
        return sally_replace_fail(
            r, r->id, mac ? "it is known by its MAC address: expected -m and "
                            "that of the new device"
                          : "it is known by its IP address: expected -i and "
                            "that of the new device");
    }
    if (count != 1)
        return sally_replace_fail(
            r, r->id, count == 0 ? "it is not known by such an address"
                                 : "it is known by several such addresses: "
                                   "change them by hand");
    return change(r, &w, to);
}

static bool read_again(struct sally_replacing *r)
{
    sally_config_wipe(&r->config);
    if (sally_config_load(r->files.files, r->files.count, &r->config,
                          r->cli->err) != 0)
        return false;
    r->sensor = sally_enroll_sensor(&r->config, r->id);
    return true;
}

bool sally_replace_address(struct sally_replacing *r)
{
    return change_one(r, true, r->options->mac) &&
           change_one(r, false, r->options->ip) &&
           ((r->options->mac == NULL && r->options->ip == NULL) ||
            read_again(r));
}

bool sally_replace_address_write(struct sally_replacing *r)
{
    const struct sally_config_file *f = file_of(r);

    if (r->options->mac == NULL && r->options->ip == NULL)
        return true;
    if (f == NULL)
        return sally_replace_fail(r, r->id, "no such file");
    return (sally_made_aside(&r->made, f->path) &&
            sally_made_file(&r->made, f->path, 0640, f->text) &&
            sally_made_alike(&r->made)) ||
           sally_replace_fail(r, f->path, strerror(errno));
}

/* --- Passwords ------------------------------------------------------------ */

#define MADE_LEN 20 /* characters of 5 bits */

/* Without those that look like others. */
static void make_password(struct sally_typed *out)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    const struct sally_random random = sally_crypto_random();
    uint8_t bytes[MADE_LEN];

    sally_random_fill(&random, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        out->bytes[i] = letters[bytes[i] % 32];
    out->len = sizeof(bytes);
    sally_wipe(bytes, sizeof(bytes));
}

static bool add_user(struct sally_replacing *r, const char *name,
                     const struct sally_typed *given)
{
    struct sally_replace_user *u = &r->users[r->user_count++];
    const struct sally_random random = sally_crypto_random();
    enum sally_err e;

    u->name = name;
    if (given->len != 0)
        u->password = *given;
    else
        make_password(&u->password);
    e = sally_passwords_line(name,
                             (struct sally_span){ (uint8_t *)u->password.bytes,
                                                  u->password.len },
                             &random, u->line);
    return e == SALLY_E_OK || sally_replace_fail(r, name, sally_err_text(e));
}

static bool has_password(const struct sally_replacing *r)
{
    for (uint32_t i = 0; i < r->sensor->auth_count; i++)
        if (r->sensor->auth[i].method == SALLY_AUTH_PASSWORD)
            return true;
    return false;
}

bool sally_replace_passwords(struct sally_replacing *r)
{
    SALLY_ON_EXIT(sally_typed_wipe) struct sally_typed given = { .len = 0 };
    const char *wrong;

    if (r->options->password != NULL) {
        if (!has_password(r))
            return sally_replace_fail(r, r->id, "it has no password");
        wrong = sally_prompt(r->cli->in, r->cli->err, &given);
        if (wrong != NULL)
            return sally_replace_fail(r, r->id, wrong);
    }
    r->users = calloc(r->sensor->auth_count + 1u, sizeof(*r->users));
    if (r->users == NULL)
        return sally_replace_fail(r, r->id, "there is not enough memory");
    for (uint32_t i = 0; i < r->sensor->auth_count; i++)
        if (r->sensor->auth[i].method == SALLY_AUTH_PASSWORD &&
            !add_user(r, r->sensor->auth[i].username, &given))
            return false;
    return true;
}

bool sally_replace_passwords_write(const struct sally_replacing *r)
{
    const char *slash = strrchr(r->cli->config, '/');
    int dir = slash == NULL ? 0 : (int)(slash - r->cli->config) + 1;
    char *path = NULL;
    bool good = r->user_count == 0 ||
                asprintf(&path, "%.*spasswords", dir, r->cli->config) >= 0;

    for (size_t i = 0; i < r->user_count && good; i++)
        good = sally_passwords_change(path, r->users[i].name,
                                      r->users[i].line) == SALLY_E_OK;
    if (!good)
        (void)sally_replace_fail(r, path != NULL ? path : r->id,
                                 strerror(errno));
    free(path);
    return good;
}
