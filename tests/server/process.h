/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/process.h - a sallyport-server beside a test: started, given
 * orders, its lines waited for, stopped.                                    */
#ifndef TESTS_SERVER_PROCESS_H
#define TESTS_SERVER_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/udp.h"

#define PATIENCE (10 * SALLY_SEC)
#define KEY "6b65796b65796b6579"

/* The server's process. */
static struct {
    pid_t pid;
    int orders; /* its stdin */
    FILE *lines;
    struct sally_loop *loop; /* that the lines are read in */
    struct sally_watch *watch;
    char text[65536]; /* of what it told and nobody expected yet */
    uint16_t coap, coaps;
} server;

/* --- The server's lines -------------------------------------------------- */

static void on_lines(void *owner, sally_usec now)
{
    size_t len = strlen(server.text);
    ssize_t n = read(fileno(server.lines), &server.text[len],
                     sizeof(server.text) - 1 - len);

    (void)owner;
    (void)now;
    if (n > 0)
        server.text[len + (size_t)n] = '\0';
    else
        sally_loop_stop(server.loop);
}

/* Takes out the first whole line that holds both texts; false: none yet. */
static bool take_line(const char *event, const char *with)
{
    char *at = server.text, *end;

    for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        if (strstr(at, event) != NULL && strstr(at, with) != NULL) {
            memmove(at, end + 1, strlen(end + 1) + 1);
            return true;
        }
        *end = '\n';
    }
    return false;
}

static void expect(const char *event, const char *with)
{
    sally_usec until = sally_loop_now(server.loop) + PATIENCE;

    while (!take_line(event, with)) {
        if (sally_loop_now(server.loop) >= until)
            fail_msg("no %s with %s in:\n%s", event, with, server.text);
        sally_loop_turn(server.loop, until);
    }
}

static void order(const char *line)
{
    assert_int_equal(dprintf(server.orders, "%s\n", line), strlen(line) + 1);
}

static void watch_server(struct sally_loop *loop)
{
    server.loop = loop;
    assert_int_equal(sally_watch_open(&server.watch, loop,
                                      fileno(server.lines), on_lines, NULL),
                     SALLY_E_OK);
}

/* --- The process --------------------------------------------------------- */

static void run_server(char *keys, char *objects_dir)
{
    char program[] = "tests/server/sallyport-server";
    char *alternative = getenv("SALLYPORT_SERVER");
    char *argv[] = { program, "--coap", "127.0.0.1:0", "--coaps",
                     "127.0.0.1:0", "--psk-file", keys, "--objects",
                     objects_dir, "--bootstrap", NULL };

    execv(alternative != NULL ? alternative : program, argv);
    perror(program);
    _exit(127);
}

static int start_server(void **state)
{
    static char keys[] = "/tmp/sallyport-keys-XXXXXX";
    const char *srcdir = getenv("srcdir");
    char dir[512];
    char line[256];
    unsigned coap, coaps;
    int down[2], up[2], fd = mkstemp(keys);

    (void)state;
    assert_true(fd >= 0);
    dprintf(fd, "dev1:%s\n", KEY);
    close(fd);
    snprintf(dir, sizeof(dir), "%s/conf/objects",
             srcdir != NULL ? srcdir : ".");
    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        dup2(down[0], STDIN_FILENO);
        dup2(up[1], STDOUT_FILENO);
        close(down[1]);
        close(up[0]);
        run_server(keys, dir);
    }
    close(down[0]);
    close(up[1]);
    server.orders = down[1];
    server.lines = fdopen(up[0], "r");
    setvbuf(server.lines, NULL, _IONBF, 0);
    assert_non_null(fgets(line, sizeof(line), server.lines));
    unlink(keys);
    assert_int_equal(sscanf(line, "{\"event\":\"ready\",\"coap\":%u,"
                                  "\"coaps\":%u}", &coap, &coaps), 2);
    server.coap = (uint16_t)coap;
    server.coaps = (uint16_t)coaps;
    return 0;
}

/* It ends in order when asked to. */
static int stop_server(void **state)
{
    int status;

    (void)state;
    kill(server.pid, SIGTERM);
    assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(server.orders);
    fclose(server.lines);
    return 0;
}

#endif
