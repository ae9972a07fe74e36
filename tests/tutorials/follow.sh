#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Follows a tutorial to the letter: runs every line of its ```sh blocks, in order, in a directory that has the
# platforms; each must succeed. Only the API's port is another one, so that pages can be followed side by side.
page=$1
# shellcheck source=../scenarios/story.bash
source "$(dirname "$0")/../scenarios/story.bash"
mkdir "$machine/platforms"
cp -r "$PLATFORMS/." "$machine/platforms"

# A page that compiles something finds the installed package.
if grep -q find_package "$page"; then
  package_is_installed
  export CMAKE_PREFIX_PATH="$package" CXX CXXFLAGS="${FLAGS:-}"
fi

free_port() { sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' "$@"; }
free_port "$machine"/platforms/*/caisson.toml

# One command a record; the lines of a here-document belong to the command above them.
awk '/^```/ { inside = ($0 == "```sh"); next }
     !inside || (!ending && /^[ \t]*$/) { next }
     { printf "%s\n", $0 }
     !ending && /<<.END.$/ { ending = "END" }
     ending == "" || $0 == ending { ending = ""; printf "%c", 0 }' "$page" >"$machine/commands"
count=0

cd "$machine" || exit 99
while IFS= read -r -d '' command <&3; do
  say "${command%%$'\n'*}"
  # In this shell and not in a child: `cd` and `export` are steps of a tutorial too.
  eval "$command" >"$out" 2>"$err" </dev/null
  # shellcheck disable=SC2034  # exits() reads it
  status=$?
  cat "$out"
  exits 0
  count=$((count + 1))
  case $command in "caisson init "*) free_port "$machine/$(echo "${command##* }")/caisson.toml" ;; esac
done 3<"$machine/commands"
[ "$count" -gt 0 ] || die "$page has commands"
say "$count commands, and every one worked"
