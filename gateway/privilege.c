/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/privilege.c - limits and rights of this process. */
#include "privilege.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void sally_privilege_basics(void)
{
    const struct rlimit none = { 0, 0 };

    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Some for each sensor: 1,048,576 is the kernel's own bound unless
 * somebody changed it. Without the right to go there, as far as may be.     */
void sally_privilege_raise_descriptors(void)
{
    struct rlimit r = { 1u << 20, 1u << 20 };

    if (setrlimit(RLIMIT_NOFILE, &r) == 0 ||
        getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

size_t sally_privilege_descriptors(void)
{
    struct rlimit r = { 0, 0 };

    (void)getrlimit(RLIMIT_NOFILE, &r);
    return (size_t)r.rlim_cur;
}

#if defined(__SANITIZE_ADDRESS__)
#define LIMIT_MEMORY false
#elif defined(__has_feature)
#define LIMIT_MEMORY (!__has_feature(address_sanitizer))
#else
#define LIMIT_MEMORY true
#endif

void sally_privilege_limit_memory(unsigned megabytes)
{
    const rlim_t bytes = (rlim_t)megabytes << 20;
    const struct rlimit r = { bytes, bytes };

    if (LIMIT_MEMORY)
        (void)setrlimit(RLIMIT_DATA, &r);
}

bool sally_privilege_drop(void)
{
    struct __user_cap_header_struct head = {
        .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
    };
    const struct __user_cap_data_struct nothing[2] = { { 0, 0, 0 },
                                                       { 0, 0, 0 } };

    struct __user_cap_data_struct now[2];

    if (syscall(SYS_capget, &head, now) != 0)
        return false;
    /* A service manager that gave us none may forbid the call as well. */
    if (memcmp(now, nothing, sizeof(now)) == 0)
        return true;
    return syscall(SYS_capset, &head, nothing) == 0;
}
