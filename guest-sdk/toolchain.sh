#!/bin/sh
# Makes the target wasm32-wasip2 buildable, and says what `cargo build` needs for it.
#
# Run it in the folder of the plugin project: the toolchain that is active there is the one that counts.
# Three ways, the first that works. What an earlier run unpacked for c is used before rustup is asked again: where there is no
# network that answer takes long, and it is sought for every build.
#   a. the target is installed already;
#   b. `rustup target add wasm32-wasip2`;
#   c. Debian's packages of rustc and wasi-libc, unpacked into a cache folder. Nothing is installed, no root needed:
#      rustup's cargo drives Debian's rustc, which builds the standard library from source once per target folder.
#
# stdout is for machines, one setting a line, to be added to `cargo build --release --target wasm32-wasip2`:
#   env NAME=VALUE   a variable of cargo's environment (VALUE is the rest of the line)
#   arg ARGUMENT     an argument of cargo, after `build`
# stderr is for people. Exit status 1: no way works, and the last line of stderr says what is missing.
#
# FLOWHOST_TOOLCHAIN=auto|rustup|debian   which ways may be used (default auto: all; rustup: a, b; debian: c)
# FLOWHOST_TOOLCHAIN_DIR                  where way c keeps its files (default: flowhost/ in the user's cache folder)
# FLOWHOST_TOOLCHAIN_STACK_BYTES          the size of the plugin's stack (default 65536)
# FLOWHOST_TOOLCHAIN_LINES=1              with debug information, for whoever takes it out again: `flowhost plugin build` makes a small
#                                         table of lines of it
set -eu
umask 022

target=wasm32-wasip2
# Part of the cache folder's name: raise it when the contents change.
layout=1
# Enough for 40 MB over a slow line; a connection that leads nowhere must not hold a build for longer.
rustup_seconds=180
# A usual plugin needs 4 KiB, its JSON included; the default leaves room for 16 times that. See the SDK's README, "Size".
# Rust's default of 1 MiB would be 16 more pages that the host has to clear after every call.
stack_bytes=${FLOWHOST_TOOLCHAIN_STACK_BYTES:-65536}

say() { printf '%s\n' "$*" >&2; }
setting() { printf '%s %s\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Prints the flags of every build as cargo's CARGO_ENCODED_RUSTFLAGS: it wins over RUSTFLAGS and configuration files, so all
# builds link alike, and allows spaces in paths. The folder of the crates is shortened so that panics do not show it.
rustflags() {
    crates=${CARGO_HOME:-${HOME:-}/.cargo}/registry/src
    separator=$(printf '\037')
    flags="-Clink-arg=-zstack-size=$stack_bytes${separator}--remap-path-prefix=$crates=crates"
    if [ -n "${FLOWHOST_TOOLCHAIN_LINES:-}" ]; then
        setting env "CARGO_PROFILE_RELEASE_DEBUG=line-tables-only"
        setting env "CARGO_PROFILE_RELEASE_STRIP=none"
    else
        # The linker leaves five bytes for each address, though most need two: this takes a tenth of the code away. It cannot with
        # debug information, of which a host has no use.
        flags=$flags$separator-Clink-arg=--strip-debug$separator-Clink-arg=--compress-relocations
    fi
    for flag in "$@"; do flags=$flags$separator$flag; done
    setting env "CARGO_ENCODED_RUSTFLAGS=$flags"
}

# ---- a and b: rustup ----

has_target() {
    [ -n "$sysroot" ] && [ -n "$(find "$sysroot/lib/rustlib/$target/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]
}

# Sets `why` when it fails.
add_target_with_rustup() {
    have rustup || { why="rustup is not installed"; return 1; }
    say "toolchain: asking rustup for $target"
    limit=
    if have timeout; then limit="timeout $rustup_seconds"; fi
    status=0
    # shellcheck disable=SC2086  # `limit` is empty or two words
    output=$(RUSTUP_MAX_RETRIES=1 $limit rustup target add "$target" 2>&1 </dev/null) || status=$?
    if [ "$status" -eq 0 ] && has_target; then return 0; fi
    why=$(printf '%s\n' "$output" | grep -v '^info:' | grep -m1 . || true)
    if [ "$status" -eq 124 ]; then why="no answer in $rustup_seconds s"; fi
    why="rustup cannot fetch the target here: ${why:-it gave no reason}"
    return 1
}

# ---- c: Debian's packages ----

# The first folder of the list that can be made, is ours and is writable.
cache_folder() {
    if [ -n "${FLOWHOST_TOOLCHAIN_DIR:-}" ]; then
        own_folder "$FLOWHOST_TOOLCHAIN_DIR"
        return
    fi
    own_folder "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/flowhost" ||
        own_folder "${TMPDIR:-/tmp}/flowhost-toolchain-$(id -u)"
}

own_folder() {
    case $1 in /*) ;; *) return 1 ;; esac
    # shellcheck disable=SC3067  # every sh that Debian has knows -O: owned by us
    mkdir -p "$1" 2>/dev/null && [ -O "$1" ] && [ -w "$1" ] && printf '%s\n' "$1"
}

# The first source of the machine whose URI ends with `/$1`, else $2.
mirror() {
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -e 's/#.*//' | tr ' \t' '\n' | grep -E "^https?://[^ ]*/$1/?\$" | head -n 1 || true)
    printf '%s\n' "${found:-$2}"
}

# apt $1 (area) with lists and cache of its own: neither the system's state nor its sources take part.
apt_in() {
    area=$work/$1
    command=$2
    shift 2
    (
        cd "$area/packages"
        user=
        # As root apt would download as _apt, who may not write here.
        if [ "$(id -u)" -eq 0 ]; then user="-oAPT::Sandbox::User=root"; fi
        # shellcheck disable=SC2086  # `user` is empty or one word
        LC_ALL=C "$command" -q $user \
            -o Dir::Etc::SourceList="$area/sources.list" -o Dir::Etc::SourceParts=/dev/null \
            -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
            -o Dir::State="$area/state" -o Dir::State::Lists="$area/lists" -o Dir::State::status="$area/status" \
            -o Dir::Cache="$area/cache" -o Dir::Log="$area/state" \
            -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
            -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" </dev/null
    )
}

# Makes area $1 from the sources on stdin and fetches their lists.
open_area() {
    mkdir -p "$work/$1/packages" "$work/$1/state" "$work/$1/lists/partial" "$work/$1/cache/archives/partial"
    : >"$work/$1/status"
    options=
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -r "$keyring" ]; then options="[signed-by=$keyring] "; fi
    sed -e "s|^|deb $options|" >"$work/$1/sources.list"
    apt_in "$1" apt-get update >>"$work/log" 2>&1
}

# The package that $2 depends on and whose name matches $3, in area $1.
dependency() {
    apt_in "$1" apt-cache depends "$2" 2>>"$work/log" | sed -n "s/^ *Depends: \($3\)\$/\1/p" | head -n 1
}

# Downloads packages from area $1 and unpacks them into $work/root.
unpack() {
    from=$1
    shift
    apt_in "$from" apt-get download "$@" >>"$work/log" 2>&1 || return 1
    for package in "$work/$from/packages"/*.deb; do
        dpkg -x "$package" "$work/root" || return 1
        rm "$package"
    done
}

# Fills $work/root. Returns 1 when a package is not to be had.
fetch_packages() {
    debian=$(mirror debian http://deb.debian.org/debian)
    security=$(mirror debian-security http://deb.debian.org/debian-security)
    printf '%s\n' "$debian $suite main" "$debian $suite-updates main" "$security $suite-security main" |
        open_area rust || return 1
    # 12's wasi-libc is too old for wasm32-wasip2.
    printf '%s\n' "$debian trixie main" | open_area wasi || return 1

    std=$(dependency rust libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
    llvm=$(dependency rust "${std:-none}" 'libllvm[0-9]*')
    if [ -z "$std" ] || [ -z "$llvm" ]; then return 1; fi
    # The last three are LLVM's own needs, which a small machine may lack.
    unpack rust rustc-web libstd-rust-web-dev "$std" rust-web-src "$llvm" libz3-4 libedit2 libbsd0 || return 1
    unpack wasi wasi-libc || return 1
    rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/man"
}

# Debian's folder of libraries, named after the architecture.
library_folder() {
    find "$1/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -n 1
}

works() {
    [ -d "$1/usr/lib/$target" ] && LD_LIBRARY_PATH=$(library_folder "$1") "$1/usr/bin/rustc" -vV >/dev/null 2>&1
}

# Sets `packages` to the folder that holds the unpacked packages, or shall hold them; or `why` when it fails.
name_packages() {
    # shellcheck disable=SC1091  # not part of this project
    suite=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") || suite=
    # On other systems 12's packages: they ask for the least.
    case $suite in bookworm | trixie) ;; *) suite=bookworm ;; esac

    cache=$(cache_folder) || { why="no folder to unpack them in: set FLOWHOST_TOOLCHAIN_DIR to one that you own"; return 1; }
    packages=$cache/wasm-toolchain-$layout-$suite
}

# Fills the folder `packages`, or sets `why` when it fails. The folder gets its name in one step when it is whole, so that it
# exists means that it is complete.
get_packages() {
    if [ -d "$packages" ]; then return 0; fi
    for program in apt-get apt-cache dpkg flock; do
        have "$program" || { why="$program is missing (Debian 12 or 13 is needed)"; return 1; }
    done

    # Two runs at once: the second waits and finds the work done. The kernel drops the lock of a run that was killed.
    exec 9>"$packages.lock"
    flock 9
    if [ -d "$packages" ]; then return 0; fi
    rm -rf "$packages".part.*
    work=$packages.part.$$
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$work/root"
    say "toolchain: fetching Debian's rustc, its source and wasi-libc into $packages (150 MB, once)"
    if ! fetch_packages; then
        why="Debian's packages cannot be fetched: $(grep -E '^(E|Err|W):' "$work/log" | tail -n 1 || true)"
        return 1
    fi
    works "$work/root" || { why="Debian's rustc does not run on this system"; return 1; }
    mv -T "$work/root" "$packages"
    exec 9>&-
}

# Prints the settings that make cargo use the packages.
use_packages() {
    programs=$(find "$sysroot/lib/rustlib" -maxdepth 3 -name wasm-component-ld 2>/dev/null | head -n 1)
    programs=${programs%/wasm-component-ld}
    if [ ! -x "$programs/wasm-component-ld" ]; then
        why="the active toolchain has no wasm-component-ld (Rust 1.82 or later from rustup has)"
        return 1
    fi
    name_packages && get_packages || return 1
    setting env "RUSTC=$packages/usr/bin/rustc"
    # For -Zbuild-std, cargo's and rustc's unstable way to build the standard library.
    setting env "RUSTC_BOOTSTRAP=1"
    setting env "LD_LIBRARY_PATH=$(library_folder "$packages")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    setting env "PATH=$programs/gcc-ld:$PATH"
    setting env "CARGO_TARGET_WASM32_WASIP2_LINKER=$programs/wasm-component-ld"
    rustflags -Clink-self-contained=no "-Lnative=$packages/usr/lib/$target" "--remap-path-prefix=$packages=rust"
    setting arg -Zbuild-std=std,panic_abort
}

# ---- which way ----

ways=${FLOWHOST_TOOLCHAIN:-auto}
case $ways in
auto | rustup | debian) ;;
*)
    say "toolchain: FLOWHOST_TOOLCHAIN is \"$ways\", but must be auto, rustup or debian"
    exit 1
    ;;
esac
if ! have cargo || ! have "${RUSTC:-rustc}"; then
    say "toolchain: cargo and rustc are not on the PATH: install Rust with rustup (https://rustup.rs)"
    exit 1
fi
sysroot=$("${RUSTC:-rustc}" --print sysroot 2>/dev/null) || sysroot=

why=
if [ "$ways" = auto ] && ! has_target && name_packages && [ -d "$packages" ] && use_packages; then exit 0; fi
why=
if [ "$ways" != debian ]; then
    if has_target || add_target_with_rustup; then
        rustflags
        exit 0
    fi
    reason=$why
fi
if [ "$ways" != rustup ]; then
    if [ -n "$why" ]; then say "toolchain: $why; so Debian's packages are used"; fi
    if use_packages; then exit 0; fi
    reason="${reason:+$reason; and }$why"
fi
say "toolchain: the target $target is missing: $reason. To get it, run \`rustup target add $target\` where there is a network"
exit 1
