/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/kind_words.c - how each kind of value is described to a
 * person, as a message goes on after "expected".                            */
#include "config/kinds.h"

#include "config/duration.h"

/* "a" or "b", or "a", "b" or "c" */
static void describe_words(const struct sally_word *words,
                           struct sally_writer *w)
{
    for (size_t i = 0; words[i].word != NULL; i++) {
        if (i != 0)
            sally_put_text(w, words[i + 1].word == NULL ? " or " : ", ");
        sally_put_format(w, "\"%s\"", words[i].word);
    }
}

static void describe_duration(const struct sally_key *k, struct sally_writer *w)
{
    char from[SALLY_DURATION_TEXT], to[SALLY_DURATION_TEXT];

    sally_put_format(w, "a duration in quotes, \"%s\" to \"%s\"",
                     sally_duration_text((uint64_t)k->min, from),
                     sally_duration_text((uint64_t)k->max, to));
}

static void describe_whole(const struct sally_key *k, struct sally_writer *w)
{
    sally_put_format(w, "a whole number%s%s, %.0f to %.0f",
                     k->what == NULL ? "" : " of ",
                     k->what == NULL ? "" : k->what, k->min, k->max);
}

static void describe_hex(const struct sally_key *k, struct sally_writer *w)
{
    sally_put_format(w, "%s in quotes, %.0f to %.0f bytes", k->what, k->min,
                     k->max);
}

void sally_kind_describe(const struct sally_key *k, struct sally_writer *w)
{
    switch (k->kind) {
    case SALLY_KEY_TEXT:
        sally_put_format(w, "%s of %.0f to %.0f bytes",
                         k->what == NULL ? "text" : k->what, k->min, k->max);
        return;
    case SALLY_KEY_NAME:
        sally_put_format(w,
                         "a name of 1 to %d letters, digits, "
                         "'.', '_' or '-'",
                         SALLY_NAME_MAX);
        return;
    case SALLY_KEY_FILE: sally_put_text(w, "the path of a file"); return;
    case SALLY_KEY_WORD:
    case SALLY_KEY_CODE: describe_words(k->words, w); return;
    case SALLY_KEY_HEX: describe_hex(k, w); return;
    case SALLY_KEY_DURATION:
    case SALLY_KEY_SECONDS: describe_duration(k, w); return;
    case SALLY_KEY_WHOLE: describe_whole(k, w); return;
    case SALLY_KEY_REAL: sally_put_text(w, "a number"); return;
    case SALLY_KEY_BOOLEAN: sally_put_text(w, "true or false"); return;
    case SALLY_KEY_RESOURCE:
        sally_put_text(w, "the path of a resource such as \"/3303/0/5700\"");
        return;
    case SALLY_KEY_OTHER: sally_put_text(w, k->what); return;
    case SALLY_KEY_FIELDS:
    case SALLY_KEY_LATER: return; /* never read */
    }
}
