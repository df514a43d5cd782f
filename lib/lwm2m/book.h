/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book.h - the accounts of one client as a bootstrap server writes
 * them: instances of the objects Security (0), Server (1), Access Control (2)
 * and OSCORE (21), as values by path. LwM2M Core 1.2 s.6.1.2, 6.1.7.
 *
 * A book is one piece of memory, which is wiped before it is freed, and never
 * longer than SALLY_BOOK_MAX. It knows what a bootstrap account is and which
 * accounts are whole; what proves an account is the business of the table in
 * security/credential.h, which is walked here and never named.              */
#ifndef SALLY_LWM2M_BOOK_H
#define SALLY_LWM2M_BOOK_H

#include "coap/uri.h"
#include "lwm2m/registry.h"
#include "security/credential.h"
#include "security/stack.h"

#define SALLY_BOOK_MAX 16384 /* bytes of a book */
#define SALLY_BOOK_WRITTEN_MAX (SALLY_BOOK_MAX + 1) /* with its form */

/* Instances: of /0, /1 and /21 each, and of /2. */
#define SALLY_BOOK_INSTANCES 8
#define SALLY_BOOK_ACCESS_INSTANCES 16

/* Zeroed to begin with: a book without memory, in which nothing is found. */
struct sally_book {
    uint8_t *at;      /* owned; entries in the order of their paths */
    size_t len, room; /* bytes */
};

/* An empty book of at most `room` bytes. NO_MEMORY. */
enum sally_err sally_book_open(struct sally_book *b,
                               size_t room) SALLY_MUST_USE;
void sally_book_wipe(struct sally_book *b); /* safe twice */

/* Makes `to`, whatever it held, the same as `from`. NO_ROOM: it is smaller;
 * nothing changed.                                                          */
enum sally_err sally_book_copy(const struct sally_book *from,
                               struct sally_book *to) SALLY_MUST_USE;
bool sally_book_equal(const struct sally_book *a, const struct sally_book *b);

/* --- Values --------------------------------------------------------------- */

/* A walk in the order of the paths. Begin with { sally_book_span(b) }. Values
 * borrow from the book and die with its next change.                        */
struct sally_book_walk {
    struct sally_span rest;
};
struct sally_span sally_book_span(const struct sally_book *b);
bool sally_book_next(struct sally_book_walk *walk, struct sally_path *path,
                     struct sally_lwm2m_value *value);

/* False if there is none. O(entries), of which a book has few. */
bool sally_book_find(const struct sally_book *b, const struct sally_path *path,
                     struct sally_lwm2m_value *value);

/* A value at or below `path`, which is an object or deeper, exists. */
bool sally_book_has(const struct sally_book *b, const struct sally_path *path);

/* The first instance of `object` from `from` on; false if there is none. */
bool sally_book_instance(const struct sally_book *b, uint16_t object,
                         uint32_t from, uint16_t *instance);

/* Puts a copy over what was there. The path is a resource or an instance of
 * one; the type is the caller's concern (sally_registry_admit()), and so it is
 * that the value's bytes do not lie in this book.
 *   NOT_FOUND  another object than the four, or a path that is too short
 *   WRONG_TYPE no value; an instance of a resource that is single here
 *   TOO_LARGE  one instance too many
 *   NO_ROOM    the book is full; nothing changed                            */
enum sally_err
sally_book_put(struct sally_book *b, const struct sally_path *path,
               const struct sally_lwm2m_value *value) SALLY_MUST_USE;

/* Takes out all at or below `path`, whatever it is. */
void sally_book_cut(struct sally_book *b, const struct sally_path *path);

/* What Bootstrap-Delete means (Core 1.2 s.6.1.7.6): all at or below `path`, "/"
 * to an object instance, but for the bootstrap account, which stands with its
 * instance of /21. Of several that is the instance `own` of /0, the one in use,
 * or the first where `own` is none; each can be deleted by its own number while
 * another stays. NOT_ALLOWED: `path` is that account, or deeper than an object
 * instance; NOT_FOUND: another object than the four, or no such instance.   */
enum sally_err sally_book_delete(struct sally_book *b,
                                 const struct sally_path *path,
                                 uint16_t own) SALLY_MUST_USE;

/* Gives the instance `from` of /0 the number `to`. NOT_FOUND: there is none;
 * DUPLICATE: `to` is taken.                                                 */
enum sally_err sally_book_move(struct sally_book *b, uint16_t from,
                               uint16_t to) SALLY_MUST_USE;

/* --- Bytes ---------------------------------------------------------------- */

/* Appends the book as bytes that sally_book_read() takes back; they hold keys,
 * so the caller seals them. NO_ROOM.                                        */
enum sally_err sally_book_write(const struct sally_book *b,
                                struct sally_writer *w) SALLY_MUST_USE;

/* Makes `b` what was written. UNSUPPORTED: written by a later version;
 * MALFORMED, TRUNCATED; NO_ROOM. `b` is untouched then.                     */
enum sally_err sally_book_read(struct sally_book *b,
                               struct sally_span bytes) SALLY_MUST_USE;

/* --- Accounts ------------------------------------------------------------- */

/* One instance of /0 with what belongs to it. Spans borrow from the book. */
struct sally_account {
    uint16_t instance; /* of /0 */
    bool bootstrap;    /* of a bootstrap server, which has no /1 */
    uint16_t short_id; /* of its server; 0: bootstrap */
    bool has_server;
    uint16_t server_instance; /* of /1, with the same Short Server ID */
    bool has_oscore;
    uint16_t oscore_instance; /* of /21 */
    uint32_t hold_off, timeout; /* seconds: /0/x/11, 12; 0: not given */
    struct sally_uri uri;
    enum sally_scheme scheme;

    /* Its keys and demands, of which the owner may set what no resource says,
     * and the server's name where none is written (`uri` has the host), before
     * sally_credential_finish().                                            */
    struct sally_credential_draft draft;
};

/* Reads the account at /0/`instance`. On failure *culprit is the resource at
 * fault.
 *   NOT_FOUND      there is no such instance
 *   NO_CREDENTIAL  URI, Bootstrap-Server, mode or Short Server ID is missing
 *   UNSUPPORTED    a mode, scheme or protection that is not known here
 *   MALFORMED, TOO_LARGE, OUT_OF_RANGE  of the URI and of single fields      */
enum sally_err sally_book_account(const struct sally_book *b, uint16_t instance,
                                  struct sally_account *out,
                                  struct sally_path *culprit) SALLY_MUST_USE;

/* Makes the credential of an account: the host of the URI is the server's name
 * where none is written; `trust` (NULL: none) is what certificates lead to
 * where the account says so. Errors as sally_credential_finish(), and those of
 * keys that are of no use or do not go together.                            */
enum sally_err
sally_book_credential(const struct sally_account *account,
                      const struct sally_trust *trust,
                      struct sally_credential *out,
                      struct sally_path *culprit) SALLY_MUST_USE;

/* The instance of /0 that is a bootstrap account, the first from `from` on. */
bool sally_book_bootstrap(const struct sally_book *b, uint32_t from,
                          uint16_t *instance);

/* How many accounts of servers there are. */
size_t sally_book_servers(const struct sally_book *b);

/* Whether the accounts are whole and fit together (Core 1.2 s.6.1.2): each
 * value has its resource's type and range, and each instance its mandatory
 * resources; each account has a URI and a scheme that goes with its mode, and
 * its credential can be made; each of a server has its own Short Server ID and
 * one instance of /1 with it, and each of /1 has its account; one account at
 * most is a bootstrap server's; each instance of /21 is linked from one account
 * at most, and each link leads to one; access control names servers that are
 * there. A book without a server is whole. On failure *culprit is the path at
 * fault; the text of the error says what it is.                             */
enum sally_err sally_book_check(const struct sally_book *b,
                                const struct sally_registry *registry,
                                const struct sally_trust *trust,
                                struct sally_path *culprit) SALLY_MUST_USE;

/* Takes out of `b` what `before` had for accounts that `b` has no more: the
 * instance of /1, rights of access, keys that no account links to. What was
 * written anew stays, and is for sally_book_check() to see.                 */
void sally_book_tidy(struct sally_book *b, const struct sally_book *before);

#endif
