# SPDX-License-Identifier: GPL-3.0-or-later
# debian.sh - for scripts that fetch from Debian what this machine's release does
# not have; sourced by them, and they have a `die`.
# shellcheck shell=bash

# The machine's own entry for Debian's main archive, as apt understands it,
# whether it is written in one line or as a stanza: "URI|FILE:NUMBER".
debian_entry() {
    local codename

    codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    apt-get --no-release-info indextargets \
        --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SOURCESENTRY)' \
        'Created-By: Packages' |
        awk -F'|' -v codename="$codename" '
            $2 == "main" && ($1 == codename || $1 ~ /^(stable|oldstable|testing)$/) {
                print $3 "|" $4; exit }'
}

# The Signed-By of that entry, as one deb822 field; nothing when it has none.
signed_by() { # FILE NUMBER
    local key

    case $1 in
    *.sources)
        awk -v want="$2" '
            function is_field() { return $0 ~ /^[A-Za-z][A-Za-z-]*:/ }
            /^[ \t]*$/ { if (fields) { stanza++; fields = 0 }; next }
            /^#/ { next }
            is_field() { fields = 1; on = tolower($1) ~ /^signed-by:/ }
            stanza + 1 == want && on { print }' "$1" ;;
    *)
        key=$(sed -n "$2s/^[^[]*\[.*signed-by=\([^] ]*\).*/\1/p" "$1")
        [ -z "$key" ] || printf 'Signed-By: %s\n' "$key" ;;
    esac
}

# A private apt directory whose only entry is what Debian has of that type, "deb"
# or "deb-src", in these suites, from the mirror this machine already uses. The
# machine's own configuration is only read.
make_apt() { # DIRECTORY TYPE SUITE...
    local dir=$1 type=$2 entry uri where

    shift 2
    entry=$(debian_entry)
    [ -n "$entry" ] || die "found no Debian entry in this machine's apt sources"
    uri=${entry%%|*}
    where=${entry#*|}
    mkdir -p "$dir"/{parts,sources,state/lists/partial,cache/archives/partial}
    {
        printf 'Types: %s\nURIs: %s\n' "$type" "$uri"
        printf 'Suites: %s\nComponents: main\n' "$*"
        signed_by "${where%:*}" "${where##*:}"
    } > "$dir/sources/debian.sources"
    {
        # The proxy and the like stay; hooks that tidy the real cache do not.
        apt-config dump | grep '^Acquire::' || true
        printf 'Dir::Etc::%s "%s";\n' main /dev/null parts "$dir/parts" \
            sourcelist /dev/null sourceparts "$dir/sources"
        printf 'Dir::State "%s";\nDir::Cache "%s";\n' "$dir/state" "$dir/cache"
        printf 'Dir::State::status "/var/lib/dpkg/status";\n'
        printf 'APT::Sandbox::User "%s";\n' "$(id -un)"
        printf 'Acquire::Languages "none";\n'
    } > "$dir/apt.conf"
}
