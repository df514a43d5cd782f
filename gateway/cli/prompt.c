/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/prompt.c - reads a password with the terminal's echo off. */
#include "cli/prompt.h"

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"

#define PASSWORD_MAX 128 /* bytes that the gateway compares */

void sally_typed_wipe(struct sally_typed *t) { sally_wipe(t, sizeof(*t)); }

/* Byte by byte, so that no buffer of the library keeps the password. */
static const char *read_line(int fd, struct sally_typed *t)
{
    char c;

    t->len = 0;
    while (read(fd, &c, 1) == 1 && c != '\n') {
        if (t->len == PASSWORD_MAX)
            return "the password is longer than 128 bytes";
        t->bytes[t->len++] = c;
    }
    if (t->len != 0 && t->bytes[t->len - 1] == '\r')
        t->len--;
    if (t->len == 0)
        return "the password is empty";
    if (!sally_text_is_utf8((struct sally_span){ (uint8_t *)t->bytes, t->len }))
        return "the password is not UTF-8 text";
    return NULL;
}

static const char *ask(int fd, FILE *err, const char *question,
                       struct sally_typed *out)
{
    const char *wrong;

    fputs(question, err);
    (void)fflush(err);
    wrong = read_line(fd, out);
    fputc('\n', err);
    return wrong;
}

static const char *ask_twice(int fd, FILE *err, struct sally_typed *out)
{
    SALLY_ON_EXIT(sally_typed_wipe) struct sally_typed again = { .len = 0 };
    const char *wrong = ask(fd, err, "Password: ", out);

    if (wrong == NULL)
        wrong = ask(fd, err, "Once more: ", &again);
    if (wrong == NULL && (again.len != out->len ||
                          memcmp(again.bytes, out->bytes, again.len) != 0))
        wrong = "the two are not the same";
    return wrong;
}

/* Until the echo is back on; they count then. */
static void hold_signals(sigset_t *before)
{
    sigset_t held;

    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGTSTP);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &held, before);
}

const char *sally_prompt(FILE *in, FILE *err, struct sally_typed *out)
{
    int fd = fileno(in);
    struct termios before, quiet;
    sigset_t signals;
    const char *wrong;

    if (tcgetattr(fd, &before) != 0)
        return read_line(fd, out);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    hold_signals(&signals);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) {
        wrong = "the terminal's echo cannot be turned off";
    } else {
        wrong = ask_twice(fd, err, out);
        (void)tcsetattr(fd, TCSAFLUSH, &before);
    }
    (void)sigprocmask(SIG_SETMASK, &signals, NULL);
    return wrong;
}
