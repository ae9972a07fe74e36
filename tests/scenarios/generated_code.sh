# SPDX-License-Identifier: Apache-2.0
# Code that is generated for a platform compiles without a warning and does what it says (KYB-6): for all platforms the
# former, for KYB also the latter, against a server of its own, by a stranger's project that uses the installed package.
source "$(dirname "$0")/story.bash"
project="$(realpath "$(dirname "$0")")/generated_code"
package_is_installed

say "every platform's code compiles without a warning"
for name in kyb grc boardofone pendscan lumina; do
  cp -r "$PLATFORMS/$name" "$machine/$name"
  cd "$machine/$name" || exit 99
  run caisson generate
  exits 0
  run caisson generate --check
  exits 0
  says "all as it should be"
  for source in generated/*.cc; do
    start=$(date +%s%N)
    run "$CXX" -std=c++20 -O0 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
      -I "$package/include" -I "$package/include/caisson" -c "$source" -o "$machine/object.o"
    exits 0
    echo "$name/$source: $((($(date +%s%N) - start) / 1000000)) ms"
  done
done

say "a stale file is noticed"
cd "$machine/kyb" || exit 99
echo "-- name: more :one
SELECT 1;" >queries/more.sql
run caisson generate --check
exits 7
says "kyb.h: is not what would be written"
run caisson generate --dry-run
exits 0
says "would be written"
rm queries/more.sql
run caisson generate --check
exits 0

say "a program of a stranger stores and reads with KYB's repositories"
sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' caisson.toml
run caisson up
exits 0
cp -r "$project" "$machine/project"
cp -r generated "$machine/project/generated"
run cmake -G "$GENERATOR" -S "$machine/project" -B "$machine/project/build" "-DCMAKE_CXX_COMPILER=$CXX" \
  "-DCMAKE_CXX_FLAGS=$FLAGS" "-DCMAKE_PREFIX_PATH=$package"
exits 0
run cmake --build "$machine/project/build"
exits 0
run "$machine/project/build/kyb_crud" "$machine/kyb"
exits 0
says "promises, and every one kept"
run caisson verify
exits 0
