#!/bin/sh
# Rejects weak passwords. Each argument names a variable with a password or user:password.
set -eu

refuse() {
    echo "LOOKALIKE_$1 $2. Set another one in .env; sh deploy/new-env.sh makes good ones." >&2
    exit 1
}

for name in "$@"; do
    eval "password=\${$name-}"
    case $name in
    *_AUTH)
        case $password in *:*) ;; *) refuse "$name" "is not user:password" ;; esac
        password=${password#*:} ;;
    esac
    case $(printf %s "$password" | tr '[:upper:]' '[:lower:]') in
    *password* | *passwort* | *changeme* | *change-me* | *secret* | *example* | *lookalike* | *admin* | *qwert* | *12345*)
        refuse "$name" "contains a common word" ;;
    esac
    [ ${#password} -ge 12 ] || refuse "$name" "is shorter than 12 characters"
    case $password in
    *[!A-Za-z0-9._~+-]*) refuse "$name" "contains characters other than letters, digits and . _ ~ + -" ;;
    esac
    case $name in
    OPENSEARCH_*)
        for needed in '[A-Z]' '[a-z]' '[0-9]' '[._~+-]'; do
            printf %s "$password" | LC_ALL=C grep -q "$needed" ||
                refuse "$name" "lacks an upper case letter, a lower case letter, a digit or one of . _ ~ + -"
        done ;;
    esac
    different=$(printf %s "$password" | fold -w 1 | sort -u | wc -l)
    [ "$different" -ge 6 ] || refuse "$name" "has too few different characters"
done
