# SPDX-License-Identifier: Apache-2.0
# The API's port is held by another process: it is named, the servers stay, and a free port lets the same command finish.
source "$(dirname "$0")/story.bash"
takes_platform lumina

say "somebody listens already"
cp -r "$machine/lumina" "$machine/other"
(cd "$machine/other" && sed -i 's/^name *= *"lumina"/name = "other"/' caisson.toml && caisson up) >/dev/null 2>&1
port=$(sed -nE 's/.*"address": ?"http:[^"]*:([0-9]+)".*/\1/p' "$machine"/state/other-*/daemon.json)
[ -n "$port" ] || die "the other platform has a port"
sed -i -E "/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\1$port/" caisson.toml
run caisson up
exits 5
says "$port"
says "caisson (process"
run caisson doctor
exits 7
says "port_taken"

say "another port, and the same command finishes; both platforms run side by side"
sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' caisson.toml
run caisson up
exits 0
run curl -fsS "http://127.0.0.1:$port/health"
exits 0
