/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential.h - what one account proves itself with, and what
 * it demands of its server.
 *
 * A credential is an immutable snapshot: whoever changes a key makes a new
 * one with the next generation number and restarts the session, so no session
 * outlives its key. One credential belongs to one account of one sensor.
 * LwM2M 1.1 Core, objects /0 and /21.                                       */
#ifndef SALLY_SECURITY_CREDENTIAL_H
#define SALLY_SECURITY_CREDENTIAL_H

#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/word.h"

/* LwM2M Security Mode, /0/x/2; the numbers are the registry's. */
enum sally_security_mode {
    SALLY_MODE_PSK = 0,
    SALLY_MODE_RPK = 1,
    SALLY_MODE_X509 = 2,
    SALLY_MODE_NOSEC = 3
};

/* What /0/x/4 is in X.509 mode: /0/x/15; RFC 6698 s.2.1.1. */
enum sally_certificate_usage {
    SALLY_USAGE_CA,      /* a CA that the chain must contain, besides PKIX */
    SALLY_USAGE_SERVICE, /* the server's certificate, besides PKIX */
    SALLY_USAGE_ANCHOR,  /* the one anchor of the chain */
    SALLY_USAGE_DOMAIN   /* the server's certificate and nothing else */
};

/* How /0/x/4 is compared: /0/x/13. */
enum sally_matching {
    SALLY_MATCH_EXACT,
    SALLY_MATCH_SHA256,
    SALLY_MATCH_SHA384,
    SALLY_MATCH_SHA512
};

/* The least version that is accepted. 1.2 is the floor of ANY too, and 1.3 is
 * offered by all.                                                           */
enum sally_tls_version { SALLY_TLS_ANY, SALLY_TLS_1_2, SALLY_TLS_1_3 };

/* How an OSCORE context begins: RFC 8613 appendix B. AUTO: B.2, and where the
 * server does not know it B.1.1, if the numbers used so far are known.      */
enum sally_oscore_start {
    SALLY_OSCORE_AUTO,
    SALLY_OSCORE_B1,
    SALLY_OSCORE_B2
};

#define SALLY_PSK_IDENTITY_MAX 128   /* bytes; LwM2M Transport, PSK mode */
#define SALLY_CREDENTIAL_MAX 16384   /* bytes of all parts together */
#define SALLY_SUITES_MAX 16          /* in one account */
#define SALLY_SERVER_NAME_MAX 253    /* bytes; RFC 1035 s.2.3.4 */
#define SALLY_OSCORE_ID_MAX 7        /* bytes; less with a shorter nonce */
#define SALLY_OSCORE_CONTEXT_MAX 64  /* bytes of an ID Context */

/* The parts of an OSCORE security context: object /21, RFC 8613 s.3.2. */
struct sally_oscore_parts {
    struct sally_span master_secret, master_salt;
    struct sally_span sender_id, recipient_id; /* the client's, the server's */
    struct sally_span id_context;
    bool has_id_context; /* one of no bytes is not the same as none */
    int32_t aead;        /* COSE number; 0: 10, AES-CCM-16-64-128 */
    int32_t hkdf;        /* COSE number; 0: -10, HKDF SHA-256 */
    enum sally_oscore_start start; /* ours, not of the object */
    const struct sally_holder *holder; /* likewise: that of the account */
};

struct sally_trust;  /* anchors and revocation lists of a server */
struct sally_holder; /* who has secrets that are held: holder.h */

/* Everything that an account consists of. Spans and lists are borrowed for the
 * call only, `trust` and `holder` for the credential's life. `secret_key` and
 * the Master Secret are themselves or, with a holder, what stands for them.  */
struct sally_credential_parts {
    enum sally_security_mode mode;
    struct sally_span identity;   /* PSK: /0/x/3 */
    struct sally_span public_key; /* RPK: SPKI in DER, or none: the secret
                                     key says it. X.509: certificates in DER,
                                     one after the other, ours first */
    struct sally_span secret_key; /* PSK: the key. RPK, X.509: PKCS#8, RFC 5958
                                     or SEC 1, in DER */
    struct sally_span server_public_key; /* SPKI, certificate or anchor in DER,
                                            or a digest as `matching` says */
    uint8_t usage;                       /* enum sally_certificate_usage */
    uint8_t matching;                    /* enum sally_matching */
    struct sally_span server_name; /* that its certificate must have: SNI, or
                                      the host of the URI. An IP address is
                                      compared and never sent */
    struct sally_span host_names; /* of a server with several URIs: the host of
                                     each, with a zero byte after it, of which
                                     `server_name` is the first; else empty */
    const uint16_t *suites;        /* IANA numbers; none: the default list */
    size_t suite_count;
    enum sally_tls_version min_version;
    bool connection_id; /* offer RFC 9146 or 9147 */
    const struct sally_trust *trust;         /* NULL: none */
    const struct sally_oscore_parts *oscore; /* NULL: none */
    const struct sally_holder *holder;       /* NULL: nothing is held */
    uint32_t generation; /* counts the changes of this account's keys */
};

/* The same, with all that is not borrowed in one allocation of its own. Valid
 * when zeroed: PSK without a key. A copy by assignment is a second name for
 * the same memory, which only one of them may wipe.                         */
struct sally_credential {
    enum sally_security_mode mode;
    struct sally_span identity, public_key, secret_key, server_public_key;
    uint8_t usage, matching;
    struct sally_span server_name; /* changed by sally_credential_aim() only */
    struct sally_span host_names;
    const uint16_t *suites;
    size_t suite_count;
    enum sally_tls_version min_version;
    bool connection_id;
    const struct sally_trust *trust;
    const struct sally_oscore_parts *oscore; /* aead and hkdf are never 0 */
    const struct sally_holder *holder;
    uint32_t generation;
    void *bytes; /* owned; wiped before it is freed */
    size_t size;
};

struct sally_credential_field;

/* Makes *out, which is zeroed or made before, of what is proved to fit
 * together; on failure *out is what it was, and *culprit (unless NULL) is the
 * field at fault or NULL.
 *   NO_CREDENTIAL  a part that the mode needs is missing
 *   NOT_ALLOWED    a part that the mode does not know
 *   OUT_OF_RANGE   length or number beyond the field's limits
 *   MALFORMED      zero byte in an identity or name; sender and recipient that
 *                  are the same
 *   UNSUPPORTED    an algorithm that is not known here
 *   TOO_LARGE      more than SALLY_CREDENTIAL_MAX bytes in all
 *   NO_MEMORY
 * Looks into no DER: what a key is worth shows when a session starts.       */
enum sally_err
sally_credential_make(struct sally_credential *out,
                      const struct sally_credential_parts *parts,
                      const struct sally_credential_field **culprit)
    SALLY_MUST_USE;

/* Shortcuts of sally_credential_make(). */
enum sally_err sally_credential_psk(struct sally_credential *out,
                                    struct sally_span identity,
                                    struct sally_span key) SALLY_MUST_USE;
void sally_credential_nosec(struct sally_credential *out);

/* The next sessions are with the server's URI number `uri`: its certificate
 * must have that one's name. Nothing happens where the account has one name for
 * all. A session that is up is not touched, and does not resume under another
 * name.                                                                     */
void sally_credential_aim(struct sally_credential *c, size_t uri);

void sally_credential_wipe(struct sally_credential *c); /* zeroes *c */

/* A keyed digest of everything, what is in `trust` included: credentials with
 * the same parts have the same one.                                         */
uint64_t sally_credential_digest(const struct sally_credential *c,
                                 const struct sally_hash_key *key);

/* --- The fields ---------------------------------------------------------- */

/* One row per thing that an account consists of: the config key that sets it,
 * the resource that a bootstrap server writes, the modes that need it. The
 * configuration, the objects /0 and /21 and diagnosis all walk this table.  */
enum sally_credential_kind {
    SALLY_FIELD_MODE,
    SALLY_FIELD_IDENTITY,
    SALLY_FIELD_PUBLIC_KEY,  /* RPK */
    SALLY_FIELD_CERTIFICATE, /* X.509; the same resource as those above */
    SALLY_FIELD_SECRET_KEY,
    SALLY_FIELD_SERVER_KEY,
    SALLY_FIELD_USAGE,
    SALLY_FIELD_MATCHING,
    SALLY_FIELD_SERVER_NAME,
    SALLY_FIELD_SUITES,
    SALLY_FIELD_OSCORE, /* that there is one */
    SALLY_FIELD_MASTER_SECRET,
    SALLY_FIELD_MASTER_SALT,
    SALLY_FIELD_SENDER_ID,
    SALLY_FIELD_RECIPIENT_ID,
    SALLY_FIELD_ID_CONTEXT,
    SALLY_FIELD_AEAD,
    SALLY_FIELD_HKDF,
    SALLY_FIELDS /* how many */
};

enum sally_credential_type {
    SALLY_CREDENTIAL_INTEGER,
    SALLY_CREDENTIAL_TEXT,
    SALLY_CREDENTIAL_OPAQUE,
    SALLY_CREDENTIAL_LIST, /* of integers; each put adds one */
    SALLY_CREDENTIAL_LINK  /* to /21; as a number 1: linked, 0: not */
};

struct sally_credential_field {
    enum sally_credential_kind kind;
    const char *config_key; /* "mode", "identity", "key_file" */
    uint16_t object;        /* 0 or 21 */
    uint16_t resource;
    enum sally_credential_type type;
    bool secret;         /* never shown */
    bool from_file;      /* the config names a file that holds it */
    bool in_hex;         /* OPAQUE: the config or the file has it as digits */
    unsigned needed_in;  /* bit set of 1u << enum sally_security_mode; of a
                            field of /21: in an account with OSCORE */
    unsigned allowed_in; /* likewise */
    int32_t min, max;    /* bytes, or the number itself */
    const struct sally_word *words; /* INTEGER, LIST; else NULL */
    const char *what;    /* after "expected": "the Master Secret, ..." */
    const char *meaning; /* for the manual, in which `x` is a name */
};

/* All rows in the order of their kinds; *count is set to SALLY_FIELDS. */
const struct sally_credential_field *sally_credential_fields(size_t *count);

/* The row of a kind, or of a resource of /0 and /21 in a mode; NULL: none. */
const struct sally_credential_field *
sally_credential_field(enum sally_credential_kind kind);
const struct sally_credential_field *
sally_credential_field_at(uint16_t object, uint16_t resource,
                          enum sally_security_mode mode);

/* An account while it is put together, field by field. Zeroed to begin with.
 * The bytes that are put are borrowed until the draft is made into a
 * credential.                                                               */
struct sally_credential_draft {
    struct sally_credential_parts parts; /* what no field sets is set here */
    struct sally_oscore_parts oscore;
    uint16_t suites[SALLY_SUITES_MAX];
    uint32_t given; /* bit set of 1u << enum sally_credential_kind */
};

struct sally_credential_value {
    int64_t number;          /* INTEGER, LIST, LINK */
    struct sally_span bytes; /* TEXT, OPAQUE */
};

/* Puts one value, over the one that was there; a LIST grows. OUT_OF_RANGE: not
 * within the field's limits; MALFORMED: a server name that is an IP address
 * (RFC 6066 s.3); NO_ROOM: the list is full. Nothing is put then.           */
enum sally_err sally_credential_put(struct sally_credential_draft *d,
                                    const struct sally_credential_field *field,
                                    struct sally_credential_value value)
    SALLY_MUST_USE;

/* sally_credential_make() of the draft, which stays as it is. Besides,
 * NO_CREDENTIAL for a needed field of /21 that was never put.               */
enum sally_err
sally_credential_finish(struct sally_credential *out,
                        const struct sally_credential_draft *d,
                        const struct sally_credential_field **culprit)
    SALLY_MUST_USE;

#endif
