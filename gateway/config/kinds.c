/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/kinds.c - each kind of value: what it looks like in a file
 * and what it is stored as.                                                 */
#include "config/kinds.h"

#include <string.h>

#include "base/text.h"
#include "config/config.h"
#include "config/duration.h"
#include "config/reference.h"

#define PATH_MAX_BYTES 1024

/* A value before it is checked: the members that its setting type has. */
struct scalar {
    const char *text; /* EITHER: NULL if it is a number */
    int64_t whole;
    double real;
};

static bool set_whole(const struct sally_key *k, int64_t n, void *field)
{
    uint8_t u8 = (uint8_t)n;
    uint16_t u16 = (uint16_t)n;
    uint32_t u32 = (uint32_t)n;

    if ((double)n < k->min || (double)n > k->max)
        return false;
    if (k->size == sizeof(u8))
        memcpy(field, &u8, sizeof(u8));
    else if (k->size == sizeof(u16))
        memcpy(field, &u16, sizeof(u16));
    else
        memcpy(field, &u32, sizeof(u32));
    return true;
}

static bool put_text(struct sally_reader *r, const char *text, void *field)
{
    const char *copy = sally_arena_text(r->arena, sally_span_of(text));

    memcpy(field, &copy, sizeof(copy));
    return true;
}

static bool has_controls(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return true;
    return false;
}

static bool store_text(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    size_t len = strlen(v->text);

    return (double)len >= k->min && (double)len <= k->max &&
           sally_text_is_utf8(sally_span_of(v->text)) &&
           !has_controls(v->text) && put_text(r, v->text, field);
}

bool sally_name_is_plain(const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);

    return len != 0 && len <= SALLY_NAME_MAX && strspn(name, plain) == len &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool store_name(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    (void)k;
    return sally_name_is_plain(v->text) && put_text(r, v->text, field);
}

/* A relative path counts from the directory of the file that names it. */
static bool store_file(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    const char *slash = strrchr(r->file, '/');
    int dir = slash == NULL ? 0 : (int)(slash - r->file) + 1;
    const char *path;

    (void)k;
    if (v->text[0] == '\0' || strlen(v->text) > PATH_MAX_BYTES ||
        has_controls(v->text))
        return false;
    if (v->text[0] == '/')
        dir = 0;
    path = sally_arena_format(r->arena, "%.*s%s", dir, r->file, v->text);
    memcpy(field, &path, sizeof(path));
    return true;
}

static bool store_word(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    (void)r;
    for (const struct sally_word *w = k->words; w->word != NULL; w++)
        if (strcmp(w->word, v->text) == 0) {
            struct sally_key all = { .size = k->size, .min = INT32_MIN,
                                     .max = INT32_MAX };

            return set_whole(&all, w->value, field);
        }
    return false;
}

static bool store_code(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    (void)r;
    for (const struct sally_word *w = k->words; w->word != NULL; w++)
        if (v->text != NULL ? strcmp(w->word, v->text) == 0
                            : w->value == v->whole) {
            memcpy(field, &w->value, sizeof(w->value));
            return true;
        }
    return false;
}

static bool store_hex(struct sally_reader *r, const struct sally_key *k,
                      const struct scalar *v, void *field)
{
    struct sally_span digits = sally_span_of(v->text);
    struct sally_buf out = { sally_arena_take(r->arena, digits.len / 2, 1), 0,
                             digits.len / 2 };
    struct sally_span bytes;

    if ((double)digits.len < 2 * k->min || (double)digits.len > 2 * k->max ||
        (out.at == NULL && digits.len > 1) ||
        (digits.len != 0 && sally_text_hex(digits, &out) != SALLY_E_OK))
        return false;
    bytes = sally_buf_span(&out);
    memcpy(field, &bytes, sizeof(bytes));
    return true;
}

static bool in_duration(const struct sally_key *k, const char *text,
                        uint64_t *ms)
{
    return sally_duration_parse(sally_span_of(text), ms) == SALLY_E_OK &&
           (double)*ms >= k->min && (double)*ms <= k->max;
}

static bool store_duration(struct sally_reader *r, const struct sally_key *k,
                           const struct scalar *v, void *field)
{
    sally_config_msec ms;

    (void)r;
    if (!in_duration(k, v->text, &ms))
        return false;
    memcpy(field, &ms, sizeof(ms));
    return true;
}

static bool store_seconds(struct sally_reader *r, const struct sally_key *k,
                          const struct scalar *v, void *field)
{
    uint64_t ms;
    uint32_t seconds;

    (void)r;
    if (!in_duration(k, v->text, &ms) || ms % 1000 != 0)
        return false;
    seconds = (uint32_t)(ms / 1000);
    memcpy(field, &seconds, sizeof(seconds));
    return true;
}

static bool store_whole(struct sally_reader *r, const struct sally_key *k,
                        const struct scalar *v, void *field)
{
    (void)r;
    return set_whole(k, v->whole, field);
}

static bool store_real(struct sally_reader *r, const struct sally_key *k,
                       const struct scalar *v, void *field)
{
    (void)r;
    (void)k;
    if (v->real != v->real || v->real - v->real != 0.0)
        return false; /* not a number, or infinite */
    memcpy(field, &v->real, sizeof(v->real));
    return true;
}

static bool store_boolean(struct sally_reader *r, const struct sally_key *k,
                          const struct scalar *v, void *field)
{
    bool b = v->whole != 0;

    (void)r;
    (void)k;
    memcpy(field, &b, sizeof(b));
    return true;
}

static bool store_resource(struct sally_reader *r, const struct sally_key *k,
                           const struct scalar *v, void *field)
{
    struct sally_path path;

    (void)r;
    (void)k;
    if (sally_path_parse(sally_span_of(v->text), &path) != SALLY_E_OK ||
        path.depth < SALLY_DEPTH_RESOURCE)
        return false;
    memcpy(field, &path, sizeof(path));
    return true;
}

/* What a setting must be to become a value of the kind. */
enum form {
    FORM_STRING,
    FORM_WHOLE,
    FORM_NUMBER,
    FORM_BOOLEAN,
    FORM_EITHER /* text or a whole number */
};

static const struct kind {
    enum form form;
    bool (*store)(struct sally_reader *r, const struct sally_key *k,
                  const struct scalar *v, void *field);
} kinds[] = {
    [SALLY_KEY_TEXT] = { FORM_STRING, store_text },
    [SALLY_KEY_NAME] = { FORM_STRING, store_name },
    [SALLY_KEY_FILE] = { FORM_STRING, store_file },
    [SALLY_KEY_WORD] = { FORM_STRING, store_word },
    [SALLY_KEY_CODE] = { FORM_EITHER, store_code },
    [SALLY_KEY_HEX] = { FORM_STRING, store_hex },
    [SALLY_KEY_DURATION] = { FORM_STRING, store_duration },
    [SALLY_KEY_SECONDS] = { FORM_STRING, store_seconds },
    [SALLY_KEY_WHOLE] = { FORM_WHOLE, store_whole },
    [SALLY_KEY_REAL] = { FORM_NUMBER, store_real },
    [SALLY_KEY_BOOLEAN] = { FORM_BOOLEAN, store_boolean },
    [SALLY_KEY_RESOURCE] = { FORM_STRING, store_resource },
};

static bool from_setting(enum form form, const config_setting_t *s,
                         struct scalar *v)
{
    int type = config_setting_type(s);
    bool whole = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;

    switch (form) {
    case FORM_STRING:
        v->text = config_setting_get_string(s);
        return type == CONFIG_TYPE_STRING && v->text != NULL;
    case FORM_WHOLE:
        v->whole = whole ? config_setting_get_int64(s) : 0;
        return whole;
    case FORM_NUMBER:
        v->real = whole ? (double)config_setting_get_int64(s)
                        : config_setting_get_float(s);
        return whole || type == CONFIG_TYPE_FLOAT;
    case FORM_BOOLEAN:
        v->whole = config_setting_get_bool(s);
        return type == CONFIG_TYPE_BOOL;
    case FORM_EITHER:
        v->text = whole ? NULL : config_setting_get_string(s);
        v->whole = whole ? config_setting_get_int64(s) : 0;
        return whole || (type == CONFIG_TYPE_STRING && v->text != NULL);
    }
    return false;
}

static bool from_text(enum form form, const char *text, struct scalar *v)
{
    switch (form) {
    case FORM_STRING:
    case FORM_EITHER: v->text = text; return true;
    case FORM_WHOLE:
        return sally_text_int(sally_span_of(text), &v->whole) == SALLY_E_OK;
    case FORM_NUMBER:
        return sally_text_real(sally_span_of(text), &v->real) == SALLY_E_OK;
    case FORM_BOOLEAN:
        v->whole = strcmp(text, "true") == 0;
        return v->whole != 0 || strcmp(text, "false") == 0;
    }
    return false;
}

static void *field_of(const struct sally_key *k, void *out)
{
    return &((uint8_t *)out)[k->offset];
}

void sally_kind_take(struct sally_reader *r, const struct sally_key *k,
                     const config_setting_t *group,
                     const config_setting_t *found, void *out)
{
    const struct kind *kind = &kinds[k->kind];
    struct scalar v = { .text = NULL };
    char text[SALLY_KIND_TEXT];
    struct sally_buf buf = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&buf);

    if (found != NULL && from_setting(kind->form, found, &v) &&
        kind->store(r, k, &v, field_of(k, out)))
        return;
    sally_kind_describe(k, &w);
    text[buf.len] = '\0';
    sally_expected(r, group, found, k->name, "%s", text);
}

void sally_kind_preset(struct sally_reader *r, const struct sally_key *k,
                       void *out)
{
    const struct kind *kind = &kinds[k->kind];
    struct scalar v = { .text = NULL };

    if (!from_text(kind->form, k->fallback, &v) ||
        !kind->store(r, k, &v, field_of(k, out)))
        sally_complain_at(r, "(built in)", 0, k->name,
                          "the default %s is not allowed", k->fallback);
}
