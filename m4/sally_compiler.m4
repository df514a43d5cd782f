dnl Flags of the compiler and linker, each used only where it is accepted.

AC_DEFUN([SALLY_WARNINGS], [
  WARN_CFLAGS=
  for sally_flag in -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
                    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Walloca \
                    -Wundef -Wformat=2 -Wformat-signedness -Wdate-time \
                    -Wduplicated-cond -Wduplicated-branches; do
    AX_CHECK_COMPILE_FLAG([$sally_flag],
      [WARN_CFLAGS="$WARN_CFLAGS $sally_flag"], [], [-Werror])
  done
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

dnl Level 3 needs gcc 12 or clang 9 and a new glibc; the headers warn about a
dnl level they do not know. Nothing at all without optimisation.
AC_DEFUN([SALLY_FORTIFY], [
  AC_CACHE_CHECK([for the level of _FORTIFY_SOURCE], [sally_cv_fortify], [
    sally_cv_fortify=none
    sally_save_CPPFLAGS=$CPPFLAGS
    for sally_level in 2 3; do
      CPPFLAGS="$sally_save_CPPFLAGS -Werror -U_FORTIFY_SOURCE"
      CPPFLAGS="$CPPFLAGS -D_FORTIFY_SOURCE=$sally_level"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [])],
        [sally_cv_fortify=$sally_level])
    done
    CPPFLAGS=$sally_save_CPPFLAGS
  ])
  AS_IF([test "$sally_cv_fortify" != none],
    [HARDEN_CFLAGS="$HARDEN_CFLAGS -U_FORTIFY_SOURCE"
     HARDEN_CFLAGS="$HARDEN_CFLAGS -D_FORTIFY_SOURCE=$sally_cv_fortify"])
])

AC_DEFUN([SALLY_HARDENING], [
  HARDEN_CFLAGS=
  HARDEN_LDFLAGS=
  SHARED_LDFLAGS=
  dnl The same objects make the programs, which are position-independent too,
  dnl and the library: hence -fPIC, and no calls that a program could divert.
  for sally_flag in -fstack-protector-strong -fstack-clash-protection \
                    -fcf-protection -mbranch-protection=standard -fPIC \
                    -fno-semantic-interposition; do
    AX_CHECK_COMPILE_FLAG([$sally_flag],
      [HARDEN_CFLAGS="$HARDEN_CFLAGS $sally_flag"], [], [-Werror])
  done
  for sally_flag in -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack; do
    AX_CHECK_LINK_FLAG([$sally_flag],
      [SHARED_LDFLAGS="$SHARED_LDFLAGS $sally_flag"])
  done
  HARDEN_LDFLAGS=$SHARED_LDFLAGS
  AX_CHECK_LINK_FLAG([-pie], [HARDEN_LDFLAGS="-pie$HARDEN_LDFLAGS"], [],
    [-fPIC])
  dnl The sanitizers see less through fortified calls.
  AS_IF([test "$enable_sanitizer" = no],
    [SALLY_FORTIFY
     SHARED_LDFLAGS="$SHARED_LDFLAGS -Wl,-z,defs"])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([SHARED_LDFLAGS])
])

dnl What is built tells of its sources, not of the directory that they were in,
dnl so that it is the same wherever it is built.
AC_DEFUN([SALLY_REPRODUCIBLE], [
  REPRODUCIBLE_CFLAGS=
  AX_CHECK_COMPILE_FLAG([-ffile-prefix-map=/a=/b], [
    REPRODUCIBLE_CFLAGS='-ffile-prefix-map=${abs_top_srcdir}=.'
    AS_CASE([$with_wolfssl], [/*],
      [sally_map="-ffile-prefix-map=$with_wolfssl=wolfssl"
       REPRODUCIBLE_CFLAGS="$REPRODUCIBLE_CFLAGS $sally_map"])
    sally_map='-ffile-prefix-map=${top_srcdir}/='
    REPRODUCIBLE_CFLAGS="$REPRODUCIBLE_CFLAGS $sally_map"
    sally_map='-ffile-prefix-map=${abs_top_builddir}=.'
    REPRODUCIBLE_CFLAGS="$REPRODUCIBLE_CFLAGS $sally_map"
  ], [], [-Werror])
  AC_SUBST([REPRODUCIBLE_CFLAGS])
])

AC_DEFUN([SALLY_SANITIZERS], [
  SAN_CFLAGS=
  FUZZ_LDFLAGS=
  AS_IF([test "$enable_sanitizer" = yes], [
    SAN_CFLAGS="-fsanitize=address,undefined -fno-omit-frame-pointer"
    SAN_CFLAGS="$SAN_CFLAGS -fno-sanitize-recover=undefined"
    AX_CHECK_LINK_FLAG([-fsanitize=address,undefined], [],
      [AC_MSG_ERROR([$CC has no sanitizers here; run scripts/setup])])
  ])
  AS_IF([test "$enable_fuzzing" = yes], [
    SAN_CFLAGS="$SAN_CFLAGS -fsanitize=fuzzer-no-link"
    FUZZ_LDFLAGS="-fsanitize=fuzzer"
    AX_CHECK_COMPILE_FLAG([-fsanitize=fuzzer-no-link], [],
      [AC_MSG_ERROR([--enable-fuzzing needs clang: configure with CC=clang])])
  ])
  AC_SUBST([SAN_CFLAGS])
  AC_SUBST([FUZZ_LDFLAGS])
])
