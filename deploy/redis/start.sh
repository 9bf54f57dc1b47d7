#!/bin/sh
# Starts Redis with the users of users.acl: start.sh TEMPLATE FILLED REDIS-OPTIONS...
# WORKER_PASSWORD, PRODUCER_PASSWORD, QUERY_PASSWORD and FLOWER_PASSWORD hold their passwords.
set -eu
umask 077

template=$1
filled=$2
shift 2

# Every user of the machine can read command lines, so the hashes go through standard input.
for user in WORKER PRODUCER QUERY FLOWER; do
    eval "password=\$${user}_PASSWORD"
    echo "s/${user}_PASSWORD_SHA256/$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)/"
done | sed -f /dev/stdin "$template" > "$filled"

exec redis-server --aclfile "$filled" "$@"
