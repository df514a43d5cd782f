dnl Finds wolfSSL and link-tests each feature that Sallyport builds on. Link
dnl tests and macros only, no test program is run: cross compiling works.

dnl SALLY_WOLFSSL_FEATURE(NAME, NEED, FLAGS, CONDITION, INCLUDE, CALL)
dnl   NEED       required or optional
dnl   FLAGS      what brings it into a wolfSSL that lacks it
dnl   CONDITION  preprocessor condition over wolfssl/options.h
dnl Adds a row to the table; a missing required feature to sally_lacking.
AC_DEFUN([SALLY_WOLFSSL_FEATURE], [
  AC_MSG_CHECKING([wolfSSL for $1])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <stddef.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
$5
#if !($4)
#error not in this build
#endif
]], [[$6]])], [sally_found=yes], [sally_found=no])
  AC_MSG_RESULT([$sally_found])
  sally_row=`printf '    %-42s %s' "$1" "$sally_found"`
  AS_IF([test $sally_found = no], [
    sally_row="$sally_row ($2; needs $3)"
    AS_IF([test $2 = required], [sally_lacking="$sally_lacking
    $1: build wolfSSL with $3"])
  ])
  sally_wolfssl_table="$sally_wolfssl_table
$sally_row"
])

AC_DEFUN([SALLY_WOLFSSL_FIND], [
  AC_ARG_WITH([wolfssl], [AS_HELP_STRING([--with-wolfssl=DIR],
    [prefix of a static wolfSSL (default: .deps/wolfssl of the source tree
     where scripts/setup has built it, else what pkg-config finds)])],
    [], [with_wolfssl=default])
  AS_CASE([$with_wolfssl],
    [default], [
      AS_IF([test -f "$srcdir/.deps/wolfssl/lib/libwolfssl.a"],
        [with_wolfssl=`cd "$srcdir/.deps/wolfssl" && pwd`],
        [with_wolfssl=pkg-config])],
    [yes], [with_wolfssl=pkg-config],
    [no], [AC_MSG_ERROR([Sallyport cannot be built without wolfSSL])])
  AS_IF([test "$with_wolfssl" = pkg-config], [
    wolfssl_from="found by pkg-config"
    PKG_CHECK_MODULES([WOLFSSL], [wolfssl], [],
      [AC_MSG_ERROR([no wolfSSL: run scripts/setup, which builds one into
  .deps/wolfssl, or name one with --with-wolfssl=DIR])])
  ], [
    wolfssl_from=$with_wolfssl
    AS_IF([test ! -f "$with_wolfssl/include/wolfssl/options.h"],
      [AC_MSG_ERROR([no include/wolfssl/options.h under $with_wolfssl])])
    WOLFSSL_CFLAGS="-isystem $with_wolfssl/include"
    AS_IF([test -f "$with_wolfssl/lib/libwolfssl.a"],
      [WOLFSSL_LIBS="$with_wolfssl/lib/libwolfssl.a -lm"],
      [WOLFSSL_LIBS="-L$with_wolfssl/lib -lwolfssl -lm"])
    AC_SUBST([WOLFSSL_CFLAGS])
    AC_SUBST([WOLFSSL_LIBS])
    AC_SUBST([WOLFSSL_CONFIGURE_FLAG], ["--with-wolfssl=$with_wolfssl"])
  ])
])

AC_DEFUN([SALLY_WOLFSSL], [
  SALLY_WOLFSSL_FIND
  sally_wolfssl_table=
  sally_lacking=
  sally_save_CPPFLAGS=$CPPFLAGS
  sally_save_LIBS=$LIBS
  CPPFLAGS="$CPPFLAGS $WOLFSSL_CFLAGS"
  LIBS="$WOLFSSL_LIBS $LIBS"

  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>]], [[return wolfSSL_Init();]])], [],
    [AC_MSG_ERROR([wolfSSL ($wolfssl_from) cannot be linked; see config.log])])

  SALLY_WOLFSSL_FEATURE([DTLS 1.2], [required], [--enable-dtls],
    [defined(WOLFSSL_DTLS)], [],
    [return wolfDTLSv1_2_client_method() == NULL;])
  SALLY_WOLFSSL_FEATURE([PSK with AES-128-CCM-8], [required],
    [--enable-psk --enable-aesccm CPPFLAGS=-DWOLFSSL_STATIC_PSK],
    [defined(WOLFSSL_STATIC_PSK) && defined(HAVE_AESCCM) && !defined(NO_PSK)],
    [], [wolfSSL_set_psk_client_callback(NULL, NULL);])
  SALLY_WOLFSSL_FEATURE([ECDHE-PSK], [required],
    [--enable-psk --enable-ecc],
    [defined(HAVE_ECC) && !defined(NO_PSK)], [],
    [return wolfSSL_set_cipher_list(NULL, "ECDHE-PSK-AES128-GCM-SHA256");])
  SALLY_WOLFSSL_FEATURE([session resumption that survives a restart],
    [required],
    [--enable-session-ticket CPPFLAGS=-DHAVE_EXT_CACHE],
    [defined(HAVE_EXT_CACHE) && defined(HAVE_SESSION_TICKET)], [],
    [return wolfSSL_i2d_SSL_SESSION(NULL, NULL);])
  SALLY_WOLFSSL_FEATURE([bounded fragments (MTU)], [required],
    [--enable-dtls-mtu], [defined(WOLFSSL_DTLS_MTU)], [],
    [return wolfSSL_dtls_set_mtu(NULL, 1200);])
  SALLY_WOLFSSL_FEATURE([scrypt], [required],
    [--enable-pwdbased --enable-scrypt], [defined(HAVE_SCRYPT)],
    [#include <wolfssl/wolfcrypt/pwdbased.h>],
    [return wc_scrypt(NULL, NULL, 0, NULL, 0, 1, 1, 1, 0);])
  SALLY_WOLFSSL_FEATURE([HKDF], [required], [--enable-hkdf],
    [defined(HAVE_HKDF)], [#include <wolfssl/wolfcrypt/hmac.h>],
    [return wc_HKDF(WC_SHA256, NULL, 0, NULL, 0, NULL, 0, NULL, 0);])
  SALLY_WOLFSSL_FEATURE([HKDF with SHA-512], [required], [--enable-sha512],
    [defined(HAVE_HKDF) && defined(WOLFSSL_SHA512)],
    [#include <wolfssl/wolfcrypt/hmac.h>],
    [return wc_HKDF(WC_SHA512, NULL, 0, NULL, 0, NULL, 0, NULL, 0);])
  SALLY_WOLFSSL_FEATURE([AES-CCM and AES-GCM with any key], [required],
    [--enable-aesccm --enable-aesgcm],
    [defined(HAVE_AESCCM) && defined(HAVE_AESGCM) && defined(WOLFSSL_AES_192)],
    [#include <wolfssl/wolfcrypt/aes.h>],
    [return wc_AesGcmSetKey(NULL, NULL, 24);])
  SALLY_WOLFSSL_FEATURE([ChaCha20/Poly1305], [required],
    [--enable-chacha --enable-poly1305],
    [defined(HAVE_CHACHA) && defined(HAVE_POLY1305)],
    [#include <wolfssl/wolfcrypt/chacha20_poly1305.h>],
    [return wc_ChaCha20Poly1305_Encrypt(NULL, NULL, NULL, 0, NULL, 0, NULL,
                                        NULL);])
  SALLY_WOLFSSL_FEATURE([raw public keys, always verified], [required],
    [--enable-rpk CPPFLAGS=-DWOLFSSL_ALWAYS_VERIFY_CB],
    [defined(HAVE_RPK) && defined(WOLFSSL_ALWAYS_VERIFY_CB)], [],
    [return wolfSSL_set_client_cert_type(NULL, NULL, 0);])
  SALLY_WOLFSSL_FEATURE([DTLS 1.3, by our clock], [required],
    [--enable-dtls13 CPPFLAGS=-DDTLS13_MIN_RTX_INTERVAL=0],
    [defined(WOLFSSL_DTLS13) && defined(DTLS13_MIN_RTX_INTERVAL)], [],
    [return wolfDTLSv1_3_client_method() == NULL;])
  SALLY_WOLFSSL_FEATURE([tickets with an identifier], [required],
    [CPPFLAGS=-DWOLFSSL_TICKET_HAVE_ID],
    [defined(WOLFSSL_TICKET_HAVE_ID)], [],
    [return wolfSSL_SESSION_has_ticket(NULL);])
  SALLY_WOLFSSL_FEATURE([connection ID], [required], [--enable-dtlscid],
    [defined(WOLFSSL_DTLS_CID)], [], [return wolfSSL_dtls_cid_use(NULL);])
  SALLY_WOLFSSL_FEATURE([counters of dropped records], [required],
    [CPPFLAGS=-DWOLFSSL_DTLS_DROP_STATS],
    [defined(WOLFSSL_DTLS_DROP_STATS)], [],
    [return wolfSSL_dtls_get_drop_stats(NULL, NULL, NULL);])

  CPPFLAGS=$sally_save_CPPFLAGS
  LIBS=$sally_save_LIBS
  AS_IF([test -n "$sally_lacking"],
    [AC_MSG_ERROR([this wolfSSL ($wolfssl_from) is not enough:$sally_lacking
  No packaged wolfSSL is: run scripts/setup, which builds one into
  .deps/wolfssl with all its flags, or name another with --with-wolfssl=DIR])])
])
