#!/bin/sh
# Writes .env for docker-compose.yml, with random passwords, from .env.example. An existing .env stays as it is.
set -eu
umask 077
cd "$(dirname "$0")/.."

# Upper and lower case letters, digits and a special character, as OpenSearch requires; safe in a URL.
password() {
    printf 'aA1-%s' "$(LC_ALL=C tr -dc 'A-Za-z0-9' < /dev/urandom | head -c 28)"
}

fill() {
    while IFS= read -r line; do
        case $line in
        *_AUTH=) echo "${line}watch:$(password)" ;;
        *_PASSWORD= | *_KEY=) echo "$line$(password)" ;;
        *) echo "$line" ;;
        esac
    done
}

if [ -e .env ]; then
    echo ".env exists. Delete it to get new passwords; running services then need them as well." >&2
    exit 1
fi
fill < .env.example > .env
echo "Wrote .env, which only you can read. LOOKALIKE_API_KEY in it opens the search page."
