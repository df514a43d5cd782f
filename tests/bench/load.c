/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/load.c - many MQTT sensors in one process, or one subscriber that
 * counts. One thread, one epoll; what it finds goes to stdout as JSON.
 *
 *   load PORT sensors COUNT WINDOW   connects, says {"ready":...}, then for each
 *                                    line "run RATE SECONDS" publishes and waits
 *                                    for the acknowledgements; rate 0: as many
 *                                    as WINDOW lets out
 *   load PORT count                  subscribes to everything; a line "tally"
 *                                    asks for counts and times, "times" too, and
 *                                    the times then begin anew
 *
 * Sensor n comes from 127.10.x.y with n in x and y, as client "sN", and
 * publishes on plant/sN/text at QoS 1. Latencies count from when a reading was
 * due, not from when there was room for it.                                 */
#include "bench/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW_MAX 64
#define ROOM 8192
#define PATIENCE 20000000 /* microseconds for the last acknowledgements */
#define CONNECTING 200    /* connections that wait for their CONNACK */

struct sensor {
    int fd;
    uint32_t index, number; /* number: of the next reading */
    uint64_t due, sent;     /* readings of this run */
    uint16_t packet;        /* the newest packet id */
    uint16_t window;        /* readings that are not acknowledged */
    bool accepted, writable;
    struct {
        uint16_t packet;
        uint64_t due;
    } waiting[WINDOW_MAX];
    size_t in, out;
    uint8_t input[ROOM], output[ROOM];
};

struct load {
    int epoll;
    uint16_t port, window;
    struct sensor *sensors; /* owned */
    size_t count, accepted;
    bool counting;
    struct tally tally;
    uint64_t rate, start, end, acknowledged, published;
};

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- Output -------------------------------------------------------------- */

static void flush(struct load *l, struct sensor *s)
{
    struct epoll_event e = { .data.ptr = s };
    size_t done = 0;

    while (done < s->out) {
        ssize_t n = send(s->fd, s->output + done, s->out - done, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            fail("a connection broke");
        if (n < 0)
            break;
        done += (size_t)n;
    }
    memmove(s->output, s->output + done, s->out - done);
    s->out -= done;
    if ((s->out == 0) == s->writable)
        return;
    s->writable = s->out == 0;
    e.events = s->writable ? EPOLLIN : EPOLLIN | EPOLLOUT;
    epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &e);
}

static void put(struct sensor *s, const void *bytes, size_t len)
{
    if (len > sizeof(s->output) - s->out) {
        errno = ENOBUFS;
        fail("the peer does not read");
    }
    memcpy(s->output + s->out, bytes, len);
    s->out += len;
}

static void put_text(struct sensor *s, const char *text)
{
    uint8_t head[2] = { 0, (uint8_t)strlen(text) };

    put(s, head, 2);
    put(s, text, strlen(text));
}

static void put_publish(struct sensor *s, uint64_t due)
{
    uint8_t body[TALLY_READING], id[2];
    char topic[32];
    size_t len;

    snprintf(topic, sizeof(topic), "plant/s%" PRIu32 "/text", s->index);
    tally_write(body, s->index, s->number++, due);
    s->packet = s->packet == UINT16_MAX ? 1 : (uint16_t)(s->packet + 1);
    for (size_t i = 0; i < WINDOW_MAX; i++)
        if (s->waiting[i].packet == 0) {
            s->waiting[i].packet = s->packet;
            s->waiting[i].due = due;
            break;
        }
    s->window++;
    s->sent++;
    id[0] = (uint8_t)(s->packet >> 8);
    id[1] = (uint8_t)s->packet;
    len = 2 + strlen(topic) + 2 + sizeof(body); /* below 128 */
    put(s, (uint8_t[]){ 0x32, (uint8_t)len }, 2);
    put_text(s, topic);
    put(s, id, 2);
    put(s, body, sizeof(body));
}

/* When the sensor's next reading of this run was to go. */
static uint64_t next_due(const struct load *l, const struct sensor *s)
{
    if (l->rate == 0)
        return tally_clock();
    return l->start + (s->sent * l->count + s->index) * 1000000 / l->rate;
}

static void publish(struct load *l, struct sensor *s)
{
    while (s->sent < s->due && s->window < l->window &&
           s->out + 256 < sizeof(s->output)) {
        put_publish(s, next_due(l, s));
        l->published++;
    }
    flush(l, s);
}

/* --- Input --------------------------------------------------------------- */

static void on_puback(struct load *l, struct sensor *s, uint16_t packet)
{
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        if (packet == 0 || s->waiting[i].packet != packet)
            continue;
        tally_time(&l->tally, tally_clock() - s->waiting[i].due);
        s->waiting[i].packet = 0;
        s->window--;
        l->acknowledged++;
        return;
    }
    l->tally.strange++;
}

static void on_publish(struct load *l, struct sensor *s, uint8_t first,
                       const uint8_t *at, size_t len)
{
    size_t topic = (size_t)at[0] << 8 | at[1];
    size_t head = 2 + topic + ((first & 6) != 0 ? 2 : 0);

    if (head > len) {
        l->tally.strange++;
        return;
    }
    if ((first & 6) != 0)
        put(s, (uint8_t[]){ 0x40, 2, at[head - 2], at[head - 1] }, 4);
    tally_see(&l->tally, at + head, len - head);
}

static void on_packet(struct load *l, struct sensor *s, uint8_t first,
                      const uint8_t *at, size_t len)
{
    static const uint8_t subscribe[] = { 0x82, 6, 0, 1, 0, 1, '#', 1 };

    switch (first >> 4) {
    case 2: /* CONNACK */
        if (len != 2 || at[1] != 0) {
            errno = EACCES;
            fail("CONNECT was refused");
        }
        s->accepted = true;
        l->accepted++;
        if (l->counting)
            put(s, subscribe, sizeof(subscribe));
        break;
    case 3:
        on_publish(l, s, first, at, len);
        break;
    case 4:
        on_puback(l, s, len == 2 ? (uint16_t)(at[0] << 8 | at[1]) : 0);
        break;
    default: /* SUBACK */
        break;
    }
}

/* Takes the whole packets of what is there; all are below 16 KiB. */
static void take_packets(struct load *l, struct sensor *s)
{
    size_t at = 0;

    while (s->in - at >= 2) {
        size_t len = s->input[at + 1] & 127u, head = 2;

        if (s->input[at + 1] > 127) {
            if (s->in - at < 3)
                break;
            len |= (size_t)s->input[at + 2] << 7;
            head = 3;
        }
        if (s->in - at < head + len)
            break;
        on_packet(l, s, s->input[at], s->input + at + head, len);
        at += head + len;
        if (s->out + 1024 > sizeof(s->output))
            flush(l, s);
    }
    memmove(s->input, s->input + at, s->in - at);
    s->in -= at;
}

static void on_readable(struct load *l, struct sensor *s)
{
    ssize_t n = recv(s->fd, s->input + s->in, sizeof(s->input) - s->in, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        errno = n == 0 ? ECONNRESET : errno;
        fail("a connection was closed");
    }
    if (n < 0)
        return;
    s->in += (size_t)n;
    take_packets(l, s);
    publish(l, s);
}

/* One turn. True: stdin has something. */
static bool turn(struct load *l, int wait_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(l->epoll, events, 256, wait_ms);
    bool asked = false;

    for (int i = 0; i < n; i++) {
        struct sensor *s = events[i].data.ptr;

        if (s == NULL) {
            asked = true;
            continue;
        }
        if ((events[i].events & EPOLLOUT) != 0)
            flush(l, s);
        if ((events[i].events & ~(unsigned)EPOLLOUT) != 0)
            on_readable(l, s);
    }
    return asked;
}

/* --- Connecting ---------------------------------------------------------- */

static void open_sensor(struct load *l, uint32_t index)
{
    static const uint8_t head[] = { 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0 };
    struct sensor *s = &l->sensors[index];
    struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
    char name[16];
    int on = 1;

    from.sin_addr.s_addr = htonl(0x7f0a0000 + (index / 250 << 8) +
                                 index % 250 + 1);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(l->port);
    s->index = index;
    s->writable = true;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 ||
        setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                   sizeof(on)) != 0 ||
        setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        bind(s->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        connect(s->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        fcntl(s->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
        fail("connect");
    snprintf(name, sizeof(name), "s%" PRIu32, index);
    put(s, (uint8_t[]){ 0x10, (uint8_t)(sizeof(head) + 2 + strlen(name)) }, 2);
    put(s, head, sizeof(head));
    put_text(s, name);
    flush(l, s);
}

static void connect_all(struct load *l)
{
    uint64_t until = tally_clock() + 60000000;

    for (uint32_t i = 0; i < l->count; i++) {
        open_sensor(l, i);
        while (i + 1 - l->accepted > CONNECTING && tally_clock() < until)
            turn(l, 10);
    }
    while (l->accepted < l->count && tally_clock() < until)
        turn(l, 10);
    if (l->accepted == l->count)
        return;
    errno = ETIMEDOUT;
    fail("CONNECT");
}

/* --- Running ------------------------------------------------------------- */

static void report(struct load *l, double seconds)
{
    const struct tally *t = &l->tally;

    printf("{\"published\":%" PRIu64 ",\"acknowledged\":%" PRIu64
           ",\"seen\":%" PRIu64 ",\"again\":%" PRIu64 ",\"strange\":%" PRIu64
           ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64
           ",\"seconds\":%.3f}\n",
           l->published, l->acknowledged, t->count, t->again, t->strange,
           tally_share(t, 0.5), tally_share(t, 0.99), t->longest, seconds);
    fflush(stdout);
}

/* Lets out what is due by now. */
static void advance(struct load *l, uint64_t *released, uint64_t now)
{
    uint64_t upto = (now < l->end ? now : l->end) - l->start;

    if (l->rate == 0) {
        for (size_t i = 0; i < l->count; i++) {
            l->sensors[i].due = now < l->end ? UINT64_MAX : 0;
            publish(l, &l->sensors[i]);
        }
        return;
    }
    for (upto = upto * l->rate / 1000000; *released < upto; ++*released) {
        struct sensor *s = &l->sensors[*released % l->count];

        s->due++;
        publish(l, s);
    }
}

static void run(struct load *l, uint64_t rate, double seconds)
{
    uint64_t released = 0, now = tally_clock();
    uint64_t whole = (uint64_t)(seconds * (double)rate);

    for (size_t i = 0; i < l->count; i++)
        l->sensors[i].due = l->sensors[i].sent = 0;
    l->published = l->acknowledged = 0;
    l->rate = rate;
    l->start = now;
    l->end = now + (uint64_t)(seconds * 1e6);
    while ((now < l->end || l->acknowledged < l->published ||
            (rate != 0 && l->acknowledged < whole)) &&
           now < l->end + PATIENCE) {
        if (rate != 0 || now >= l->end || released == 0)
            advance(l, &released, now);
        released += rate == 0;
        turn(l, 1);
        now = tally_clock();
    }
    report(l, (double)(now - l->start) / 1e6);
    tally_again(&l->tally);
}

/* False: stdin ended. */
static bool obey(struct load *l)
{
    char line[128];
    uint64_t rate;
    double seconds;

    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    if (sscanf(line, "run %" SCNu64 " %lf", &rate, &seconds) == 2) {
        run(l, rate, seconds);
        return true;
    }
    report(l, 0);
    if (strcmp(line, "times\n") == 0)
        tally_again(&l->tally);
    return true;
}

int main(int argc, char **argv)
{
    struct load l = { .window = 1, .count = 1 };
    struct epoll_event input = { .events = EPOLLIN };
    struct rlimit files;

    if (argc == 5 && strcmp(argv[2], "sensors") == 0) {
        l.count = strtoul(argv[3], NULL, 10);
        l.window = (uint16_t)strtoul(argv[4], NULL, 10);
    } else if (argc == 3 && strcmp(argv[2], "count") == 0) {
        l.counting = true;
    } else {
        l.count = 0;
    }
    if (l.count == 0 || l.count > 60000 || l.window == 0 ||
        l.window > WINDOW_MAX) {
        fputs("usage: load PORT sensors COUNT WINDOW | load PORT count\n",
              stderr);
        return 2;
    }
    l.port = (uint16_t)strtoul(argv[1], NULL, 10);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdin, NULL, _IONBF, 0);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.sensors = calloc(l.count, sizeof(*l.sensors));
    if (l.epoll < 0 || l.sensors == NULL ||
        epoll_ctl(l.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0)
        fail("start");
    connect_all(&l);
    printf("{\"ready\":%zu}\n", l.count);
    fflush(stdout);
    while (!turn(&l, -1) || obey(&l))
        continue;
    free(l.sensors);
    return 0;
}
