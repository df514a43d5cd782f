/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/control.c - the client's end of the control socket. */
#include "cli/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "codec/json.h"

static const char *explain(const char *path, char room[256])
{
    int why = errno;

    (void)snprintf(
        room, 256, "%s: %s%s", path, strerror(why),
        why == ENOENT || why == ECONNREFUSED ? "; is sallyportd running?" : "");
    return room;
}

/* A connected socket, or -1 with errno. */
static int open_socket(const char *path, unsigned seconds)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval wait = { .tv_sec = seconds };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
         connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)) {
        int why = errno;

        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* True for the line that ends an answer; *wrong is then what it says. */
static bool is_end(struct sally_span line, const char **wrong, char room[256])
{
    struct sally_json tree = { NULL }, member;
    struct sally_span text;
    bool done = false;

    if (sally_json_parse(line, SALLY_CONTROL_LINE, &tree) != SALLY_E_OK)
        return false;
    if (sally_json_member(tree, "error", &member) &&
        sally_json_string(member, &text)) {
        (void)snprintf(room, 256, "%.*s",
                       (int)(text.len > 255 ? 255 : text.len),
                       (const char *)text.at);
        *wrong = room;
        done = true;
    } else if (sally_json_member(tree, "done", &member)) {
        *wrong = "";
        done = true;
    }
    sally_json_free(&tree);
    return done;
}

static const char *
read_answer(FILE *f, void (*each)(void *context, struct sally_span line),
            void *context, char room[256])
{
    char *line = malloc(SALLY_CONTROL_LINE);
    const char *wrong = "the answer broke off";

    while (line != NULL && fgets(line, SALLY_CONTROL_LINE, f) != NULL) {
        struct sally_span s = sally_span_of(line);

        if (s.len == 0 || s.at[s.len - 1] != '\n')
            break; /* cut, or longer than anything the daemon says */
        s.len--;
        if (is_end(s, &wrong, room))
            break;
        each(context, s);
    }
    if (ferror(f) && (errno == EAGAIN || errno == EWOULDBLOCK))
        wrong = "sallyportd does not answer";
    free(line);
    return wrong;
}

const char *sally_control_ask(const char *socket, const char *request,
                              unsigned seconds,
                              void (*each)(void *context,
                                           struct sally_span line),
                              void *context, char room[256])
{
    int fd = open_socket(socket, seconds);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r+");
    const char *wrong;

    if (f == NULL) {
        wrong = explain(socket, room);
        if (fd >= 0)
            close(fd);
        return wrong;
    }
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) !=
        (ssize_t)strlen(request))
        wrong = explain(socket, room);
    else
        wrong = read_answer(f, each, context, room);
    (void)fclose(f); /* nothing is left in it: it was only read */
    return wrong;
}
