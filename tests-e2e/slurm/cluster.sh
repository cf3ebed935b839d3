# What start-slurm and stop-slurm agree on: where the cluster lives, which of its daemons are alive, one at a time.
# Sourced by both.
# shellcheck shell=bash
set -euo pipefail
umask 022

STATE=${SLURM_HOME:-/tmp/furu-slurm}
CONF=$STATE/etc/slurm.conf
PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF=$CONF

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    say "$*"
    exit 1
}

[ "$(id -u)" = 0 ] || die "the daemons of a cluster need root"
[[ $STATE =~ ^/[A-Za-z0-9._/-]+$ ]] || die "SLURM_HOME is to be an absolute path of plain characters, not '$STATE'"

# one_at_a_time: hold the lock of this cluster until the script ends.  Daemons are started with 9>&-, or they would hold it.
one_at_a_time() {
    exec 9>"${STATE%/}.lock"
    flock --wait 120 9 || die "another start or stop holds ${STATE%/}.lock"
}

# ours: was the directory made by start-slurm?  No other one is ever used, stopped or removed.
ours() { [ -e "$STATE/.furu-slurm" ]; }

# pid_of NAME PROGRAM: print the process that NAME's pid file means, if it lives and runs that program.
pid_of() {
    local pid
    pid=$(cat "$STATE/run/$1.pid" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || return 1
    ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null || return 1
    echo "$pid"
}

# within SECONDS COMMAND...: try the command until it succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.05
    done
}
