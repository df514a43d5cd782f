/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/meaning.c - the library's error numbers and alerts in our terms.
 */
#include "security/peer.h"

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/* All others are CRYPTO. */
static const struct meaning {
    int library;
    enum sally_err e;
} meanings[] = {
    { FATAL_ERROR, SALLY_E_REFUSED }, /* a fatal alert came in */
    { MEMORY_E, SALLY_E_NO_MEMORY },
    { MEMORY_ERROR, SALLY_E_NO_MEMORY },
    { PSK_KEY_ERROR, SALLY_E_NO_CREDENTIAL },
    { BAD_BINDER, SALLY_E_UNAUTHENTIC },
    { VERIFY_FINISHED_ERROR, SALLY_E_UNAUTHENTIC },
    { VERIFY_MAC_ERROR, SALLY_E_UNAUTHENTIC },
    { DECRYPT_ERROR, SALLY_E_UNAUTHENTIC },
    { VERIFY_SIGN_ERROR, SALLY_E_NOT_PROVEN },
    { VERIFY_CERT_ERROR, SALLY_E_WRONG_KEY },
    { SIG_VERIFY_E, SALLY_E_NOT_PROVEN },
    { UNSUPPORTED_CERTIFICATE, SALLY_E_WRONG_KIND },
    { NO_PEER_CERT, SALLY_E_WRONG_KIND },
    { ASN_NO_SIGNER_E, SALLY_E_UNKNOWN_CA },
    { MAX_CHAIN_ERROR, SALLY_E_UNKNOWN_CA },
    { ASN_PARSE_E, SALLY_E_BAD_CERTIFICATE },
    { PEER_KEY_ERROR, SALLY_E_BAD_CERTIFICATE },
    { KEYUSE_SIGNATURE_E, SALLY_E_BAD_CERTIFICATE },
    { KEYUSE_ENCIPHER_E, SALLY_E_BAD_CERTIFICATE },
    { EXTKEYUSE_AUTH_E, SALLY_E_BAD_CERTIFICATE },
    { KEYUSAGE_E, SALLY_E_BAD_CERTIFICATE },
    { ECC_KEY_SIZE_E, SALLY_E_BAD_CERTIFICATE },
    { RSA_KEY_SIZE_E, SALLY_E_BAD_CERTIFICATE },
    { MATCH_SUITE_ERROR, SALLY_E_NO_SUITE },
    { UNSUPPORTED_SUITE, SALLY_E_NO_SUITE },
    { ECC_CURVE_ERROR, SALLY_E_NO_SUITE },
    { VERSION_ERROR, SALLY_E_NO_VERSION },
    { UNSUPPORTED_PROTO_VERSION, SALLY_E_NO_VERSION },
    { SOCKET_ERROR_E, SALLY_E_TIMED_OUT },
    { DUPLICATE_MSG_E, SALLY_E_UNEXPECTED },
    { SANITY_MSG_E, SALLY_E_UNEXPECTED },
    { OUT_OF_ORDER_E, SALLY_E_UNEXPECTED },
    { BUFFER_ERROR, SALLY_E_MALFORMED },
    { PARSE_ERROR, SALLY_E_MALFORMED },
    { LENGTH_ERROR, SALLY_E_MALFORMED },
    { INCOMPLETE_DATA, SALLY_E_MALFORMED },
    { DTLS_TOO_MANY_FRAGMENTS_E, SALLY_E_TOO_LARGE },
    { HANDSHAKE_SIZE_ERROR, SALLY_E_TOO_LARGE },
};

enum sally_err sally_library_meaning(int library)
{
    for (size_t i = 0; i < SALLY_LEN(meanings); i++)
        if (meanings[i].library == library)
            return meanings[i].e;
    return SALLY_E_CRYPTO;
}

int sally_library_alert(WOLFSSL *ssl)
{
    WOLFSSL_ALERT_HISTORY h = { { -1, -1 }, { -1, -1 } };

    (void)wolfSSL_get_alert_history(ssl, &h);
    return h.last_rx.code >= 0 ? h.last_rx.code : h.last_tx.code;
}
